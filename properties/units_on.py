"""Cases on which no unit is off, so that every difference can show."""

from refcheck.case import Case
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell


def units_on(cell: MeasuredCell, case: Case) -> Case:
    """Return the case with positive numbers alone, for cells with ReLU.

    The bounded activations are never quite off, but would saturate on such cases.
    """
    if cell.signature.kind is not Kind.RNN_RELU:
        return case
    state = case.state
    return case.but(
        params={name: abs(a) for name, a in case.params.items()},
        inputs=abs(case.inputs),
        state=None if state is None else tuple(abs(s) for s in state),
    )
