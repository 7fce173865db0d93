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


def never_dropping() -> NeverDropping:
    return NeverDropping(Kind.LSTM, right(Kind.LSTM).make)


def test_nothing_is_said_of_a_cell_that_cannot_be_built_with_dropout() -> None:
    assert outcome(NAMES[0], never_dropping()).cases == 0


def test_gradients_in_training_are_asked_of_a_cell_without_dropout() -> None:
    assert holds(NAMES[1], never_dropping())


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_without_a_training_mode_is_not_asked(name: str) -> None:
    assert outcome(name, ReferenceCell(Kind.GRU)).status is Status.SKIPPED
