"""After the laws a child of its own is asked what the target behaves as."""

import os
from pathlib import Path

import pytest

from refcheck import execution, postmortem
from refcheck.outcome import Outcome, Report, Status
from refcheck.record import Record
from refcheck.settings import Settings
from refcheck.store import Stored
from refcheck.wire import Request

ROOT = Path(__file__).parents[1]
BROKEN = Outcome(
    "outputs-agree", "agreement", Status.VIOLATED, cases=1, case={"schema": 1}
)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def request(target: str = "tests.targets.deadly:off", **settings: object) -> Request:
    chosen = {"profile": "quick", "seed": 1, "select": ("outputs-agree",)} | settings
    return Request(target, {}, Settings(**chosen))


def record(*outcomes: Outcome, **settings: object) -> Record:
    made = Record(request(**settings), "0.1")
    made.outcomes = {outcome.law: outcome for outcome in outcomes}
    return made


def carried_out(target: str) -> Report:
    return execution.carried_out(request(target), call_timeout=30.0, environ=os.environ)


def test_a_violation_comes_with_a_diagnosis() -> None:
    report = carried_out("tests.targets.deadly:off")

    assert report.verdict == "violates"
    assert report.diagnosis is not None
    assert report.diagnosis.compared > 100


def test_what_conforms_is_not_diagnosed() -> None:
    report = carried_out("tests.targets.deadly:fine")

    assert report.diagnosis is None
    assert not [note for note in report.notes if "diagnosis" in note]


def test_without_processes_the_diagnosis_is_made_here(monkeypatch) -> None:
    monkeypatch.setattr("refcheck.isolation.POSSIBLE", False)

    assert carried_out("tests.targets.deadly:off").diagnosis is not None


@pytest.mark.parametrize(
    "change",
    [
        {"status": Status.TIMED_OUT},
        {"status": Status.HELD},
        {"cases": 0},
        {"case": None},
    ],
)
def test_nothing_is_diagnosed_that_has_no_case_to_ask_again(change) -> None:
    fields = {f: getattr(BROKEN, f) for f in BROKEN.__struct_fields__}

    assert postmortem.examined(record(Outcome(**(fields | change)))) is None


def test_nothing_is_diagnosed_if_nobody_wants_it_or_one_case_is_replayed() -> None:
    stored = Stored("t", {}, "outputs-agree", {})
    replayed = Record(Request("t", {}, Settings(), replay=stored), "0.1")
    replayed.outcomes = {"outputs-agree": BROKEN}

    assert postmortem.examined(record(BROKEN, diagnosis=False)) is None
    assert postmortem.examined(replayed) is None
    assert postmortem.examined(record(BROKEN)) is not None


def test_a_target_that_does_not_survive_leaves_a_note() -> None:
    made = Record(request("tests.targets.dies_on_import:cell"), "0.1")
    made.outcomes = {BROKEN.law: BROKEN}

    postmortem.examine(made, call_timeout=5.0, environ=os.environ)

    assert made.diagnosis is None
    assert made.notes == ["no diagnosis: the target did not survive being asked again"]
