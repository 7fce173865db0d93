"""``pytest --refcheck TARGET``, run as a project would run it."""

import pytest

from refcheck import isolation
from refcheck.outcome import Outcome, Status
from refcheck.pytest_laws import Broken, _tell
from refcheck.settings import Settings
from refcheck.wire import Request

HEAVY = {"numpy", "scipy", "hypothesis", "torch"}
CELLS = """
import os
import signal
import warnings

import numpy as np


def parameters(input_size, hidden_size):
    shapes = {
        "weight_ih": (hidden_size, input_size),
        "weight_hh": (hidden_size, hidden_size),
        "bias_ih": (hidden_size,),
        "bias_hh": (hidden_size,),
    }
    return {name: np.zeros(shape) for name, shape in shapes.items()}


def right(params, x, h):
    a = x @ params["weight_ih"].T + params["bias_ih"]
    h = np.tanh(a + h @ params["weight_hh"].T + params["bias_hh"])
    return h, h


def warning(params, x, h):
    warnings.warn("a word of the cell's own", DeprecationWarning)
    return right(params, x, h)


def wrong(params, x, h):
    a = x @ params["weight_ih"].T + params["bias_ih"]
    h = np.tanh(a + h @ params["weight_hh"] + params["bias_hh"])
    return h, h


calls = 0


def deadly(params, x, h):
    global calls
    calls += 1
    if calls > 30:
        os.kill(os.getpid(), signal.SIGKILL)
    return right(params, x, h)
"""
DECLARED = ("--refcheck-like=rnn-tanh", "--refcheck-params=parameters")
QUICK = ("--refcheck-profile=quick", *DECLARED)
REQUEST = Request("cells.py:right", {}, Settings())


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a folder with cells and without any test."""
    pytester.makepyfile(cells=CELLS)
    return pytester


def run(project: pytest.Pytester, *words: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*QUICK, *words)


def ended(status: Status, family: str = "order") -> Outcome:
    return Outcome("some-law", family, status, "a = b", "the reason")


def test_every_law_is_an_item_where_no_test_file_exists(
    project: pytest.Pytester,
) -> None:
    result = run(project, "--refcheck=cells.py:right", "--collect-only", "-q")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["refcheck::outputs-agree", "* tests collected in *"])


def test_laws_are_held_or_skipped_with_the_reason(project: pytest.Pytester) -> None:
    words = ("-k", "outputs-agree or gradients-agree", "-rs", "-v")

    result = run(project, "--refcheck=cells.py:right", *words)

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["refcheck::outputs-agree PASSED*", "SKIPPED*gradients-agree: *: backward"]
    )


def test_a_violation_fails_with_the_text_of_the_report(
    project: pytest.Pytester,
) -> None:
    result = run(project, "--refcheck=cells.py:wrong", "-k", "outputs-agree")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*cells.py:wrong: outputs-agree*", "*rounding explains*", "*refcheck replay *"]
    )
    assert "Traceback" not in result.stdout.str()
    assert list(project.path.glob(".refcheck/cases/*.json"))


def test_a_cell_of_which_nothing_is_declared_is_probed(
    project: pytest.Pytester,
) -> None:
    words = ("--refcheck-params=parameters", "-k", "outputs-agree")

    result = project.runpytest_subprocess(
        "--refcheck=cells.py:right", "--refcheck-profile=quick", *words
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("isolated", [(), ("--refcheck-isolate",)], ids=["", "apart"])
def test_what_contradicts_the_names_of_parameters_is_no_pass(
    project: pytest.Pytester, isolated: tuple[str, ...]
) -> None:
    words = ("--refcheck-params=parameters", "-k", "outputs-agree", *isolated)

    result = project.runpytest_subprocess(
        "--refcheck=cells.py:wrong", "--refcheck-profile=quick", *words
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*by the names of its parameters*"])


def test_tests_of_the_project_run_beside_the_laws(project: pytest.Pytester) -> None:
    project.makepyfile(test_own="def test_own():\n    pass")
    words = ("-k", "test_own or outputs-agree", "-n", "1")

    result = run(project, "--refcheck=cells.py:right", *words)

    result.assert_outcomes(passed=2)


def test_the_projects_warning_filters_do_not_decide(project: pytest.Pytester) -> None:
    words = ("-k", "outputs-agree", "-W", "error")

    result = run(project, "--refcheck=cells.py:warning", *words)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--refcheck=gone.py:Cell"], "*gone.py*"),
        (["--refcheck=cells.py:right", "--refcheck-like=lsmt"], "*'lsmt' is no kind*"),
        (["--refcheck=cells.py:right", "--refcheck-set=x"], "*no name and value*"),
    ],
    ids=["target", "kind", "option"],
)
def test_a_mistake_is_one_sentence(
    project: pytest.Pytester, words: list[str], said: str
) -> None:
    result = project.runpytest_inprocess(*QUICK, *words)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([said])
    assert "Traceback" not in result.stdout.str()


def test_an_isolated_target_may_kill_its_process(project: pytest.Pytester) -> None:
    words = ("--refcheck-isolate", "-k", "outputs-agree or final-state-agrees")

    result = run(project, "--refcheck=cells.py:deadly", *words)

    assert result.parseoutcomes()["failed"] >= 1
    result.stdout.fnmatch_lines(["*SIGKILL*"])


def test_isolation_that_the_system_lacks_is_refused(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "POSSIBLE", False)
    words = ("--refcheck=cells.py:right", "--refcheck-isolate")

    result = project.runpytest_inprocess(*words)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["--refcheck-isolate needs Linux or macOS*"])


def test_an_isolated_target_that_cannot_be_loaded_fails_every_item(
    project: pytest.Pytester,
) -> None:
    words = ("--refcheck-isolate", "-k", "outputs-agree or final-state-agrees")

    result = run(project, "--refcheck=gone.py:Cell", *words)

    result.assert_outcomes(failed=2)


def test_a_project_that_names_no_target_notices_nothing(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_light():\n"
        f"    assert not {HEAVY!r} & set(sys.modules)\n"
        "    assert 'refcheck.pytest_plugin' in sys.modules\n"
        "    assert 'refcheck.pytest_laws' not in sys.modules\n"
    )

    others = ("-p", "no:hypothesispytest", "-p", "no:jaxtyping")  # they import NumPy
    words = ("-W", "error", *others)
    result = pytester.runpytest_subprocess(*words)

    result.assert_outcomes(passed=1)


def test_options_stand_in_a_group_of_their_own(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--help")

    result.stdout.fnmatch_lines(["refcheck: laws of recurrent cells:", "*--refcheck=*"])


def test_a_law_that_is_held_says_nothing() -> None:
    _tell(ended(Status.HELD), REQUEST)


@pytest.mark.parametrize("status", [Status.SKIPPED, Status.INCONCLUSIVE])
def test_a_law_that_decides_nothing_is_skipped(status: Status) -> None:
    with pytest.raises(pytest.skip.Exception, match="some-law: the reason"):
        _tell(ended(status), REQUEST)


@pytest.mark.parametrize("status", [Status.NOTED, Status.EXPECTED])
def test_a_law_that_may_fail_is_an_expected_failure(status: Status) -> None:
    with pytest.raises(pytest.xfail.Exception, match=f"some-law is {status}"):
        _tell(ended(status), REQUEST)


@pytest.mark.parametrize("family", ["agreement", "gradients"])
def test_undecided_agreement_is_a_failure(family: str) -> None:
    with pytest.raises(Broken):
        _tell(ended(Status.INCONCLUSIVE, family), REQUEST)


BROKEN = [Status.VIOLATED, Status.CRASHED, Status.TIMED_OUT, Status.STALE]


@pytest.mark.parametrize("status", BROKEN)
def test_a_law_that_does_not_hold_is_a_failure(status: Status) -> None:
    with pytest.raises(Broken, match="some-law"):
        _tell(ended(status), REQUEST)
