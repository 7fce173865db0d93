"""What a step's gradients of its pre-activations say of everything before it.

``step_back`` goes from the gradient of h_t to that of h_(t-1).  Here its second half
stands alone, so that it can begin with gradients of pre-activations that come from
elsewhere: with W_ih = I, those of the inputs are exactly these.

    rows    what the gradients of the parameters need of the step (see equations.py)
    back    ∂L/∂h_(t-1), from those rows and ∂L/∂h_t

The numbers in parentheses are those of the equations in rnn.py, lstm.py, gru.py and
gru_reset_before.py.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refcheck.cell import Array, Kind, Params
from refcheck.reference import gru, gru_reset_before
from refcheck.reference.affine import gates
from refcheck.reference.equations import Rows


class Restart(NamedTuple):
    """How one kind goes back from the gradient of its pre-activations a_x (N, G*H)."""

    rows: Callable[[Any, Array], Rows]  # (tape, d_a) -> rows
    back: Callable[[Params, Any, Any, Array], Array]  # (params, tape, rows, d_h_next)


def _plain_rows(tape: Any, d_a: Array) -> Rows:
    return d_a, tape.h


def _plain_back(params: Params, _: Any, rows: Rows, __: Array) -> Array:
    """Go back where h is read by W_hh alone: RNN and LSTM."""
    return rows[0] @ params.weight_hh  # (1)


def _gru_rows(tape: gru.Tape, d_a: Array) -> Rows:
    d_a_r, d_a_z, d_a_n = gates(d_a, 3)
    return d_a, np.concatenate([d_a_r, d_a_z, d_a_n * tape.r], axis=1), tape.h  # (3)


def _gru_back(params: Params, tape: gru.Tape, rows: Rows, d_h_next: Array) -> Array:
    return d_h_next * tape.z + rows[1] @ params.weight_hh  # (4), (1)


def _before_rows(tape: gru_reset_before.Tape, d_a: Array) -> Rows:
    return d_a, tape.h, tape.r * tape.h  # (3)


def _before_back(
    params: Params, tape: gru_reset_before.Tape, rows: Rows, d_h_next: Array
) -> Array:
    w_r, w_z, w_n = gates(params.weight_hh.T, 3)
    d_a_r, d_a_z, d_a_n = gates(rows[0], 3)
    d_rh = d_a_n @ w_n.T  # (3)
    return d_h_next * tape.z + d_rh * tape.r + d_a_r @ w_r.T + d_a_z @ w_z.T


RESTARTS = {
    Kind.RNN_TANH: Restart(_plain_rows, _plain_back),
    Kind.RNN_RELU: Restart(_plain_rows, _plain_back),
    Kind.LSTM: Restart(_plain_rows, _plain_back),
    Kind.GRU: Restart(_gru_rows, _gru_back),
    Kind.GRU_RESET_BEFORE: Restart(_before_rows, _before_back),
}
