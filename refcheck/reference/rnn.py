"""The simple recurrent cell (tanh or ReLU): one step, and the same step backward.

    (1)  a = a_x + h W_hhᵀ + b_hh,   a_x = x W_ihᵀ + b_ih           (N, H)
    (2)  h⁺ = tanh(a), or max(a, 0)                                 (N, H)

⁺ marks the next step, ``d_y`` stands for ∂L/∂y, and each line of the backward pass
carries the number of the equation it differentiates.  Only h links one step to the
next, so a_x is computed, and the gradients of (1) are summed, for all steps at once.
The slope of tanh is a function of h⁺; that of ReLU is told from a, since h⁺ = 0 leaves
open whether a unit is off or just at the kink, where the slope is a convention.

Source: Elman (1990); ReLU: Le, Jaitly & Hinton (2015).
"""

from typing import NamedTuple

import numpy as np

from refcheck.cell import Array, Params, State
from refcheck.reference.activation import relu, tanh_slope, through_relu
from refcheck.reference.affine import affine, affine_back


class TanhTape(NamedTuple):
    """What a step keeps for its backward pass; all (N, H)."""

    h: Array
    h_next: Array


class ReLUTape(NamedTuple):
    """What a step keeps for its backward pass; all (N, H)."""

    h: Array
    a: Array


def step_tanh(params: Params, a_x: Array, state: State) -> tuple[State, TanhTape]:
    """Advance one step: a_x (N, H) and the state (h,) give the next state."""
    (h,) = state
    a = a_x + affine(h, params.weight_hh, params.bias_hh)  # (1)
    h_next = np.tanh(a)  # (2)
    return (h_next,), TanhTape(h, h_next)


def step_tanh_back(
    params: Params, tape: TanhTape, d_state: State
) -> tuple[tuple[Array, Array], State]:
    """Pull the gradient of the next state back: (d_a, h) for (1), and the state's."""
    h, h_next = tape
    (d_h_next,) = d_state
    d_a = d_h_next * tanh_slope(h_next)  # (2)
    return (d_a, h), (d_a @ params.weight_hh,)  # (1)


def step_relu(params: Params, a_x: Array, state: State) -> tuple[State, ReLUTape]:
    """Advance one step: a_x (N, H) and the state (h,) give the next state."""
    (h,) = state
    a = a_x + affine(h, params.weight_hh, params.bias_hh)  # (1)
    return (relu(a),), ReLUTape(h, a)  # (2)


def step_relu_back(
    params: Params, tape: ReLUTape, d_state: State
) -> tuple[tuple[Array, Array], State]:
    """Pull the gradient of the next state back: (d_a, h) for (1), and the state's."""
    h, a = tape
    (d_h_next,) = d_state
    d_a = through_relu(d_h_next, a)  # (2)
    return (d_a, h), (d_a @ params.weight_hh,)  # (1)


def params_back(params: Params, x: Array, rows: tuple[Array, Array]) -> Params:
    """Return the gradients of the parameters (1), summed over rows of all steps."""
    d_a, h = rows
    d_weight_ih, d_bias_ih = affine_back(d_a, x, params.bias_ih)
    d_weight_hh, d_bias_hh = affine_back(d_a, h, params.bias_hh)
    return Params(d_weight_ih, d_weight_hh, d_bias_ih, d_bias_hh)
