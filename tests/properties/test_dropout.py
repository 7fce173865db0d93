"""Laws about dropout."""

import pytest

from refcheck.bugs.planted import Planted
from refcheck.cell import Kind, Shapes, Spec
from refcheck.errors import Unsupported
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from tests.bank import right
from tests.properties.quick_outcomes import holds, outcome


class NeverDropping(Planted):
    """A stack whose class takes no share of units to drop."""

    def shapes(self, spec: Spec) -> Shapes:
        if spec.dropout:
            message = "there is no dropout"
            raise Unsupported(message)
        return super().shapes(spec)


NAMES = (
    "dropout-is-off-in-evaluation",
    "gradients-agree-with-differences-in-training",
)


@pytest.mark.parametrize("kind", [Kind.LSTM, Kind.RNN_RELU])
@pytest.mark.parametrize("name", NAMES)
def test_a_right_stack_obeys(name: str, kind: Kind) -> None:
    assert holds(name, right(kind))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_said_of_a_cell_that_cannot_be_built_with_dropout(name: str) -> None:
    cell = NeverDropping(Kind.LSTM, right(Kind.LSTM).make)

    assert outcome(name, cell).cases == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_without_dropout_is_not_asked(name: str) -> None:
    assert outcome(name, ReferenceCell(Kind.GRU)).status is Status.SKIPPED
