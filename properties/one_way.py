"""Simple cells of one layer and direction, whose final state alone is pulled."""

from refcheck.case import Case
from refcheck.cell import Capability, Kind
from refcheck.strategies import Cases

SIMPLE = {Kind.RNN_TANH, Kind.RNN_RELU}
PLANTED = (
    Capability.BACKWARD
    | Capability.INITIAL_STATE
    | Capability.FINAL_STATE
    | Capability.LAYOUT
)
ONE_WAY = Cases(
    state=True,
    layers=False,
    directions=False,
    lengths=False,
    time=(1, 17),
    most=24,
    first=("generic", "17 steps", "saturating", "float32", "one step"),
)


def pulling_the_end(case: Case) -> Case:
    """Return the case with no gradient but that of the final state."""
    return case.but(grad_outputs=0 * case.grad_outputs)
