"""The gated recurrent unit, reset before the product: one step, forward and backward.

    (1)  a = a_x + b_hh,   a_x = x W_ihᵀ + b_ih                     (N, 3H)
    (2)  r, z = σ(a_r + h W_hrᵀ), σ(a_z + h W_hzᵀ)                  (N, H) each
    (3)  n = tanh(a_n + (r h) W_hnᵀ)                                (N, H)
    (4)  h⁺ = (1 − z) n + z h                                       (N, H)

Products of (N, H) arrays are elementwise, and ⁺ marks the next step.  The
backward pass is the chain rule read from (4) up to (1): each line carries the
number of the equation it differentiates, and ``d_y`` stands for ∂L/∂y.  Only h
links one step to the next, so a_x is computed, and the gradients of the parameters
are summed, for all steps at once.

Source: Cho et al. (2014), equations 5 to 8.  Gates are stacked in the order r, z, n,
as in PyTorch.
"""

from typing import NamedTuple

import numpy as np

from refcheck.cell import Array, Params, State
from refcheck.reference.activation import mixed, sigmoid, sigmoid_slope, tanh_slope
from refcheck.reference.affine import add_bias, affine_back, gates


class Tape(NamedTuple):
    """What a step keeps for its backward pass; all (N, H)."""

    h: Array
    r: Array
    z: Array
    n: Array


def step(params: Params, a_x: Array, state: State) -> tuple[State, Tape]:
    """Advance one step: a_x (N, 3H) and the state (h,) give the next state."""
    (h,) = state
    w_r, w_z, w_n = gates(params.weight_hh.T, 3)
    a_r, a_z, a_n = gates(add_bias(a_x, params.bias_hh), 3)  # (1)
    r, z = sigmoid(a_r + h @ w_r), sigmoid(a_z + h @ w_z)  # (2)
    n = np.tanh(a_n + (r * h) @ w_n)  # (3)
    return (mixed(z, n, h),), Tape(h, r, z, n)  # (4)


def step_back(
    params: Params, tape: Tape, d_state: State
) -> tuple[tuple[Array, Array, Array], State]:
    """Pull the gradient of the next state back: (d_a, h, r h), and the state's."""
    h, r, z, n = tape
    (d_h_next,) = d_state
    w_r, w_z, w_n = gates(params.weight_hh.T, 3)
    d_z, d_n = d_h_next * (h - n), d_h_next * (1 - z)  # (4)
    d_a_n = d_n * tanh_slope(n)  # (3)
    d_rh = d_a_n @ w_n.T  # (3)
    d_a_r, d_a_z = d_rh * h * sigmoid_slope(r), d_z * sigmoid_slope(z)  # (2)
    d_h = d_h_next * z + d_rh * r + d_a_r @ w_r.T + d_a_z @ w_z.T  # (4), (3), (2)
    d_a = np.concatenate([d_a_r, d_a_z, d_a_n], axis=1)
    return (d_a, h, r * h), (d_h,)


def params_back(params: Params, x: Array, rows: tuple[Array, Array, Array]) -> Params:
    """Return the gradients of the parameters, summed over rows of all steps."""
    d_a, h, rh = rows
    d_a_r, d_a_z, d_a_n = gates(d_a, 3)
    d_weight_ih, d_bias_ih = affine_back(d_a, x, params.bias_ih)
    d_weight_hh = np.concatenate([d_a_r.T @ h, d_a_z.T @ h, d_a_n.T @ rh])
    d_bias_hh = None if params.bias_hh is None else d_a.sum(axis=0)
    return Params(d_weight_ih, d_weight_hh, d_bias_ih, d_bias_hh)
