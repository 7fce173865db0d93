"""Every known fault is seen on its stored case, and a right cell is not."""

import warnings

import pytest
from msgspec.structs import replace

from refcheck import selftest
from refcheck.bugs import BUGS
from refcheck.bugs.clipping import PlantedClipper
from refcheck.case import case_of
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.selftest import tried_with
from refcheck.selftest_cells import one_kind
from refcheck.settings import Settings
from refcheck.witnesses import heard, witnesses
from tests.bank import BANK, right

LAWS = laws()
WITNESSES = witnesses()
AGAIN = "python -m tests.benchmarks.witnesses --again"


def test_every_fault_has_a_witness_and_no_other_has() -> None:
    assert set(WITNESSES) == {bug.id for bug in BUGS}


@pytest.mark.parametrize("fault", BANK)
def test_a_fault_violates_its_law_where_a_right_cell_does_not(fault) -> None:
    witness = WITNESSES[fault]
    law, kind = LAWS[witness.law], Kind(witness.kind)
    textbook = right(kind) if kind.recurrent else PlantedClipper(kind)

    with warnings.catch_warnings(action="ignore"):  # of the fault
        faulty = heard(witness, law, BANK[fault].plant(kind))
    held = heard(witness, law, textbook)

    assert faulty.broken, f"{AGAIN} {fault}"
    assert not held.broken
    assert held.conclusive
    assert held.verdicts


@pytest.mark.parametrize("bug", [b for b in BUGS if b.family == "state"])
def test_the_self_test_asks_the_witness_first(bug) -> None:
    every, settings = list(LAWS.values()), Settings("quick")

    found = tried_with(bug, one_kind(bug), every, settings, full=False)

    assert (found.laws, found.cases) == ([WITNESSES[bug.id].law], 1)


def test_where_the_witness_has_nothing_to_say_laws_are_searched() -> None:
    bug, settings = BANK["initial-state-ignored"], Settings("quick")
    other = next(k for k in bug.kinds if k is not one_kind(bug))
    agree = [LAWS["outputs-agree"]]

    in_another_kind = tried_with(bug, other, agree, settings, full=False)
    of_another_law = tried_with(bug, one_kind(bug), agree, settings, full=False)

    assert in_another_kind.laws == of_another_law.laws == ["outputs-agree"]


def test_a_witness_that_shows_nothing_is_no_catch(monkeypatch) -> None:
    bug = BANK["input-and-forget-gate-swapped"]
    own = WITNESSES[bug.id]
    case = case_of(own.case)
    silent = case.but(params={name: 0 * a for name, a in case.params.items()})
    changed = replace(own, case=silent.document())
    monkeypatch.setattr(selftest, "witnesses", lambda: {bug.id: changed})
    asked, settings = [], Settings("quick")
    monkeypatch.setattr(selftest, "searched", lambda *all_, **_: asked.append(all_))

    tried_with(bug, Kind.LSTM, [LAWS[own.law]], settings, full=False)

    assert not heard(changed, LAWS[own.law], bug.plant(Kind.LSTM)).broken
    assert len(asked) == 1
