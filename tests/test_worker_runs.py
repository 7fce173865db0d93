"""Whole runs of the command with a worker: crashes, hangs, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refcheck.case import case_of
from refcheck.outcome import Outcome, Report, Status
from refcheck.record import Record
from refcheck.settings import Settings
from refcheck.store import find
from refcheck.supervisor import supervise
from refcheck.wire import Request
from tests.targets.fake_worker import __file__ as fake

TWO = ("outputs-agree", "shapes-are-as-declared")
REFCHECK = [sys.executable, "-m", "refcheck"]
ENDS_SECONDS = 20.0


def command(name: str, *further: str) -> str:
    return " ".join(["cmd:", sys.executable, "-S", str(fake), name, *further])


def run(name: str, *, call_timeout: float = 30.0) -> dict[str, Outcome]:
    settings = Settings(profile="quick", seed=1, select=TWO)
    record = Record(Request(command(name), {}, settings), "0.1")
    supervise(
        record,
        call_timeout=call_timeout,
        environ=os.environ,
        tell=lambda _: None,
        jobs=2,
    )
    report: Report = record.report()
    return {outcome.law: outcome for outcome in report.outcomes}


@pytest.mark.parametrize(
    ("name", "says"),
    [("segfault", "the worker was killed by SIGSEGV in forward"), ("garbage", "JSON")],
)
def test_each_law_has_its_loss_with_its_case(name: str, says: str) -> None:
    found = run(name)

    assert found.keys() == set(TWO)
    for outcome in found.values():
        assert outcome.status is Status.CRASHED
        assert says in outcome.reason
        assert case_of(outcome.case or {}).document()


def test_a_hang_is_a_time_out_with_its_case() -> None:
    found = run("silence", call_timeout=0.3)

    for outcome in found.values():
        assert outcome.status is Status.TIMED_OUT
        assert case_of(outcome.case or {}).document()


def started(name: str, folder: Path, marker: str) -> subprocess.Popen[bytes]:
    """Start a check whose worker has ``marker`` among its arguments; wait for it."""
    process = subprocess.Popen(
        [*REFCHECK, "check", command(name, marker), "-j", "2", "--call-timeout", "10m"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: workers(marker) == 2)
    except AssertionError:
        process.kill()
        process.wait()
        raise
    time.sleep(0.5)  # into the call that does not return
    return process


def workers(marker: str) -> int:
    asked = ["/bin/ps", "-ww", "-eo", "args"]
    told = subprocess.run(asked, capture_output=True, check=True, text=True).stdout
    return sum(
        marker in line
        and "fake_worker" in line
        and "refcheck" not in line.split("-S")[0]
        for line in told.splitlines()
    )


def wait_for(what) -> None:
    deadline = time.monotonic() + 30
    while not what() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert what()


@pytest.mark.parametrize(
    "how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name
)
def test_no_worker_is_left_behind_however_refcheck_ends(how, tmp_path) -> None:
    marker = f"marked-{os.getpid()}-{how.name}"
    process = started("silence", tmp_path, marker)

    process.send_signal(how)
    process.wait(ENDS_SECONDS)

    wait_for(lambda: workers(marker) == 0)


def test_a_stored_crash_of_a_worker_is_replayed(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    check = [*REFCHECK, "check", command("segfault"), "--select", TWO[0]]

    first = subprocess.run(
        [*check, "--profile", "quick"], capture_output=True, check=False, text=True
    )
    (stored,) = (tmp_path / ".refcheck" / "cases").iterdir()
    again = subprocess.run(
        [*REFCHECK, "replay", stored.stem], capture_output=True, check=False, text=True
    )

    assert (first.returncode, again.returncode) == (1, 1)
    assert "SIGSEGV" in first.stdout
    assert "STILL FAILS" in again.stdout
    assert find(stored.stem).status == "crashed"


def test_a_harness_that_fails_is_exit_code_3_and_one_sentence(tmp_path) -> None:
    found = subprocess.run(
        [*REFCHECK, "check", command("another-protocol")],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )

    assert found.returncode == 3
    assert found.stdout == ""
    assert found.stderr.strip().endswith(
        "speaks version 2 of the protocol, expected 1."
    )
    assert len(found.stderr.strip().splitlines()) == 1
