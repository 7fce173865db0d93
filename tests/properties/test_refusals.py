"""Laws about what does not fit."""

import pytest

from refcheck.cell import Kind
from refcheck.outcome import Status
from tests.bank import faulty, right
from tests.properties.quick_outcomes import KINDS, holds, outcome


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", ["misfits-are-refused", "all-misfits-are-refused"])
def test_a_careful_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, right(kind), seed=seed)


def test_stretching_a_state_is_noted_unless_strict() -> None:
    cell = faulty("surplus-rows-dropped", Kind.LSTM)

    found = outcome("all-misfits-are-refused", cell, strict=False)

    assert found.status is Status.NOTED
    assert holds("misfits-are-refused", cell)
