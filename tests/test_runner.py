"""Runs: which laws are asked, and how each of them ends."""

import numpy as np
import pytest

from refcheck.cell import Capability, Kind
from refcheck.errors import RefcheckError
from refcheck.law import differs, equal, law
from refcheck.measured import MeasuredCell
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import Measured
from refcheck.runner import hold, measure, replay, run, selected
from refcheck.settings import Settings
from refcheck.strategies import Cases
from tests.bank import faulty

ANY = Cases()
FEW = Cases(most=3)


@law("y = y of the textbook", cases=FEW)
def agrees(cell, case):
    """It does."""
    yield equal("outputs", cell.forward(case).outputs, cell.textbook(case).outputs)


@law("never", cases=FEW, strict=True)
def strictly(cell, case):
    """It never holds."""
    yield equal("outputs", cell.forward(case).outputs, cell.forward(case).outputs + 1)


@law("nothing is said", cases=FEW)
def vaguely(cell, case):
    """Its allowance is as large as its result."""
    outputs = cell.forward(case).outputs.value
    wide = Measured(outputs, np.full(outputs.shape, 1e9))
    yield equal("outputs", wide, outputs + 1)


@law("nothing at all", cases=FEW)
def silently(cell, case):
    """It yields no claim."""
    yield from ()


@law("needs chains", cases=FEW, requires=Capability.CHAINS)
def chained(cell, case):
    """It is never asked here."""
    yield equal("outputs", cell.forward(case).outputs, cell.forward(case).outputs)


@law("≠", cases=Cases(planted=True))
def once(cell, case):
    """It shows on one of the planted cases only."""
    shows = case.spec.hidden_size == 2
    yield differs("h", np.ones(1), np.ones(1) + shows)


@law("≠", cases=Cases(planted=True))
def never(cell, case):
    """It shows nowhere."""
    yield differs("h", np.ones(1), np.ones(1))


ALL = (agrees, strictly, vaguely, silently, chained, once, never)
EXPECTED = {
    "agrees": Status.HELD,
    "strictly": Status.NOTED,
    "vaguely": Status.INCONCLUSIVE,
    "silently": Status.INCONCLUSIVE,
    "chained": Status.SKIPPED,
    "once": Status.HELD,
    "never": Status.VIOLATED,
}


def statuses(cell, **settings):
    return {o.law: o for o in run(cell, ALL, Settings(**settings))}


def test_every_law_ends_in_its_own_way() -> None:
    found = statuses(ReferenceCell(Kind.GRU))

    assert {name: o.status for name, o in found.items()} == EXPECTED
    assert found["chained"].reason == "the target does not offer: chains"
    assert found["agrees"].cases == 6
    assert found["vaguely"].inconclusive == found["vaguely"].cases


def test_a_strict_law_decides_under_strict() -> None:
    assert (
        statuses(ReferenceCell(Kind.GRU), strict=True)["strictly"].status
        is Status.VIOLATED
    )


def test_patterns_select_by_name_and_by_family() -> None:
    assert [o.name for o in selected(ALL, Settings(select=("ag*", "once")))] == [
        "agrees",
        "once",
    ]
    assert list(selected(ALL, Settings(select=("test runner",)))) == list(ALL)
    assert agrees not in selected(ALL, Settings(skip=("agrees",)))


def test_an_excluded_law_is_skipped_with_the_users_reason() -> None:
    found = statuses(ReferenceCell(Kind.GRU), exclude={"never": "not in this release"})

    assert found["never"].status is Status.SKIPPED
    assert found["never"].reason == "not in this release"


def test_after_a_violation_fail_fast_asks_nothing_more() -> None:
    wrong = faulty("input-and-forget-gate-swapped", Kind.LSTM)

    found = statuses(wrong, fail_fast=True)

    assert found["agrees"].status is Status.VIOLATED
    assert found["never"].reason == "not reached under --fail-fast"


def test_a_run_out_of_time_says_what_it_did_not_reach() -> None:
    found = statuses(ReferenceCell(Kind.GRU), max_time=1e-9)

    assert found["never"].reason == "not reached within --max-time"


def test_a_dtype_that_is_not_offered_is_the_users_mistake() -> None:
    with pytest.raises(
        RefcheckError, match="does not offer 'float16', only float64, float32"
    ):
        measure(ReferenceCell(Kind.GRU), Settings(dtypes=("float16",)))


def test_a_run_in_one_dtype_asks_no_other() -> None:
    settings = Settings(dtypes=("float32",))

    measured = measure(ReferenceCell(Kind.GRU), settings)

    assert {
        ANY.build(r, measured).spec.dtype for r in ANY.landmarks(measured.signature, 0)
    } == {"float32"}


def test_a_violating_case_violates_again_when_it_is_replayed() -> None:
    from refcheck.case import Case, case_of

    wrong = faulty("input-and-forget-gate-swapped", Kind.LSTM)
    outcome = hold(agrees, MeasuredCell(wrong), Settings())
    assert outcome.case is not None
    case = case_of(outcome.case)
    assert isinstance(case, Case)

    assert replay(agrees, wrong, case).broken
    assert not replay(agrees, ReferenceCell(Kind.LSTM), case).broken
