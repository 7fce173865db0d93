"""Laws about the training mode."""

import pytest

from refcheck.cell import Kind
from refcheck.outcome import Status
from tests.mutants.dropout import Dropping
from tests.mutants.training import Trained
from tests.properties.quick_outcomes import KINDS, holds, outcome

CHANGES, TRACE = "training-mode-changes-nothing", "training-leaves-no-trace"


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", [CHANGES, TRACE])
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, Trained(kind), seed=seed)


def test_a_stack_that_drops_units_leaves_no_trace() -> None:
    assert holds(TRACE, Dropping(Kind.GRU))


def test_a_cell_that_draws_in_training_is_not_held_to_evaluation() -> None:
    assert outcome(CHANGES, Dropping(Kind.GRU)).status is Status.SKIPPED
