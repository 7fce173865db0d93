"""The gated recurrent unit, reset after the product: one step, forward and backward.

    (1)  a_h = h W_hhᵀ + b_hh,   a_x = x W_ihᵀ + b_ih               (N, 3H)
    (2)  r, z = σ(a_x_r + a_h_r), σ(a_x_z + a_h_z)                  (N, H) each
    (3)  n = tanh(a_x_n + q),   q = r a_h_n                         (N, H)
    (4)  h⁺ = (1 − z) n + z h                                       (N, H)

Products of (N, H) arrays are elementwise, and ⁺ marks the next step.  The
backward pass is the chain rule read from (4) up to (1): each line carries the
number of the equation it differentiates, and ``d_y`` stands for ∂L/∂y.  Only h
links one step to the next, so a_x is computed, and the gradients of (1) are
summed, for all steps at once.  Two of the slopes meet in q:
∂L/∂a_r = d_q a_h_n · r (1 − r) = d_q q (1 − r), so that a_h_n need not be kept.

Source: Cho et al. (2014); reset after the product, as in cuDNN and PyTorch, whose
order r, z, n of the gates is used.
"""

from typing import NamedTuple

import numpy as np

from refcheck.cell import Array, Params, State
from refcheck.reference.activation import mixed, sigmoid, sigmoid_slope, tanh_slope
from refcheck.reference.affine import affine, affine_back, gates


class Tape(NamedTuple):
    """What a step keeps for its backward pass; all (N, H)."""

    h: Array
    r: Array
    z: Array
    n: Array
    q: Array


def step(params: Params, a_x: Array, state: State) -> tuple[State, Tape]:
    """Advance one step: a_x (N, 3H) and the state (h,) give the next state."""
    (h,) = state
    a_h = affine(h, params.weight_hh, params.bias_hh)  # (1)
    a_x_r, a_x_z, a_x_n = gates(a_x, 3)
    a_h_r, a_h_z, a_h_n = gates(a_h, 3)
    r, z = sigmoid(a_x_r + a_h_r), sigmoid(a_x_z + a_h_z)  # (2)
    q = r * a_h_n  # (3)
    n = np.tanh(a_x_n + q)  # (3)
    return (mixed(z, n, h),), Tape(h, r, z, n, q)  # (4)


def step_back(
    params: Params, tape: Tape, d_state: State
) -> tuple[tuple[Array, Array, Array], State]:
    """Pull the gradient of the next state back: (d_a_x, d_a_h, h), and the state's."""
    h, r, z, n, q = tape
    (d_h_next,) = d_state
    d_z, d_n = d_h_next * (h - n), d_h_next * (1 - z)  # (4)
    d_a_n = d_n * tanh_slope(n)  # (3), also d_q
    d_a_z, d_a_r = d_z * sigmoid_slope(z), d_a_n * q * (1 - r)  # (2)
    d_a_x = np.concatenate([d_a_r, d_a_z, d_a_n], axis=1)
    d_a_h = np.concatenate([d_a_r, d_a_z, d_a_n * r], axis=1)  # (3)
    return (d_a_x, d_a_h, h), (d_h_next * z + d_a_h @ params.weight_hh,)  # (4), (1)


def params_back(params: Params, x: Array, rows: tuple[Array, Array, Array]) -> Params:
    """Return the gradients of the parameters (1), summed over rows of all steps."""
    d_a_x, d_a_h, h = rows
    d_weight_ih, d_bias_ih = affine_back(d_a_x, x, params.bias_ih)
    d_weight_hh, d_bias_hh = affine_back(d_a_h, h, params.bias_hh)
    return Params(d_weight_ih, d_weight_hh, d_bias_ih, d_bias_hh)
