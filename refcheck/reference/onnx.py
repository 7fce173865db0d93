"""ONNX's cells with options that change their equations, one step forward.

    LSTM  (1)  a = x W_ihᵀ + b_ih + h W_hhᵀ + b_hh                  (N, 4H)
          (2)  i = σ(a_i + P_i c),  f = σ(a_f + P_f c), or 1 − i,  g = φ(a_g)
          (3)  c⁺ = f c + i g
          (4)  o = σ(a_o + P_o c⁺),  h⁺ = o ψ(c⁺)                   (N, H)
    GRU   (1)  r, z = σ(a_r), σ(a_z)
          (2)  n = φ(a_x_n + r a_h_n), or with r h in the place of h: reset before
          (3)  h⁺ = (1 − z) n + z h
    RNN   (1)  h⁺ = φ(a)

σ, φ and ψ are the activations of the options, and what enters one is first cut to
±clip; c itself is not.  P are the peepholes.  Runtimes compute no gradients of them.

Source: the ONNX operator schemas RNN, LSTM and GRU, opset 22.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import numpy as np

from refcheck.cell import Array, Kind, Params, State
from refcheck.errors import Unsupported
from refcheck.reference.activation import cut, mixed, relu, sigmoid
from refcheck.reference.affine import add_bias, affine, gates
from refcheck.reference.equations import Equations

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "Tanh": np.tanh,
    "Sigmoid": sigmoid,
    "Relu": relu,
}
DEFAULT = {
    Kind.ONNX_RNN: ("Tanh",),
    Kind.ONNX_GRU: ("Sigmoid", "Tanh"),
    Kind.ONNX_LSTM: ("Sigmoid", "Tanh", "Tanh"),
}


@dataclass(frozen=True)
class Options:
    """What the attributes of an ONNX cell change in its equations."""

    activations: tuple[str, ...] = ()  # σ, φ, ψ as far as the cell has them
    clip: float | None = None
    coupled: bool = False  # input_forget of an LSTM: f = 1 − i
    reset_after: bool = False  # linear_before_reset of a GRU

    def activation(self, kind: Kind, which: int) -> Callable[[Array], Array]:
        """Return σ, φ or ψ, with what enters it cut to ±clip."""
        name = (self.activations or DEFAULT[kind])[which]
        return partial(_clipped, ACTIVATIONS[name], self.clip)


def equations(kind: Kind, options: Options) -> Equations:
    """Return the equations of ``kind`` with these options; they go forward alone.

    Raises:
        KeyError: if an activation is not one of ACTIVATIONS.
    """
    count = len(DEFAULT[kind])
    functions = [options.activation(kind, k) for k in range(count)]
    step = partial(_STEPS[kind], options, functions)
    return Equations(step, _forward_alone, _forward_alone)


def _clipped(function: Any, clip: float | None, a: Array) -> Array:
    return function(a if clip is None else cut(a, clip))


def _lstm(
    options: Options, functions: Any, params: Params, a_x: Array, state: State
) -> tuple[State, None]:
    sigma, phi, psi = functions
    h, c = state
    a = a_x + affine(h, params.weight_hh, params.bias_hh)  # (1)
    a_i, a_f, a_g, a_o = gates(a, 4)
    p_i, p_f, _, p_o = _peepholes(params, h.shape[1])
    i = sigma(a_i + p_i * c)  # (2)
    f = 1 - i if options.coupled else sigma(a_f + p_f * c)  # (2)
    c_next = f * c + i * phi(a_g)  # (3)
    o = sigma(a_o + p_o * c_next)  # (4)
    return (o * psi(c_next), c_next), None


def _peepholes(params: Params, size: int) -> list[Array]:
    """Return P_i, P_f, one that nobody reads, and P_o; zeros if there are none."""
    p = params.peephole
    return [0] * 4 if p is None else [p[k * size : (k + 1) * size] for k in range(4)]


def _gru(
    options: Options, functions: Any, params: Params, a_x: Array, state: State
) -> tuple[State, None]:
    sigma, phi = functions
    (h,) = state
    size = h.shape[1]
    w_rz, w_n = params.weight_hh[: 2 * size], params.weight_hh[2 * size :]
    b_rz, b_n = (
        (None, None)
        if params.bias_hh is None
        else (params.bias_hh[: 2 * size], params.bias_hh[2 * size :])
    )
    a_x_r, a_x_z, a_x_n = gates(a_x, 3)
    a_h_r, a_h_z = gates(affine(h, w_rz, b_rz), 2)
    r, z = sigma(a_x_r + a_h_r), sigma(a_x_z + a_h_z)  # (1)
    after = options.reset_after
    q = r * affine(h, w_n, b_n) if after else add_bias((r * h) @ w_n.T, b_n)  # (2)
    n = phi(a_x_n + q)  # (2)
    return (mixed(z, n, h),), None  # (3)


def _rnn(
    _: Options, functions: Any, params: Params, a_x: Array, state: State
) -> tuple[State, None]:
    (h,) = state
    return (functions[0](a_x + affine(h, params.weight_hh, params.bias_hh)),), None


_STEPS = {Kind.ONNX_LSTM: _lstm, Kind.ONNX_GRU: _gru, Kind.ONNX_RNN: _rnn}


def _forward_alone(*_: Any) -> NoReturn:
    message = "ONNX's cells with options of their own have no gradients here"
    raise Unsupported(message)
