"""Small networks of every kind, drawn from a seed, for the tests of the textbook."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from refcheck.cell import Array, Kind, Params, Reply, State, Textbook
from refcheck.reference.equations import EQUATIONS
from refcheck.reference.sequence import backward, forward

OPTIONS: dict[str, dict[str, Any]] = {
    "one layer": {},
    "two layers": {"layers": 2},
    "three layers, both directions": {"layers": 3, "directions": 2},
    "without bias": {"layers": 2, "bias": False},
    "both directions without bias": {"directions": 2, "bias": False},
    "lengths": {"lengths": [2, 4, 1]},
    "lengths, two layers, both directions": {
        "lengths": [2, 1, 4],
        "layers": 2,
        "directions": 2,
    },
    "no row as long as the padding": {"lengths": [2, 3, 1], "directions": 2},
    "T = 1": {"sizes": (1, 3, 2, 5), "directions": 2},
    "N = 1": {"sizes": (4, 1, 2, 5), "layers": 2},
    "D = H": {"sizes": (4, 3, 5, 5), "layers": 2},
    "H = 1": {"sizes": (4, 3, 2, 1), "directions": 2},
    "several blocks without bias": {"sizes": (100, 3, 2, 5), "bias": False},
    "several blocks and lengths": {
        "sizes": (100, 3, 2, 5),
        "directions": 2,
        "lengths": [99, 7, 60],
    },
}

with_options = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
with_kinds = pytest.mark.parametrize("kind", EQUATIONS, ids=lambda kind: kind.value)


class Network(NamedTuple):
    """The arguments of the textbook's forward and backward call."""

    kind: Kind
    params: Sequence[Params]
    inputs: Array  # (T, N, D)
    state: State  # each (L, N, H)
    lengths: Array | None
    directions: int
    grad_outputs: Array  # (T, N, directions*H)
    grad_state: State  # each (L, N, H)


def network(
    kind: Kind,
    *,
    layers: int = 1,
    directions: int = 1,
    bias: bool = True,
    lengths: Sequence[int] | None = None,
    sizes: tuple[int, int, int, int] = (4, 3, 2, 5),
    dtype: Any = float,
) -> Network:
    """Draw a network; ``sizes`` are T, N, D, H."""
    rng = np.random.default_rng(sum(sizes) + layers + directions)
    time, batch, input_size, h = sizes
    rows, depth = kind.gates * h, layers * directions

    def draw(*shape: int) -> Array:
        return rng.uniform(-1, 1, shape).astype(dtype)

    def biases() -> tuple[Array | None, Array | None]:
        return (draw(rows), draw(rows)) if bias else (None, None)

    widths = [input_size if k < directions else directions * h for k in range(depth)]
    return Network(
        kind,
        [Params(draw(rows, width), draw(rows, h), *biases()) for width in widths],
        draw(time, batch, input_size),
        tuple(draw(depth, batch, h) for _ in range(kind.states)),
        None if lengths is None else np.array(lengths),
        directions,
        draw(time, batch, directions * h),
        tuple(draw(depth, batch, h) for _ in range(kind.states)),
    )


def close(left: Array, right: Array, name: str = "") -> None:
    """Assert that two arrays agree, in double precision."""
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12, err_msg=name)


def run(net: Network) -> tuple[Reply, Textbook]:
    """Return what the textbook answers, forward and backward."""
    reply, tapes = forward(
        net.kind,
        net.params,
        net.inputs,
        net.state,
        net.lengths,
        directions=net.directions,
    )
    grads = backward(net.kind, net.params, tapes, net.grad_outputs, net.grad_state)
    return reply, grads


def loss(net: Network) -> Any:
    """Return ⟨outputs, grad_outputs⟩ + ⟨state, grad_state⟩."""
    reply, _ = forward(
        net.kind,
        net.params,
        net.inputs,
        net.state,
        net.lengths,
        directions=net.directions,
    )
    states = zip(reply.state, net.grad_state, strict=True)
    return (reply.outputs * net.grad_outputs).sum() + sum(
        (array * grad).sum() for array, grad in states
    )


def named(params: Sequence[Params], inputs: Array, state: State) -> dict[str, Array]:
    """Return the arrays of a network or of its gradients by name, biases if any."""
    arrays = {
        f"{name} of {k}": array
        for k, layer in enumerate(params)
        for name, array in layer._asdict().items()
        if array is not None
    }
    states = {f"state {k}": array for k, array in enumerate(state)}
    return arrays | {"inputs": inputs} | states


def with_array(net: Network, name: str, array: Array) -> Network:
    """Return the network with one of its ``named`` arrays replaced."""
    if name == "inputs":
        return net._replace(inputs=array)
    field, _, place = name.rpartition(" ")
    if field == "state":
        states = [*net.state]
        states[int(place)] = array
        return net._replace(state=tuple(states))
    layers = [*net.params]
    layers[int(place)] = layers[int(place)]._replace(**{field.split()[0]: array})
    return net._replace(params=layers)
