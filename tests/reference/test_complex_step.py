"""The gradients are the derivatives that a step into the complex plane finds.

Source: Squire & Trapp (1998); no difference is taken, so no digit is lost.
"""

from typing import Any

import numpy as np
import pytest

from refcheck.cell import Kind
from tests.reference.networks import (
    Network,
    loss,
    named,
    network,
    run,
    with_array,
    with_kinds,
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


@with_kinds
def test_stacks_and_blocks_are_right_by_complex_step(kind: Kind) -> None:
    net = network(
        kind, layers=2, directions=2, lengths=[50, 8, 31], sizes=(50, 3, 2, 3)
    )
    _, grads = run(net)
    rng = np.random.default_rng(0)

    for name, grad in named(*grads).items():
        along = rng.uniform(-1, 1, grad.shape)
        array = named(net.params, net.inputs, net.state)[name] + 1j * STEP * along
        expected = loss(with_array(net, name, array)).imag / STEP
        scale = abs(grad * along).sum()
        np.testing.assert_allclose(
            (grad * along).sum(), expected, rtol=0, atol=1e-12 * scale, err_msg=name
        )
