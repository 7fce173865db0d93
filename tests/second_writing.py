"""The equations of every kind, written a second time, and as right as the first.

Each step reads x itself, where the textbook projects all steps ahead; ``sums`` says how
a = x W_ihᵀ + b_ih + h W_hhᵀ + b_hh is added up.  Steps keep the textbook's tapes, so
that its backward pass serves them too.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from refcheck.cell import Array, Kind, Params, State
from refcheck.reference import gru, gru_reset_before, lstm, rnn
from refcheck.reference.activation import relu, sigmoid
from refcheck.reference.affine import gates
from refcheck.reference.equations import EQUATIONS, Equations

Sums = Callable[..., Array]
ALL = slice(None)
GRUS = (Kind.GRU, Kind.GRU_RESET_BEFORE)


def joined(params: Params, x: Array, h: Array, rows: slice = ALL) -> Array:
    """Return [x h] [W_ih W_hh]ᵀ + (b_ih + b_hh), of some rows."""
    w_ih, w_hh, b_ih, b_hh = params[:4]
    weight = np.concatenate([w_ih[rows], w_hh[rows]], axis=1)
    a = np.concatenate([x, h], axis=1) @ weight.T
    return a if b_ih is None else a + (b_ih[rows] + b_hh[rows])


def bias_first(params: Params, x: Array, h: Array, rows: slice = ALL) -> Array:
    """Return ((b_ih + b_hh) + h W_hhᵀ) + x W_ihᵀ, of some rows."""
    w_ih, w_hh, b_ih, b_hh = params[:4]
    a = h @ w_hh[rows].T
    a = a if b_ih is None else (b_ih[rows] + b_hh[rows]) + a
    return a + x @ w_ih[rows].T


def tanh_step(sums: Sums, params: Params, x: Array, state: State) -> Any:
    (h,) = state
    h_next = np.tanh(sums(params, x, h))
    return (h_next,), rnn.TanhTape(h, h_next)


def relu_step(sums: Sums, params: Params, x: Array, state: State) -> Any:
    (h,) = state
    a = sums(params, x, h)
    return (relu(a),), rnn.ReLUTape(h, a)


def lstm_step(sums: Sums, params: Params, x: Array, state: State) -> Any:
    h, c = state
    a_i, a_f, a_g, a_o = gates(sums(params, x, h), 4)
    i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
    c_next = i * g + f * c
    tanh_c = np.tanh(c_next)
    return (o * tanh_c, c_next), lstm.Tape(h, c, i, f, g, o, tanh_c)


def gru_step(sums: Sums, params: Params, x: Array, state: State) -> Any:
    (h,) = state
    w_ih, w_hh, b_ih, b_hh = params[:4]
    first, last = np.split(np.arange(len(w_hh)), [2 * h.shape[1]])
    a_r, a_z = gates(sums(params, x, h, first), 2)
    r, z = sigmoid(a_r), sigmoid(a_z)
    q = r * (h @ w_hh[last].T + (0 if b_hh is None else b_hh[last]))
    n = np.tanh(x @ w_ih[last].T + (q if b_ih is None else q + b_ih[last]))
    return (z * h + (1 - z) * n,), gru.Tape(h, r, z, n, q)


def reset_before_step(sums: Sums, params: Params, x: Array, state: State) -> Any:
    (h,) = state
    first, last = np.split(np.arange(len(params.weight_hh)), [2 * h.shape[1]])
    a_r, a_z = gates(sums(params, x, h, first), 2)
    r, z = sigmoid(a_r), sigmoid(a_z)
    n = np.tanh(sums(params, x, r * h, last))
    return (z * h + (1 - z) * n,), gru_reset_before.Tape(h, r, z, n)


STEPS = {
    Kind.RNN_TANH: tanh_step,
    Kind.RNN_RELU: relu_step,
    Kind.LSTM: lstm_step,
    Kind.GRU: gru_step,
    Kind.GRU_RESET_BEFORE: reset_before_step,
}


def rewritten(sums: Sums) -> dict[Kind, Equations]:
    """Return the equations of each kind with these steps forward."""
    return {
        kind: EQUATIONS[kind]._replace(step=partial(step, sums))
        for kind, step in STEPS.items()
    }


def mixed(mix: Callable[[Array, Array, Array], Array]) -> dict[Kind, Equations]:
    """Write h⁺ of a GRU as ``mix`` of n, z and h; the rest is the textbook's."""

    def equations(textbook: Equations) -> Equations:
        def step(params: Params, a_x: Array, state: State) -> Any:
            _, tape = textbook.step(params, a_x, state)
            return (mix(tape.n, tape.z, tape.h),), tape

        return textbook._replace(step=step)

    return {kind: equations(EQUATIONS[kind]) for kind in GRUS}


def turned(a: Array | None) -> Array | None:
    """Change the sign of the update gate's third of the last axis."""
    return (
        a if a is None else a * np.repeat([1, -1, 1], a.shape[-1] // 3).astype(a.dtype)
    )


def other_side() -> dict[Kind, Equations]:
    """Gate a GRU by u = σ(-a_z) in the place of 1 - z: h⁺ = u n + (1 - u) h.

    Going back, the textbook's lines with z = 1 - u are the derivatives of these.
    """

    def equations(textbook: Equations) -> Equations:
        def step(params: Params, a_x: Array, state: State) -> Any:
            own = Params(*(p if p is None else turned(p.T).T for p in params))
            _, tape = textbook.step(own, turned(a_x), state)
            u = tape.z
            return (u * tape.n + (1 - u) * tape.h,), tape._replace(z=1 - u)

        return textbook._replace(step=step)

    return {kind: equations(EQUATIONS[kind]) for kind in GRUS}
