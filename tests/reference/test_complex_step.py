"""The gradients are the derivatives that a step into the complex plane finds.

Source: Squire & Trapp (1998); no difference is taken, so no digit is lost.
"""

from typing import Any, NamedTuple

import numpy as np
import pytest

from refcheck.cell import Kind
from refcheck.dual import Dual
from refcheck.reference.sequence import forward
from refcheck.rounding import exact
from tests.reference.networks import (
    Network,
    loss,
    named,
    network,
    run,
    with_array,
    with_kinds,
    with_options,
)

STEP = 1e-30  # its square is below the last digit of anything


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@with_kinds
def test_every_gradient_is_the_derivative_by_complex_step(
    kind: Kind, bias: bool
) -> None:
    net = network(kind, bias=bias, directions=2, lengths=[2, 4, 1], sizes=(4, 3, 2, 3))
    _, grads = run(net)
    expected = {
        name: np.reshape(
            [slope(net, name, place) for place in np.ndindex(array.shape)], array.shape
        )
        for name, array in named(net.params, net.inputs, net.state).items()
    }

    for name, grad in named(*grads).items():
        scale = abs(grad).max()
        np.testing.assert_allclose(grad, expected[name], rtol=0, atol=1e-12 * scale)


def slope(net: Network, name: str, place: tuple[int, ...]) -> Any:
    """Return the derivative of the loss by one entry of one array."""
    array = named(net.params, net.inputs, net.state)[name].astype(complex)
    array[place] += 1j * STEP
    return loss(with_array(net, name, array)).imag / STEP


# projections: ⟨Jᵀu, v⟩ against the derivative along v, in every option ----------------


@with_options
@with_kinds
def test_the_gradients_meet_the_complex_step_along_a_direction(
    kind: Kind, options: dict[str, Any]
) -> None:
    net = network(kind, **options)
    along = direction(net)
    if net.inputs.shape[0] > FEW_STEPS:
        by_balls(net, along)
        return
    stepped = changed(net, lambda name, a: a + 1j * STEP * along[name])
    pulled = projected(run(net)[1], along)

    allowed = budget(net, along)

    assert abs(pulled - loss(stepped).imag / STEP) <= allowed
    assert allowed < 1e-9 * size(net, along)


@with_kinds
def test_a_millionth_on_nearly_any_entry_is_more_than_a_projection_allows(
    kind: Kind,
) -> None:
    net = network(kind)
    along = direction(net)
    moved = [
        abs(1e-6 * g * along[name]).ravel() for name, g in named(*run(net)[1]).items()
    ]

    seen = np.concatenate(moved) > budget(net, along)

    assert seen.mean() > 0.9


def direction(net: Network) -> dict[str, Any]:
    """Draw a direction, along which every array moves."""
    rng = np.random.default_rng(5)
    arrays = named(net.params, net.inputs, net.state)
    return {name: rng.uniform(-1, 1, a.shape) for name, a in arrays.items()}


def changed(net: Network, change: Any) -> Network:
    """Return the network with each of its arrays changed."""
    for name, array in named(net.params, net.inputs, net.state).items():
        net = with_array(net, name, change(name, array))
    return net


def projected(grads: Any, along: dict[str, Any]) -> Any:
    """Return ⟨Jᵀu, v⟩."""
    return sum((g * along[name]).sum() for name, g in named(*grads).items())


def size(net: Network, along: dict[str, Any]) -> float:
    """Return the sum of the magnitudes of its terms."""
    terms = {name: abs(v) for name, v in along.items()}
    grads = named(*run(net)[1])
    return float(sum((abs(g) * terms[name]).sum() for name, g in grads.items()))


def budget(net: Network, along: dict[str, Any]) -> float:
    """Return what rounding explains: in backpropagation, and in forward mode.

    A step into the complex plane rounds as dual numbers do: the square of the step is
    below the last digit of anything, so that a product is a ḃ + ȧ b.
    """
    backward = projected(run(changed(net, lambda _, a: exact(a)))[1], along)
    lifted = changed(net, lambda name, a: Dual(exact(a), exact(along[name])))
    pushed = pushed_forward(lifted, lambda found: found.slope)
    return float(backward.allowance + pushed.allowance)


def pushed_forward(net: Network, slope: Any) -> Any:
    """Return ⟨u, J v⟩ of a network whose arrays carry their derivatives along v."""
    reply, _ = forward(
        net.kind,
        net.params,
        net.inputs,
        net.state,
        net.lengths,
        directions=net.directions,
    )
    found = zip(
        (reply.outputs, *reply.state), (net.grad_outputs, *net.grad_state), strict=True
    )
    return sum((slope(y) * pull).sum() for y, pull in found)


# a bound over a hundred steps says nothing, but balls of 256 bits still do ------------

FEW_STEPS = 10


class Pair(NamedTuple):
    """A ball and its derivative: what an entry of an object array may be."""

    x: Any
    d: Any

    def __add__(self, other: Any) -> "Pair":
        y = pair(other)
        return Pair(self.x + y.x, self.d + y.d)

    def __mul__(self, other: Any) -> "Pair":
        y = pair(other)
        return Pair(self.x * y.x, self.d * y.x + self.x * y.d)

    def __rsub__(self, other: Any) -> "Pair":
        return pair(other) + self * -1

    def __gt__(self, other: Any) -> bool:
        return bool(self.x > other)

    def tanh(self) -> "Pair":
        y = self.x.tanh()
        return Pair(y, (1 - y * y) * self.d)

    __radd__ = __add__
    __rmul__ = __mul__


def pair(number: Any) -> Pair:
    return number if isinstance(number, Pair) else Pair(number, 0)


def by_balls(net: Network, along: dict[str, Any]) -> None:
    """Assert that backpropagation and forward mode agree, both to 30 digits."""
    flint = pytest.importorskip("flint")
    ball = np.frompyfunc(lambda x: flint.arb(float(x)), 1, 1)
    both = np.frompyfunc(lambda x, d: Pair(flint.arb(x), flint.arb(d)), 2, 1)
    slope = np.frompyfunc(lambda y: pair(y).d, 1, 1)
    with flint.ctx.workprec(256):
        pulled = projected(run(changed(net, lambda _, a: ball(a)))[1], along)
        pushed = pushed_forward(
            changed(net, lambda name, a: both(a, along[name])), slope
        )

        assert (pulled - pushed).overlaps(flint.arb(0))
        assert float((pulled - pushed).abs_upper()) < 1e-30 * size(net, along)
