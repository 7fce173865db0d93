"""One step of each kind, with every part that a fault may replace as an argument.

The equations are those of ``refcheck.reference``; here they say what is computed, and
gradients come from ``refcheck.reverse``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from refcheck.cell import Array, Kind, Params, State
from refcheck.reference.activation import relu, sigmoid
from refcheck.reference.affine import affine
from refcheck.reference.affine import gates as blocks

Activation = Callable[[Array], Array]


def heard(params: Params, x: Array) -> Array:
    """Return what is heard of the inputs: x W_ihᵀ + b_ih."""
    return affine(x, params.weight_ih, params.bias_ih)


def recalled(params: Params, h: Array) -> Array:
    """Return what is heard of the state: h W_hhᵀ + b_hh."""
    return affine(h, params.weight_hh, params.bias_hh)


def rnn(
    params: Params,
    x: Array,
    state: State,
    *,
    squash: Activation = np.tanh,
    heard: Callable[..., Any] = heard,
    recalled: Callable[..., Any] = recalled,
) -> State:
    """Return the next state (h,) of a simple cell."""
    return (squash(heard(params, x) + recalled(params, state[0])),)


def memory(i: Array, f: Array, g: Array, o: Array, c: Array) -> Array:
    """Return the next cell state f c + i g."""
    return f * c + i * g


def show(o: Array, c_next: Array, c: Array) -> Array:
    """Return the next output o tanh(c⁺); the cell state c before has no say in it."""
    return o * np.tanh(c_next)


def lstm(
    params: Params,
    x: Array,
    state: State,
    *,
    sigma: Activation = sigmoid,
    squash: Activation = np.tanh,
    heard: Callable[..., Any] = heard,
    recalled: Callable[..., Any] = recalled,
    summed: Callable[..., Any] = lambda a, h, c: a,
    opened: Callable[..., Any] = lambda i, f, g, o: (i, f, g, o),
    memory: Callable[..., Any] = memory,
    show: Callable[..., Any] = show,
) -> State:
    """Return the next state (h, c) of an LSTM.

    ``summed`` sees the four sums before the activations, ``opened`` the gates after.
    """
    h, c = state
    a = heard(params, x) + recalled(params, h)
    i, f, g, o = summed(blocks(a, 4), h, c)
    gates = opened(sigma(i), sigma(f), squash(g), sigma(o))
    c_next = memory(*gates, c)
    return show(gates[3], c_next, c), c_next


def reset_after(params: Params, r: Array, h: Array) -> Array:
    """Return what the candidate hears of the state: r (h W_hnᵀ + b_hn)."""
    return r * affine(h, *of_candidate(params))


def reset_before(params: Params, r: Array, h: Array) -> Array:
    """Return what the candidate hears of the state: (r h) W_hnᵀ + b_hn."""
    return affine(r * h, *of_candidate(params))


def of_candidate(params: Params) -> tuple[Array, Array | None]:
    """Return W_hn (H, H) and b_hn (H,)."""
    start, bias = 2 * params.weight_hh.shape[1], params.bias_hh
    return params.weight_hh[start:], None if bias is None else bias[start:]


def mixed(z: Array, n: Array, h: Array, r: Array) -> Array:
    """Return the next state (1 − z) n + z h; the reset gate r has no say in it."""
    return (1 - z) * n + z * h


def gru(
    params: Params,
    x: Array,
    state: State,
    *,
    sigma: Activation = sigmoid,
    squash: Activation = np.tanh,
    heard: Callable[..., Any] = heard,
    recalled: Callable[..., Any] = recalled,
    opened: Callable[..., Any] = lambda r, z: (r, z),
    seen: Callable[..., Any] = reset_after,
    candidate: Callable[..., Any] = lambda x_n, h_n, r: x_n + h_n,
    mixed: Callable[..., Any] = mixed,
) -> State:
    """Return the next state (h,) of a GRU."""
    (h,) = state
    x_r, x_z, x_n = blocks(heard(params, x), 3)
    h_r, h_z, _ = blocks(recalled(params, h), 3)
    r, z = opened(sigma(x_r + h_r), sigma(x_z + h_z))
    n = squash(candidate(x_n, seen(params, r, h), r))
    return (mixed(z, n, h, r),)


STEPS: dict[Kind, Callable[..., State]] = {
    Kind.RNN_TANH: rnn,
    Kind.RNN_RELU: partial(rnn, squash=relu),
    Kind.LSTM: lstm,
    Kind.GRU: gru,
    Kind.GRU_RESET_BEFORE: partial(gru, seen=reset_before),
}
