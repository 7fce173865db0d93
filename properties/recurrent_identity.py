"""A recurrent identity hands gradients on as they are, and its multiples by powers."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Kind, Params
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell
from refcheck.rounding import Measured

from .long_sequences import lasting
from .one_way import ONE_WAY, PLANTED, SIMPLE, pulling_the_end


def _scaled_identity(cell: MeasuredCell, case: Case) -> Case:
    """Return the case with W_hh = ρ I where every slope is exactly 1."""
    (params,) = cell.canonical(case)
    weight = case.extra["factor"] * np.eye(case.spec.hidden_size)
    planted = cell.planted(case, [_zeros(params)._replace(weight_hh=weight)])
    positive = float(cell.signature.kind is Kind.RNN_RELU)
    state = tuple(np.full_like(s, positive) for s in case.state or ())
    return pulling_the_end(planted.but(inputs=0 * case.inputs, state=state))


@law(
    "W_hh = ρ I, φ′ = 1: ∂h_T/∂h_0 = ρ^T I",
    cases=replace(
        ONE_WAY,
        extra={"factor": lambda _, number: (0.5, 2.0)[number % 2]},
        then=_scaled_identity,
        time=(1, 65),
    ),
    requires=PLANTED,
    kinds=SIMPLE,
    catches=(
        "state-gradient-leaks",
        "initial-state-gradient-lost",
    ),
)
def gradient_vanishes_below_one_and_explodes_above(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Where slopes are 1 the bound on growth is reached: ρ to the power of T.

    For tanh this is at h = 0 without inputs, for ReLU wherever units are positive.
    Source: Pascanu, Mikolov & Bengio (2013), section 2.1.
    """
    expected = case.grad_state[0] * case.extra["factor"] ** case.time
    yield equal("gradient of h", cell.backward(case).state[0], expected)


def _recurrent_identity(cell: MeasuredCell, case: Case) -> Case:
    (params,) = cell.canonical(case)
    weight = np.eye(case.spec.hidden_size)
    return cell.planted(case, [_zeros(params)._replace(weight_hh=weight)])


@law(
    "W_hh = I, W_ih = b = 0: ∂L/∂h_0 = ∂L/∂h_1 where h_0 > 0, and 0 where h_0 < 0",
    cases=replace(ONE_WAY, then=_recurrent_identity, time=(1, 1)),
    requires=PLANTED,
    kinds={Kind.RNN_RELU},
    catches=(
        "relu-passes-gradient-where-negative",
        "relu-leaks",
    ),
)
def relu_passes_gradient_unchanged_where_positive(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """The slope of ReLU is 1 or 0, so gradients that pass are not changed at all.

    At 0 the slope is a convention, of which nothing is said.
    Source: Glorot, Bordes & Bengio (2011).
    """
    (h,) = case.state or ()
    decided = h != 0
    pulled = case.grad_state[0] + case.grad_outputs
    expected = np.where(h > 0, pulled, 0)[decided]
    found = cell.backward(case).state[0][decided]
    yield identical("gradient of h", found, expected.astype(h.dtype))


def _identity(cell: MeasuredCell, case: Case) -> Case:
    """Return the case with W_hh = I and b = 0; for ReLU all numbers are positive."""
    (params,) = cell.canonical(case)
    w_ih, w_hh = params.weight_ih, np.eye(case.spec.hidden_size)
    state = case.state or ()
    if cell.signature.kind is Kind.RNN_RELU:
        w_ih = abs(w_ih)
        case = case.but(inputs=abs(case.inputs))
        state = tuple(1 + abs(s) for s in state)
    weights = _zeros(params)._replace(weight_ih=w_ih, weight_hh=w_hh)
    planted = cell.planted(case, [weights])
    return pulling_the_end(lasting(planted.but(state=state), 200))


@law(
    "W_hh = I, b = 0: ∂h_T/∂h_0 = Π_t diag(1 − h_t²) for tanh, I for ReLU where a > 0",
    cases=replace(ONE_WAY, then=_identity, hidden=(1, 5)),
    requires=PLANTED,
    kinds=SIMPLE,
    catches=(
        "state-gradient-leaks",
        "gradient-cut-after-a-hundred-steps",
        "tanh-slope-left-out",
    ),
)
def identity_initialisation_preserves_gradient(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """A recurrent identity hands gradients on, and only the slopes can shrink them.

    With ReLU nothing is lost over hundreds of steps; with tanh it decays.
    Source: Le, Jaitly & Hinton (2015).
    """
    expected = Measured(case.grad_state[0])
    if cell.signature.kind is Kind.RNN_TANH:
        for y in cell.forward(case).outputs:
            expected = expected * (1 - y * y)
    yield equal("gradient of h", cell.backward(case).state[0], expected)


def _zeros(params: Params) -> Params:
    return Params(*(None if p is None else np.zeros_like(p) for p in params))


LAWS = (
    gradient_vanishes_below_one_and_explodes_above,
    relu_passes_gradient_unchanged_where_positive,
    identity_initialisation_preserves_gradient,
)
