"""The cell state is a path along which gradients need not fade."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.special import expit

from refcheck.case import Case
from refcheck.cell import Capability, Kind
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.rounding import Measured
from refcheck.strategies import Cases

from .gate_weights import OPEN, SHUT, block, hold, holding, pre_activation
from .long_sequences import lasting

CARRIED = (
    Capability.BACKWARD
    | Capability.INITIAL_STATE
    | Capability.FINAL_STATE
    | Capability.LAYOUT
)
LSTM = {Kind.LSTM}
FULL = 2.0**13  # of c_0: what counts for long is not capped


def _pulling_c(case: Case) -> Case:
    """Return the case with no gradient but that of c_T."""
    h, c = case.grad_state
    return case.but(grad_outputs=0 * case.grad_outputs, grad_state=(0 * h, c))


def _carrying(cell: MeasuredCell, case: Case) -> Case:
    """Return the case with i = 0 in all units, f = 1 in those held, f = 0 elsewhere."""
    everywhere = dict(case.extra) | {"held": list(range(case.spec.hidden_size))}
    shut = hold(cell, case.but(extra=everywhere), i=SHUT, f=SHUT)
    h, c = shut.state or ()
    case = shut.but(extra=case.extra, state=(h, c * c.dtype.type(FULL)))
    return _pulling_c(lasting(hold(cell, case, f=OPEN), 200))


@law(
    "i = 0: c_T = c_0 and ∂c_T/∂c_0 = I where f = σ(50), both 0 where f = σ(−50)",
    cases=replace(holding(), then=_carrying, state=True, hidden=(1, 5), most=12),
    requires=CARRIED | Capability.BIAS,
    kinds=LSTM,
    catches=(
        "forget-gate-never-shut",
        "gradient-cut-after-a-hundred-steps",
        "cell-state-capped-at-fifty",
        "input-gate-coupled-to-the-forget-gate",
        "output-gate-empties-the-cell",
    ),
)
def open_forget_gate_carries_the_cell_state(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """The uninterrupted path: what is not forgotten comes back after hundreds of steps.

    So does its gradient, which is why an LSTM learns what a simple cell cannot.
    Source: Hochreiter & Schmidhuber (1997), section 3.2; Gers et al. (2000).
    """
    kept = np.isin(np.arange(case.spec.hidden_size), case.extra["held"])
    _, c = case.state or ()
    _, pulled = case.grad_state
    yield equal("c", cell.forward(case).state[1], np.where(kept, c, 0))
    gradient = cell.backward(case).state[1]
    yield equal("gradient of c", gradient, np.where(kept, pulled, 0))


def _without_recurrence(cell: MeasuredCell, case: Case) -> Case:
    (params,) = cell.canonical(case)
    cut = params._replace(weight_hh=np.zeros_like(params.weight_hh))
    return _pulling_c(cell.planted(case, [cut]))


@law(
    "W_hh = 0: ∂c_T/∂c_0 = Π_t f_t, and ∂c_T/∂h_0 = 0",
    cases=Cases(
        state=True,
        layers=False,
        directions=False,
        lengths=False,
        then=_without_recurrence,
        time=(1, 33),
        most=24,
        first=("generic", "17 steps", "float32", "33 steps", "saturating"),
    ),
    requires=CARRIED,
    kinds=LSTM,
    catches=(
        "cell-gradient-through-the-input-gate",
        "forget-gate-peeps-at-the-output",
    ),
)
def cell_path_gradient_is_the_product_of_forget_gates(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Where outputs do not come back, only forget gates stand on the way of c.

    They follow from the inputs.  Source: Gers, Schmidhuber & Cummins (2000), section 3.
    """
    expected = Measured(case.grad_state[1][0])
    for f in expit(pre_activation(cell, case, block(cell, case, "f"))):
        expected = expected * f
    h, c = cell.backward(case).state
    yield equal("gradient of c", c[0], expected)
    yield equal("gradient of h", h, np.zeros(h.shape))


LAWS = (
    open_forget_gate_carries_the_cell_state,
    cell_path_gradient_is_the_product_of_forget_gates,
)
