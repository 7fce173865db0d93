"""Laws about what a call remembers, and what it writes to."""

import pytest

from refcheck.case import Case
from refcheck.cell import Kind, Reply
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import KINDS, holds

LAYOUTS = "memory-layout-does-not-matter"
NAMES = (
    "same-call-same-result",
    "arguments-are-not-written",
    "results-are-not-aliased",
    LAYOUTS,
    "dtype-is-kept",
    "same-call-same-result-in-a-fresh-object",
)


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


class Recording(ReferenceCell):
    """A right cell that keeps the layouts of what it was handed."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.seen: set[tuple[int, str]] = set()

    def forward(self, case: Case) -> Reply:
        self.seen.add((id(case.inputs), case.strides))
        return super().forward(case)


def test_every_memory_layout_is_asked_of_every_case() -> None:
    cell = Recording(Kind.LSTM)

    assert holds(LAYOUTS, cell)

    layouts = {strides for _, strides in cell.seen}
    assert layouts == {"contiguous", "transposed", "sliced", "offset", "reversed"}
    assert len(cell.seen) == 3 * len(layouts)
