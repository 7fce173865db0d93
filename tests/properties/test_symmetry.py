"""Laws about names, order and company of hidden units."""

import pytest

from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import KINDS, holds

RENAMING = "renaming-hidden-units-renames-outputs"
NAMES = (
    RENAMING,
    "side-by-side-cells-are-one-block-diagonal-cell",
    "an-inert-unit-changes-nothing",
)


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


def test_no_unit_keeps_its_place() -> None:
    cases, cell = laws()[RENAMING].cases, MeasuredCell(ReferenceCell(Kind.LSTM))
    drawn = [cases.build(r, cell) for r in cases.landmarks(cell.signature, 0)]

    orders = [case.extra["order"] for case in drawn]

    assert all(unit != k for order in orders for k, unit in enumerate(order))
