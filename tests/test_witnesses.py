"""Every known fault is seen on its stored case, and a right cell is not."""

import warnings

import pytest

from refcheck.bugs import BUGS
from refcheck.bugs.clipping import PlantedClipper
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.selftest import selftest
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


def test_the_self_test_asks_witnesses_first() -> None:
    settings = Settings("quick", select=("state",))

    found = selftest(list(LAWS.values()), settings)

    assert [one.laws for one in found.faults] == [
        [WITNESSES[one.name].law] for one in found.faults
    ]
    assert {one.cases for one in found.faults} == {1}
