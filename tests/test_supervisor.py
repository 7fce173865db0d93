"""Real processes that die, hang, print and fork: every law ends in an outcome."""

import os
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from refcheck import supervisor
from refcheck.callfile import Call
from refcheck.case import case_of
from refcheck.errors import RefcheckError, TargetError
from refcheck.faults import OwnFault
from refcheck.isolation import Child
from refcheck.outcome import Outcome, Report, Status
from refcheck.record import Record
from refcheck.settings import Settings
from refcheck.supervisor import (
    LOAD_SECONDS,
    SILENT_SECONDS,
    Patience,
    _fatal,
    _rest,
    supervise,
)
from refcheck.wire import Asked, Found, Ready, Request

ROOT = Path(__file__).parents[1]
DEADLY = "tests.targets.deadly"
TWO = ("outputs-agree", "gradients-agree")
ENDINGS = {
    "segfaults": "killed by SIGSEGV",
    "aborts": "killed by SIGABRT",
    "is_killed": "killed by SIGKILL (out of memory?)",
    "exits_at_once": "ended by itself, exit code 0",
}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def run(target: str, *, call_timeout: float = 30.0, **settings: object) -> Report:
    """Run quickly, in child processes, and return the report."""
    chosen = {"profile": "quick", "seed": 1, "select": TWO} | settings
    record = Record(Request(target, {}, msgspec.convert(chosen, Settings)), "0.1")
    told: list[str] = []
    supervise(record, call_timeout=call_timeout, environ=os.environ, tell=told.append)
    assert told[0] == f"loading {target}"
    return record.report()


def by_law(report: Report) -> dict[str, Outcome]:
    return {outcome.law: outcome for outcome in report.outcomes}


def test_a_good_target_is_held_to_its_laws_in_one_process() -> None:
    found = run(f"{DEADLY}:fine")

    assert [o.status for o in found.outcomes] == [Status.HELD] * 2
    assert found.kind == "rnn-tanh"
    assert found.environment["numpy"]


@pytest.mark.parametrize("name", ENDINGS)
def test_a_process_that_dies_is_a_crash_of_its_law_with_the_case(name: str) -> None:
    found = by_law(run(f"{DEADLY}:{name}", select=TWO[:1]))

    crashed = found["outputs-agree"]
    assert crashed.status is Status.CRASHED
    assert ENDINGS[name] in crashed.reason
    assert case_of(crashed.case or {}).document()


def test_after_a_crash_the_laws_that_are_left_are_still_held() -> None:
    found = by_law(run(f"{DEADLY}:segfaults_backward"))

    assert found["outputs-agree"].status is Status.HELD
    assert found["gradients-agree"].status is Status.CRASHED


@pytest.mark.parametrize("name", ["spins", "waits"])
def test_a_call_that_does_not_return_is_a_time_out_of_its_law(name: str) -> None:
    found = by_law(run(f"{DEADLY}:{name}", call_timeout=0.5, select=TWO[:1]))

    late = found["outputs-agree"]
    assert late.status is Status.TIMED_OUT
    assert late.reason == "a call did not return within 1.5 s"
    assert case_of(late.case or {}).document()


@pytest.mark.parametrize("name", ["raises", "exits", "interrupts"])
def test_whatever_python_raises_is_a_crash(name: str) -> None:
    found = by_law(run(f"{DEADLY}:{name}", select=TWO[:1]))

    assert found["outputs-agree"].status is Status.CRASHED


@pytest.mark.parametrize("name", ["prints", "writes", "forks"])
def test_what_a_target_prints_or_forks_does_not_disturb_the_run(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    found = run(f"{DEADLY}:{name}")

    printed, told = capfd.readouterr()
    assert [o.status for o in found.outcomes] == [Status.HELD] * 2
    assert printed == ""
    assert ("hello from the target" in told) == (name != "forks")


def test_a_target_that_dies_again_and_again_is_given_up_and_never_conforms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "RESTARTS", 1)

    found = run(f"{DEADLY}:segfaults", select=("agreement",))

    crashed = [Status.CRASHED] * 2
    assert [o.status for o in found.outcomes] == [*crashed, Status.SKIPPED]
    assert found.outcomes[2].reason == "not reached: the target's process ended 2 times"
    assert not found.complete


def test_a_crash_ends_the_run_under_fail_fast() -> None:
    found = run(f"{DEADLY}:segfaults", fail_fast=True)

    assert [o.reason for o in found.outcomes] == [
        "the process was killed by SIGSEGV",
        "not reached under --fail-fast",
    ]


def test_the_time_of_a_run_goes_on_over_a_restart() -> None:
    found = run(f"{DEADLY}:segfaults", max_time=0.2)

    assert found.outcomes[1].reason == "not reached within --max-time"


UNLOADABLE = {
    "missing": (f"{DEADLY}:missing", TargetError, "missing"),
    "no law": (f"{DEADLY}:fine", RefcheckError, "no law is called"),
    "dies": ("tests.targets.dies_on_import:x", TargetError, "killed by SIGABRT"),
    "exits": ("tests.targets.exits_on_import:x", TargetError, "exit"),
}


@pytest.mark.parametrize(
    ("target", "error", "says"), UNLOADABLE.values(), ids=UNLOADABLE
)
def test_a_target_that_cannot_be_loaded_is_a_mistake_in_a_sentence(
    target: str, error: type[Exception], says: str
) -> None:
    exclude = {"no such law": "x"} if error is RefcheckError else {}

    with pytest.raises(error, match=says):
        run(target, exclude=exclude)


def test_a_fault_of_ours_in_the_child_is_raised_here() -> None:
    with pytest.raises(OwnFault, match="Traceback"):
        run(f"{DEADLY}:fine", profile="no such profile")


def test_a_restarted_child_gets_the_laws_and_the_time_that_are_left() -> None:
    record = Record(Request("m:C", {}, Settings(max_time=1e9)), "0.1")
    first = _rest(record).settings
    record.take(Found(Outcome("one", "f", Status.CRASHED)))

    second = _rest(record).settings

    assert (first.skip, first.max_time) == ((), 1e9)
    assert second.skip == ("one",)
    assert second.max_time is not None
    assert second.max_time < 1e9


def test_a_first_call_may_take_longer_than_the_others() -> None:
    patience = Patience(call_timeout=10.0)
    patience.loaded = True

    assert [patience.lost(1, now) for now in (0.0, 29.0)] == ["", ""]
    assert patience.lost(1, 31.0) == "a call did not return within 30 s"
    assert [patience.lost(2, now) for now in (31.0, 40.0)] == ["", ""]
    assert patience.lost(2, 42.0) == "a call did not return within 10 s"


def test_loading_and_silence_have_limits_of_their_own() -> None:
    patience = Patience(call_timeout=10.0)

    assert [patience.lost(0, now) for now in (0.0, LOAD_SECONDS)] == ["", ""]
    assert "loading did not end" in patience.lost(0, LOAD_SECONDS + 1)
    patience.loaded = True
    assert [patience.lost(-3, now) for now in (100.0, 100.0 + SILENT_SECONDS)] == [
        "",
        "",
    ]
    assert "no call was made" in patience.lost(-3, 101.0 + SILENT_SECONDS)


def test_a_target_that_does_not_load_in_time_is_told_how_to_get_more() -> None:
    record = Record(Request("m:C", {}, Settings()), "0.1")
    call = Call(0, busy=False, law="", body=b"")

    with pytest.raises(TargetError, match="raise --call-timeout"):
        _fatal(record, call, Status.TIMED_OUT, "loading did not end", loaded=False)


def test_a_child_that_dies_between_laws_costs_the_next_law() -> None:
    record = Record(Request("m:C", {}, Settings()), "0.1")
    plan = (Asked("one", "f", "a"), Asked("two", "f", "b"))
    record.take(Ready("gru", (), {}, plan))
    record.take(Found(Outcome("one", "f", Status.HELD)))
    call = Call(3, busy=False, law="one", body=b"")

    found = _fatal(record, call, Status.CRASHED, "killed", loaded=True)

    assert found is not None
    assert (found.law, found.case) == ("two", None)


def test_a_child_that_dies_after_its_last_law_costs_nothing() -> None:
    record = Record(Request("m:C", {}, Settings()), "0.1")
    record.take(Ready("gru", (), {}, ()))
    call = Call(3, busy=False, law="one", body=b"")

    assert _fatal(record, call, Status.CRASHED, "killed", loaded=True) is None


def test_nothing_that_the_target_started_is_left_behind() -> None:
    marker = "3601.25"
    request = Request(
        f"{DEADLY}:leaves_a_process", {}, Settings(profile="quick", select=TWO[:1])
    )

    with Child(request, os.environ) as child:
        deadline = time.monotonic() + 60
        while marker not in _running() and time.monotonic() < deadline:
            list(child.messages(0.05))
        started = marker in _running()

    assert started
    assert marker not in _running()


def _running() -> str:
    asked = ["/bin/ps", "-eo", "args"]
    return subprocess.run(asked, capture_output=True, check=True, text=True).stdout
