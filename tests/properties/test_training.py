"""Laws about the training mode."""

from dataclasses import replace

import pytest

from refcheck.cell import Capability, Kind
from refcheck.outcome import Status
from tests.bank import right
from tests.properties.quick_outcomes import KINDS, holds, outcome

CHANGES, TRACE = "training-mode-changes-nothing", "training-leaves-no-trace"


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", [CHANGES, TRACE])
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, right(kind), seed=seed)


def test_a_cell_that_draws_in_training_is_not_held_to_evaluation() -> None:
    cell = right(Kind.GRU)
    there = cell.signature.capabilities & ~Capability.REPEATABLE_TRAINING
    cell.signature = replace(cell.signature, capabilities=there)

    assert outcome(CHANGES, cell).status is Status.SKIPPED
