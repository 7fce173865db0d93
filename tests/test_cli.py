"""The command line: what it prints, and its exit codes."""

import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from refcheck.bugs import BUGS
from refcheck.catalogue import laws
from refcheck.cli import main

ROOT = Path(__file__).parents[1]
QUICK = ("--profile", "quick", "--seed", "1", "--select", "agreement")
DEADLY = "tests.targets.deadly"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    """Return a function that runs the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["refcheck", *words])
        with pytest.raises(SystemExit) as left:
            main()
        printed, told = capfd.readouterr()
        return int(left.value.code or 0), printed, told

    return run


def test_a_violation_is_told_stored_replayed_and_explained(run: Run) -> None:
    code, printed, _ = run("check", f"{DEADLY}:off", *QUICK)

    (command,) = {line.strip() for line in printed.splitlines() if " replay " in line}
    name = command.split()[-1]
    assert code == 1
    assert "outputs-agree is violated" in printed
    assert Path(".refcheck/cases", f"{name}.json").is_file()
    assert run("explain", "outputs-agree")[0] == 0

    code, printed, _ = run("replay", name[:6])

    assert code == 1
    assert printed.splitlines()[-1].startswith("STILL FAILS")
    assert "smallest case" in printed


def test_a_case_that_holds_now_is_said_to(run: Run) -> None:
    run("check", f"{DEADLY}:off", *QUICK)
    (path,) = Path(".refcheck/cases").iterdir()
    path.write_text(path.read_text().replace("deadly:off", "deadly:fine"))

    code, printed, _ = run("replay", str(path))

    assert (code, printed) == (
        0,
        "HOLDS NOW   outputs-agree on the stored case   exit 0\n",
    )


def test_a_replay_that_is_interrupted_is_inconclusive(run: Run) -> None:
    run("check", f"{DEADLY}:off", *QUICK)
    (path,) = Path(".refcheck/cases").iterdir()
    path.write_text(path.read_text().replace("deadly:off", "deadly:says_and_waits"))
    process = subprocess.Popen(
        [sys.executable, "-m", "refcheck", "replay", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    begun = process.stderr.readline()

    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate()

    assert begun == "in the call\n"
    assert process.returncode == 4
    assert printed.startswith("INCONCLUSIVE   outputs-agree")


def test_a_selection_of_laws_is_told_beside_the_verdict(run: Run) -> None:
    code, printed, _ = run("check", f"{DEADLY}:fine", *QUICK)

    assert code == 0
    assert "only laws selected by" in printed


def test_the_machine_format_is_alone_on_standard_output(run: Run) -> None:
    words = ("--format", "json", "--report", "json=also.json")

    code, printed, told = run("check", f"{DEADLY}:prints", *QUICK, *words)

    found = json.loads(printed)
    assert found["exit_code"] == code
    assert found["target"] == f"{DEADLY}:prints"
    assert "hello from the target" in told
    assert Path("also.json").read_text() == printed


@pytest.mark.parametrize(("verbose", "told"), [((), 1), (("--verbose",), 2)])
def test_one_violation_is_told_in_full_or_all_of_them(
    verbose: tuple[str, ...], told: int, run: Run
) -> None:
    _, printed, _ = run("check", f"{DEADLY}:raises", *QUICK, *verbose)

    assert printed.count("\n    explain ") == told


MISTAKES = {
    "no target": (("check",), 2, "Missing argument 'TARGET'"),
    "no option": (("check", "a:b", "--bogus"), 2, "No such option"),
    "no time": (("check", "a:b", "--max-time", "soon"), 2, "--max-time is 'soon'"),
    "no reason": (("check", "a:b", "--exclude", "x"), 2, "one for each"),
    "no form": (("check", "nonsense"), 2, "nonsense"),
    "no kind": (("check", f"{DEADLY}:fine", "--like", "grus"), 2, "expected one of"),
    "no law": (("check", f"{DEADLY}:fine", "--select", "zzz"), 2, "selects no law"),
    "no module": (("check", "no_such_module:Cell"), 3, "no_such_module"),
    "no file": (("check", "no/such/file.py:Cell"), 3, "file.py"),
    "no name": (("check", f"{DEADLY}:Missing"), 3, "Missing"),
    "no case": (("replay", "abc"), 2, "no stored case"),
    "no page": (("explain", "outputs"), 2, "did you mean outputs-agree"),
}


@pytest.mark.parametrize(("words", "code", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_ends_in_a_sentence_and_its_exit_code(
    words: tuple[str, ...], code: int, says: str, run: Run
) -> None:
    found, printed, told = run(*words)

    assert found == code
    assert printed == ""
    assert says in told
    assert "Traceback" not in told


@pytest.mark.parametrize(("debug", "shown"), [((), False), (("--debug",), True)])
def test_a_fault_of_ours_ends_with_code_5_and_shows_its_traceback_on_request(
    debug: tuple[str, ...], shown: bool, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(Path.cwd()))

    code, printed, told = run("check", f"{DEADLY}:unfounded", *debug)

    assert (code, printed) == (5, "")
    assert "a fault in refcheck itself" in told
    assert ("Traceback" in told) == shown


def test_the_module_that_is_the_command_can_be_imported() -> None:
    import_module("refcheck.__main__")


def test_laws_lists_and_version_names_the_environment(run: Run) -> None:
    assert "outputs-agree" in run("laws")[1]
    assert {"numpy", "blas", "processor"} <= set(run("--version")[1].split())


@pytest.mark.parametrize("words", [("--help",), ("check", "--help"), ("-h",)])
def test_help_says_what_can_be_typed(words: tuple[str, ...], run: Run) -> None:
    code, printed, _ = run(*words)

    assert code == 0
    assert printed.startswith("Usage: refcheck")


def test_a_stream_that_cannot_be_told_how_to_write_is_left_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)

    run("laws")

    assert "outputs-agree" in stream.getvalue()


def test_a_sample_of_the_bank_is_caught_and_no_right_cell_failed(run: Run) -> None:
    code, printed, _ = run("selftest", "--quick", "--html", "matrix.html")

    families = len({bug.family for bug in BUGS})
    assert f"{families} of {families} faults caught, 0 of 4 right cells" in printed
    assert "a sample, one fault a family" in printed
    assert "input-and-forget-gate-swapped" in Path("matrix.html").read_text("utf-8")
    assert code == 0


def test_the_self_test_ends_in_1_for_a_fault_that_is_missed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = {"order-matters": laws()["order-matters"]}
    monkeypatch.setattr("refcheck.catalogue.laws", lambda: silent)

    words = ("--quick", "--select", "input-and-forget-gate-swapped", "--format", "json")
    code, printed, _ = run("selftest", *words)

    assert json.loads(printed)["tried"][0]["passed"] is False
    assert code == 1


def test_a_page_that_cannot_be_written_is_told_before_the_run(run: Run) -> None:
    code, _, told = run("selftest", "--html", "nowhere/matrix.html")

    assert "cannot be written to nowhere/matrix.html" in told
    assert code == 2


def test_a_probe_finds_what_a_cell_is_and_writes_it_where_check_reads_it(
    run: Run,
) -> None:
    target = "tests.probing.cells:kept"

    code, printed, _ = run("probe", target, "--write")

    assert code == 0
    assert " settings were tried; exactly one agrees within what" in printed
    assert f'[tool.refcheck.targets."{target}"]' in printed
    code, printed, _ = run("check", target, *QUICK)
    assert code == 0
    assert "kind rnn-tanh   profile quick" in printed


def test_a_probe_that_finds_nothing_to_rely_on_writes_nothing(
    run: Run, tmp_path: Path
) -> None:
    words = ("tests.probing.cells:said_to_repeat", "--write")

    code, printed, _ = run("probe", *words)

    assert code == 4
    assert "nothing was written to pyproject.toml" in printed
    assert not (tmp_path / "pyproject.toml").exists()


def test_a_probe_can_be_read_by_programs(run: Run) -> None:
    words = ("tests.probing.cells:kept", "--format", "json", "--write")

    code, printed, _ = run("probe", *words)

    assert Path("pyproject.toml").exists()
    document = json.loads(printed)
    assert (code, document["verdict"], document["kind"]) == (0, "found", "rnn-tanh")


def test_a_check_of_an_undeclared_cell_says_what_was_found(run: Run) -> None:
    code, printed, _ = run("check", "tests.probing.cells:kept", *QUICK)

    assert code == 0
    assert "kind rnn-tanh, probed" in printed
    assert "its kind was not declared but found: " in printed
