"""The textbook started anew at each step, from what the target itself showed.

End to end, what rounding may do grows with every step, and in a chaotic cell without
any bound.  From the target's own h_(t-1) to its h_t it is one step's worth, whatever
came before.  Backward it is the same, where the inputs enter by W_ih = I: then ∂L/∂x_t
is ∂L/∂a_t bit for bit, and each step back starts from what was returned for the next.

What is shown was rounded to be returned, and may be kept more precisely inside, so one
rounding of it is allowed.  One layer and direction, no lengths, and outputs that are h.
The c of an LSTM, and what reaches h_(t-1) of a GRU past its gates, is not shown: there
errors are carried on, and fade as the gates let them.
"""

from typing import Any, NamedTuple

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Params, Reply, State, Textbook
from refcheck.reference.affine import affine
from refcheck.reference.equations import EQUATIONS
from refcheck.reference.restart import RESTARTS
from refcheck.rounding import Measured, before_return
from refcheck.textbook import Textbook as Book


class Forward(NamedTuple):
    """Each step of the textbook from the target's own state before it."""

    reply: Reply
    tapes: list[Any]  # of each step


def forward(book: Book, case: Case, outputs: Array) -> Forward:
    """Return what follows, step by step, from the ``outputs`` (T, N, H) of a target."""
    (params,) = book.exact(case)
    inputs, state = book.rounded("inputs", case), _first(book, case)
    shown = _returned(outputs, params)
    step = (book.equations or EQUATIONS[book.kind]).step
    found, tapes = [], []
    with np.errstate(all="ignore"):
        for t in range(case.time):
            a_x = affine(inputs[t], params.weight_ih, params.bias_ih)
            state, tape = step(params, a_x, state)
            found.append(state[0])
            tapes.append(tape)
            state = (shown[t], *state[1:])
    final = (found[-1], *state[1:])
    return Forward(Reply(np.stack(found), tuple(s[None] for s in final)), tapes)


def backward(book: Book, case: Case, tapes: list[Any], d_inputs: Array) -> Textbook:
    """Return what follows from the gradients of inputs (T, N, G*H) that were returned.

    ``case`` has W_ih = I, and ``tapes`` are those of ``forward``.
    """
    (params,) = book.exact(case)
    equations, restart = EQUATIONS[book.kind], RESTARTS[book.kind]
    pulls, shown = book.rounded("grad_outputs", case), _returned(d_inputs, params)
    d_state: State = tuple(g[0] for g in book.carried("grad_state", case))
    found, columns = [], []
    with np.errstate(all="ignore"):
        for t in reversed(range(case.time)):
            d_next = (d_state[0] + pulls[t], *d_state[1:])
            right, d_before = equations.step_back(params, tapes[t], d_next)
            found.append(right[0])  # W_ih = I
            rows = restart.rows(tapes[t], shown[t])
            back = restart.back(params, tapes[t], rows, d_next[0])
            d_state = (back, *d_before[1:])
            columns.append(rows)
        every = tuple(np.concatenate(c) for c in zip(*columns[::-1], strict=True))
        x = book.rounded("inputs", case).reshape(-1, case.spec.input_size)
        d_params = equations.params_back(params, x, every)
    return Textbook([d_params], np.stack(found[::-1]), tuple(s[None] for s in d_state))


def _first(book: Book, case: Case) -> State:
    """Return the state, each (N, H), that the case starts from."""
    if case.state is None:
        zeros = np.zeros((1, case.batch, case.spec.hidden_size), case.spec.dtype)
        case = case.but(state=(zeros,) * book.kind.states)
    return tuple(s[0] for s in book.carried("state", case))


def _returned(array: Array, params: Params) -> Measured:
    """Return what the target returned, with the rounding that this may have cost."""
    return before_return(array, params.weight_hh.format)
