"""Where cells forget slowly, the first of hundreds of steps still counts."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Kind, Params
from refcheck.law import Claim, equal, law
from refcheck.layout import CANONICAL_GATES
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .one_way import pulling_the_end
from .parts import each_part
from .units_on import units_on

REPEATED = 60  # times that the drawn steps follow one another
FAINT = 2.0**-11  # what is added in 300 steps saturates no unit
PUSH = {"i": -6.0, "f": 6.0, "z": 6.0}  # σ(6)^300 is about a half
QUIET = 0.125  # how much these gates still see of inputs and state


def _slowly(cell: MeasuredCell, case: Case) -> Case:
    """Return the case with weights that keep the state, pulled at its end alone."""
    kind = cell.signature.kind
    gated = kind not in (Kind.RNN_TANH, Kind.RNN_RELU)
    kept = [_gates_kept(p) if gated else _added_up(p) for p in cell.canonical(case)]
    state = case.state
    if state is not None and not gated:
        state = tuple((FAINT * s).astype(s.dtype) for s in state)
    long = cell.planted(case, kept).but(
        inputs=np.tile(case.inputs, (REPEATED, 1, 1)),
        grad_outputs=np.tile(case.grad_outputs, (REPEATED, 1, 1)),
        state=state,
    )
    return units_on(cell, pulling_the_end(long))


def _added_up(p: Params) -> Params:
    """Return weights of a simple cell that adds to its state, a little at a time."""
    faint = Params(*(None if w is None else FAINT * w for w in p))
    return faint._replace(weight_hh=np.eye(p.weight_hh.shape[1]))


def _gates_kept(p: Params) -> Params:
    """Return weights with gates that keep most of the state, and let little in."""
    rows, size = p.weight_hh.shape
    gates = CANONICAL_GATES[rows // size]
    quiet = np.repeat([QUIET if g in PUSH else 1.0 for g in gates], size)
    push = np.repeat([PUSH.get(g, 0.0) for g in gates], size)

    def quieted(w: Array | None) -> Any:
        return None if w is None else (w.T * quiet).T

    params = Params(*(quieted(w) for w in p))
    return params._replace(bias_ih=params.bias_ih + push)


SLOW = Cases(
    then=_slowly,
    lengths=False,
    layers=False,
    directions=False,
    bias=True,
    time=(1, 5),
    batch=(1, 2),
    hidden=(1, 3),
    scales=(0, 1),
    single=False,  # oneDNN takes seconds to prepare a float32 LSTM of 300 steps
    most=1,
    first=("generic",),
)


@law(
    "h_0 and x_1 count at T = 300: y, s_T = those of the textbook",
    cases=SLOW,
    requires=Capability.FINAL_STATE | Capability.LAYOUT | Capability.BIAS,
    catches=("state-starts-anew-after-128-steps",),
)
def hundreds_of_steps_agree(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A sequence is one sequence, in whatever blocks its steps are run.

    Where one block ends and the next begins, a state that forgets quickly hides that
    it was lost, and short sequences never get there.
    """
    yield from each_part(equal, cell.forward(case), cell.textbook(case))


@law(
    "h_0 and x_1 count at T = 300: ∂L/∂θ, ∂L/∂x, ∂L/∂s_0 = those of the textbook",
    cases=SLOW,
    requires=Capability.BACKWARD
    | Capability.FINAL_STATE
    | Capability.LAYOUT
    | Capability.BIAS,
    catches=(
        "gradient-cut-after-a-hundred-steps",
        "gradient-cut-after-two-hundred-steps",
        "early-inputs-get-no-gradient",
        "early-steps-left-out-of-the-weights",
    ),
)
def gradient_reaches_the_first_of_hundreds_of_steps(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Truncated backpropagation is cheaper, and is not the gradient.

    With most weights a gradient has faded after a hundred steps, and nobody sees that
    it was cut.  So the weights are such that it does not fade: gates that keep nearly
    all of the state, or a recurrent identity where no unit saturates.
    Source: Williams & Peng (1990), of what truncation leaves out; Le, Jaitly & Hinton
    (2015), of the identity.
    """
    found = cell.backward(case)
    yield from each_part(equal, found, cell.textbook_gradients(case))
    if cell.signature.offers(Capability.REPEATABLE_TRAINING):
        trained = cell.training().backward(case)
        yield from each_part(equal, trained, found, where=" in training")


LAWS = (
    hundreds_of_steps_agree,
    gradient_reaches_the_first_of_hundreds_of_steps,
)
