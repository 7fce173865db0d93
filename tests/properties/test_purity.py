"""Laws about what a call remembers, and what it writes to."""

import pytest

from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
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


def test_every_memory_layout_is_asked_on_each_case() -> None:
    law, cell = laws()[LAYOUTS], MeasuredCell(ReferenceCell(Kind.LSTM))
    recipe = next(law.cases.landmarks(cell.signature, 0))
    case = law.cases.build(recipe, cell)

    labels = " ".join(claim.label for claim in law.check(cell, case))

    for strides in ("transposed", "sliced", "offset", "reversed"):
        assert strides in labels
