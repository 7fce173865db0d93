"""Laws about the ways in which a batch can be handed over."""

import pytest

from refcheck.cell import Kind
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from tests.bank import right
from tests.properties.quick_outcomes import KINDS, holds, outcome

NAMES = (
    "full-lengths-equal-no-lengths",
    "masks-equal-lengths",
    "batch-first-is-the-transpose",
)


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, right(kind), seed=seed)


@pytest.mark.parametrize(("name", "lacks"), [(NAMES[1], "masks"), (NAMES[2], "batch")])
def test_what_a_cell_cannot_be_handed_is_not_asked(name: str, lacks: str) -> None:
    found = outcome(name, ReferenceCell(Kind.LSTM))

    assert found.status is Status.SKIPPED
    assert lacks in found.reason
