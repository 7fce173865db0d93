"""A run from its request to its report."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from refcheck import isolation
from refcheck.execution import EXPOSED, carried_out
from refcheck.outcome import Status
from refcheck.settings import Settings
from refcheck.wire import Request

ROOT = Path(__file__).parents[1]
QUICK = ("--profile", "quick", "--select", "outputs-agree", "--seed", "1")


def started(target: str, **streams: int) -> subprocess.Popen[str]:
    """Start ``refcheck check`` on one of the deadly targets."""
    named = f"tests.targets.deadly:{target}"
    asked = [sys.executable, "-m", "refcheck", "check", named, *QUICK]
    return subprocess.Popen(asked, cwd=ROOT, text=True, **streams)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_tells_what_it_found_and_never_conforms(
    sent: signal.Signals,
) -> None:
    process = started("says_and_waits", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    begun = process.stderr.readline()

    process.send_signal(sent)
    report, _ = process.communicate()

    assert begun == "in the call\n"
    assert process.returncode == 4
    assert "the run was cut short: interrupted" in report
    assert "INCONCLUSIVE" in report


def test_a_terminal_gets_a_line_of_progress_and_a_pipe_gets_none() -> None:
    ours, theirs = pty.openpty()
    process = started("slow", stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    drawn = _all(ours)
    report, _ = process.communicate()

    quiet = started("fine", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, told = quiet.communicate()

    assert "loading tests.targets.deadly:slow" in drawn
    assert "0 of 1 laws" in drawn
    assert "laws   0 s" not in report
    assert told == ""


def test_without_isolation_the_run_is_in_this_process_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolation, "POSSIBLE", False)
    settings = Settings(profile="quick", select=("outputs-agree",), seed=1)
    request = Request("tests.targets.deadly:fine", {}, settings)

    report = carried_out(request, call_timeout=10.0, environ={})

    assert [o.status for o in report.outcomes] == [Status.HELD]
    assert EXPOSED in report.notes


def _all(terminal: int) -> str:
    """Read a terminal until nobody writes to it any more."""
    pieces = []
    try:
        while piece := os.read(terminal, 4096):
            pieces.append(piece)
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    return b"".join(pieces).decode()
