"""Laws about dropout."""

import pytest

from refcheck.cell import Kind
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from tests.mutants.dropout import Dropping
from tests.properties.quick_outcomes import holds, outcome

NAMES = (
    "dropout-is-off-in-evaluation",
    "gradients-agree-with-differences-in-training",
)


@pytest.mark.parametrize("kind", [Kind.LSTM, Kind.RNN_RELU])
@pytest.mark.parametrize("name", NAMES)
def test_a_right_stack_obeys(name: str, kind: Kind) -> None:
    assert holds(name, Dropping(kind))


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_without_dropout_is_not_asked(name: str) -> None:
    assert outcome(name, ReferenceCell(Kind.GRU)).status is Status.SKIPPED
