"""The child process, seen from outside."""

import os
import time
from pathlib import Path

import pytest

from refcheck import isolation
from refcheck.isolation import THREADS, Child, told
from refcheck.settings import Settings
from refcheck.wire import Request

ROOT = Path(__file__).parents[1]
ENDINGS = {
    0: "ended by itself, exit code 0 (sys.exit?)",
    7: "ended by itself, exit code 7 (sys.exit?)",
    -11: "was killed by SIGSEGV",
    -9: "was killed by SIGKILL (out of memory?)",
}


@pytest.mark.parametrize(("code", "says"), ENDINGS.items())
def test_a_return_code_is_told_in_words(code: int, says: str) -> None:
    assert told(code) == f"the process {says}"


def test_a_target_that_closes_the_pipe_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    settings = Settings(profile="quick", select=("outputs-agree",))
    request = Request("tests.targets.deadly:closes_everything", {}, settings)

    with Child(request, os.environ) as child:
        deadline = time.monotonic() + 60
        while not child.ended and time.monotonic() < deadline:
            list(child.messages(1.0))
        ended = child.ended

    assert ended == "the process ended by itself, exit code 1 (sys.exit?)"


def test_a_child_that_does_not_exit_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolation, "LEAVE_SECONDS", 0.01)
    with Child(Request("m:C", {}, Settings()), os.environ) as child:
        child.leave()

        assert child.ended == ""


def test_numeric_libraries_get_one_thread_unless_the_user_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    target = tmp_path / "curious.py"
    target.write_text(
        "import os, pathlib\n"
        f"seen = [os.environ[name] for name in {THREADS!r}]\n"
        f"pathlib.Path({str(seen)!r}).write_text(' '.join(seen))\n"
    )
    monkeypatch.chdir(tmp_path)
    environ = {n: v for n, v in os.environ.items() if n not in THREADS}
    request = Request("curious:missing", {}, Settings())

    with Child(request, environ | {"OMP_NUM_THREADS": "3"}) as child:
        while not child.ended:
            list(child.messages(60.0))

    assert seen.read_text() == "3 1 1 1 1"


def test_a_module_beside_the_target_does_not_stand_in_for_pythons_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)

    with Child(Request("missing:C", {}, Settings()), os.environ) as child:
        while not child.ended:
            list(child.messages(60.0))
        ended = child.ended

    assert "exit code 0" in ended
