"""The long short-term memory cell: one step, and the same step backward.

    (1)  a = a_x + h W_hhᵀ + b_hh,   a_x = x W_ihᵀ + b_ih           (N, 4H)
    (2)  i, f, g, o = σ(a_i), σ(a_f), tanh(a_g), σ(a_o)             (N, H) each
    (3)  c⁺ = f c + i g                                             (N, H)
    (4)  h⁺ = o tanh(c⁺)                                            (N, H)

Products of (N, H) arrays are elementwise, and ⁺ marks the next step.  The
backward pass is the chain rule read from (4) up to (1): each line carries the
number of the equation it differentiates, and ``d_y`` stands for ∂L/∂y.  Only h and
c link one step to the next, so a_x is computed, and the gradients of (1) are
summed, for all steps at once.

Source: Hochreiter & Schmidhuber (1997); forget gate: Gers, Schmidhuber & Cummins
(2000).  Gates are stacked in the order i, f, g, o, as in PyTorch.
"""

from typing import NamedTuple

import numpy as np

from refcheck.cell import Array, Params, State
from refcheck.reference.activation import sigmoid, sigmoid_slope, tanh_slope
from refcheck.reference.affine import affine, affine_back, gates


class Tape(NamedTuple):
    """What a step keeps for its backward pass; all (N, H)."""

    h: Array
    c: Array
    i: Array
    f: Array
    g: Array
    o: Array
    tanh_c: Array


def step(params: Params, a_x: Array, state: State) -> tuple[State, Tape]:
    """Advance one step: a_x (N, 4H) and the state (h, c) give the next state."""
    h, c = state
    a = a_x + affine(h, params.weight_hh, params.bias_hh)  # (1)
    a_i, a_f, a_g, a_o = gates(a, 4)
    i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)  # (2)
    c_next = f * c + i * g  # (3)
    tanh_c = np.tanh(c_next)
    h_next = o * tanh_c  # (4)
    return (h_next, c_next), Tape(h, c, i, f, g, o, tanh_c)


def step_back(
    params: Params, tape: Tape, d_state: State
) -> tuple[tuple[Array, Array], State]:
    """Pull the gradient of the next state back: (d_a, h) for (1), and the state's."""
    h, c, i, f, g, o, tanh_c = tape
    d_h_next, d_c_next = d_state
    d_o = d_h_next * tanh_c  # (4)
    d_c_next = d_c_next + d_h_next * o * tanh_slope(tanh_c)  # (4)
    d_f, d_c = d_c_next * c, d_c_next * f  # (3)
    d_i, d_g = d_c_next * g, d_c_next * i  # (3)
    slopes = [
        sigmoid_slope(i),
        sigmoid_slope(f),
        tanh_slope(g),
        sigmoid_slope(o),
    ]  # (2)
    d_a = np.concatenate([d_i, d_f, d_g, d_o], axis=1) * np.concatenate(slopes, axis=1)
    return (d_a, h), (d_a @ params.weight_hh, d_c)  # (1)


def params_back(params: Params, x: Array, rows: tuple[Array, Array]) -> Params:
    """Return the gradients of the parameters (1), summed over rows of all steps."""
    d_a, h = rows
    d_weight_ih, d_bias_ih = affine_back(d_a, x, params.bias_ih)
    d_weight_hh, d_bias_hh = affine_back(d_a, h, params.bias_hh)
    return Params(d_weight_ih, d_weight_hh, d_bias_ih, d_bias_hh)
