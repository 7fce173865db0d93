"""Laws about rows that end at different times."""

import pytest

from refcheck.case import Case
from refcheck.cell import Kind, Reply
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import KINDS, holds

NAMES = (
    "a-row-in-a-batch-is-that-row-alone",
    "final-state-is-the-state-at-the-length",
    "reverse-starts-at-the-true-end",
    "lengths-need-no-order",
)


class RefusesEmptyRows(ReferenceCell):
    """A right cell that takes no rows of length 0."""

    def forward(self, case: Case) -> Reply:
        if case.lengths is not None and (case.lengths == 0).any():
            message = "rows need a length of 1 at the least"
            raise ValueError(message)
        return super().forward(case)


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


def test_empty_rows_may_be_refused() -> None:
    assert holds("lengths-need-no-order", RefusesEmptyRows(Kind.LSTM))
