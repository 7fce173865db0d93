"""The gradients over two steps are those that symbolic calculus finds for one.

SymPy differentiates the equations of one step.  Tangents are then carried forward from
step to step, so that nothing is shared with backpropagation.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import sympy

from refcheck.cell import Array, Kind, Params
from tests.reference.networks import Network, network, run

SIZES = (2, 1, 2, 1)  # T, N, D, H

sigmoid = np.vectorize(lambda a: 1 / (1 + sympy.exp(-a)), otypes=[object])
tanh = np.vectorize(sympy.tanh, otypes=[object])


def lstm(w: Params, x: Array, h: Array, c: Array) -> list[Any]:
    """Hochreiter & Schmidhuber (1997), with the forget gate of Gers et al. (2000)."""
    i, f, g, o = np.split(w.weight_ih @ x + w.bias_ih + w.weight_hh @ h + w.bias_hh, 4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return [*(sigmoid(o) * tanh(c)), *c]


def gru(w: Params, x: Array, h: Array) -> list[Any]:
    """Cho et al. (2014), reset after the product."""
    r_x, z_x, n_x = np.split(w.weight_ih @ x + w.bias_ih, 3)
    r_h, z_h, n_h = np.split(w.weight_hh @ h + w.bias_hh, 3)
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    return [*((1 - z) * tanh(n_x + r * n_h) + z * h)]


def gru_reset_before(w: Params, x: Array, h: Array) -> list[Any]:
    """Cho et al. (2014), equations 5 to 8."""
    r_x, z_x, n_x = np.split(w.weight_ih @ x + w.bias_ih + w.bias_hh, 3)
    w_r, w_z, w_n = np.split(w.weight_hh, 3)
    r, z = sigmoid(r_x + w_r @ h), sigmoid(z_x + w_z @ h)
    return [*((1 - z) * tanh(n_x + w_n @ (r * h)) + z * h)]


CELLS: dict[Kind, Callable[..., list[Any]]] = {
    Kind.LSTM: lstm,
    Kind.GRU: gru,
    Kind.GRU_RESET_BEFORE: gru_reset_before,
}


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.value)
def test_every_gradient_is_the_symbolic_derivative(kind: Kind) -> None:
    net = network(kind, sizes=SIZES)

    _, grads = run(net)

    found = flat([*grads.params[0], grads.inputs, *grads.state])
    expected = forward_mode(net, differentiated(net))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


class Step(NamedTuple):
    """One step at some point: the next state, and its Jacobian in three parts."""

    state: Array  # (S,)
    by_params: Array  # (S, P)
    by_x: Array  # (S, D)
    by_state: Array  # (S, S)


def differentiated(net: Network) -> Callable[[Array, Array, Array], Step]:
    """Return the step as a function of parameters (P,), x (D,) and state (S,)."""
    weights: list[Any] = [a for a in net.params[0] if a is not None]
    shapes = [a.shape for a in weights] + [net.inputs.shape[2:]]
    shapes += [s.shape[2:] for s in net.state]
    arrays = [letters(f"s{k}_", shape) for k, shape in enumerate(shapes)]
    following = sympy.Matrix(CELLS[net.kind](Params(*arrays[:4]), *arrays[4:]))
    symbols = flat(arrays)
    exact = sympy.lambdify(symbols, [following, following.jacobian(symbols)], cse=True)

    def step(params: Array, x: Array, state: Array) -> Step:
        following, jacobian = exact(*params, *x, *state)
        cuts = [params.size, params.size + x.size]
        return Step(following[:, 0], *np.split(jacobian, cuts, axis=1))

    return step


def forward_mode(net: Network, step: Callable[[Array, Array, Array], Step]) -> Array:
    """Return the gradient of the loss by parameters, inputs and first state."""
    params, state = flat(net.params[0]), flat(net.state)
    before = np.zeros((state.size, params.size + net.inputs.size))
    tangent = np.hstack([before, np.eye(state.size)])  # (S, all arguments)
    gradient = np.zeros(tangent.shape[1])
    place = params.size
    for x, grad in zip(net.inputs[:, 0], net.grad_outputs[:, 0], strict=True):
        state, by_params, by_x, by_state = step(params, x, state)
        tangent = by_state @ tangent
        tangent[:, : params.size] += by_params
        tangent[:, place : place + x.size] += by_x
        gradient += grad @ tangent[: grad.size]
        place += x.size
    return np.asarray(gradient + flat(net.grad_state) @ tangent)


def letters(name: str, shape: tuple[int, ...]) -> Array:
    """Return an array of symbols."""
    symbols = sympy.symbols(f"{name}:{int(np.prod(shape))}")
    return np.array(symbols, dtype=object).reshape(shape)


def flat(arrays: Any) -> Array:
    """Return the entries of all arrays in a row."""
    return np.concatenate([array.ravel() for array in arrays if array is not None])
