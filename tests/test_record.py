"""What a run has found, and its report at any moment."""

import msgspec
import pytest

from refcheck.errors import RefcheckError, TargetError
from refcheck.faults import OwnFault
from refcheck.outcome import Outcome, Status
from refcheck.record import Record
from refcheck.settings import Settings
from refcheck.wire import Asked, Done, Fault, Found, Ready, Refused, Request

PLAN = (Asked("one", "first", "a = b"), Asked("two", "second", "c = d"))
DTYPES = ("float64", "float32")
READY = Ready("gru", ("a note",), {"numpy": "2"}, PLAN)
HELD = Outcome("one", "first", Status.HELD, cases=1)
BROKEN = Outcome("one", "first", Status.VIOLATED, cases=1)


def record(**settings: object) -> Record:
    found = Record(Request("m:C", {}, msgspec.convert(settings, Settings)), "0.1")
    found.take(READY)
    return found


def test_only_done_is_the_last_message() -> None:
    assert not record().take(Found(HELD))
    assert record().take(Done())


def test_a_restarted_child_repeats_nothing() -> None:
    found = record()

    found.take(Ready("lstm", ("another note",), {}, PLAN[1:]))

    assert found.report().kind == "gru"
    assert found.notes == ["a note"]
    assert found.plan == PLAN


def test_mistakes_and_faults_of_the_child_are_raised_here() -> None:
    with pytest.raises(TargetError, match="no such file"):
        record().take(Refused("no such file", target=True))
    with pytest.raises(RefcheckError, match="no such law"):
        record().take(Refused("no such law", target=False))
    with pytest.raises(OwnFault, match="Traceback"):
        record().take(Fault("Traceback"))


def test_a_law_that_has_not_ended_keeps_the_report_from_being_complete() -> None:
    found = record()
    found.take(Found(HELD))

    found.leave("interrupted")

    report = found.report()
    skipped = report.outcomes[1]
    assert (skipped.status, skipped.reason) == (
        Status.SKIPPED,
        "not reached: interrupted",
    )
    assert not report.complete
    assert report.verdict == "inconclusive"


def test_a_run_that_is_cut_before_its_plan_is_known_is_not_complete() -> None:
    found = Record(Request("m:C", {}, Settings()), "0.1")

    found.leave("interrupted")

    assert not found.report().complete


def test_a_law_that_the_runner_did_not_reach_makes_it_incomplete_too() -> None:
    found = record()
    found.take(Found(HELD))
    late = Outcome(
        "two", "second", Status.SKIPPED, reason="not reached within --max-time"
    )

    found.take(Found(late))

    assert not found.left
    assert not found.report().complete


@pytest.mark.parametrize("select", [(), ("one", "two")], ids=["all", "selected"])
def test_a_run_is_complete_once_every_law_of_its_plan_has_ended(select) -> None:
    found = record(select=select)
    found.take(Found(Outcome(PLAN[0].name, PLAN[0].family, Status.HELD)))
    assert not found.report().complete

    for law in PLAN[1:]:
        found.take(Found(Outcome(law.name, law.family, Status.HELD)))

    assert found.report().complete


@pytest.mark.parametrize(
    ("settings", "outcome", "limit"),
    [
        ({"fail_fast": True}, BROKEN, "under --fail-fast"),
        ({"fail_fast": True}, HELD, ""),
        ({}, BROKEN, ""),
        ({"max_time": 1e-9}, HELD, "within --max-time"),
        ({"max_time": 1e9}, HELD, ""),
    ],
)
def test_an_option_may_keep_further_laws_from_being_asked(
    settings: dict[str, object], outcome: Outcome, limit: str
) -> None:
    found = record(**settings)

    found.take(Found(outcome))

    assert found.limit == limit


@pytest.mark.parametrize(("outcome", "told"), [(HELD, True), (BROKEN, False)])
def test_only_a_pass_says_what_it_would_have_caught(outcome, told) -> None:
    found = record(profile="quick")
    found.could_have = ["update-gate-reversed"]
    found.dtypes = ("float64", "float32")

    found.take(Found(outcome))

    assert (found.report().power is not None) is told


def test_what_widens_allowances_stands_in_the_report() -> None:
    found = record(factor=2.0, factor_reason="blocks of 8", arithmetic=("tf32",))

    notes = found.report().notes

    assert "allowances were taken 2 times as wide: blocks of 8" in notes
    assert "arithmetic in float32 as declared: tf32" in notes


@pytest.mark.parametrize(("strict", "caught"), [(True, 1), (False, 0)])
def test_a_law_that_only_notes_catches_nothing(strict, caught) -> None:
    law = "huge-gradients-do-not-overflow"
    plan = (Asked(law, "clipping", "…", strict=True),)
    could_have = ("norm-overflows",)
    found = Record(Request("m:C", {}, Settings(strict=strict)), "0.1")
    found.take(Ready("clip-norm", (), {}, plan, DTYPES, could_have))

    found.take(Found(Outcome(law, "clipping", Status.HELD, cases=1)))

    power = found.report().power
    assert power is not None
    assert (power.known, power.caught) == (1, caught)
