"""Activations hold in every type of number, at both tails and at the kink."""

from dataclasses import dataclass
from math import tanh
from typing import Any

import numpy as np
import pytest

from refcheck.cell import Kind
from refcheck.reference.activation import relu, relu_slope, sigmoid
from refcheck.reference.sequence import backward, forward
from tests.reference.networks import close, named, network, run, with_kinds

STEP = 1e-30
POINTS = np.array([-800.0, -40.0, -1.5, -1e-9, 0.0, 1e-9, 1.5, 40.0, 800.0])
REAL = [np.float32, np.float64, np.longdouble]


@dataclass(frozen=True)
class Number:
    """A number of a type that NumPy does not know."""

    value: float

    def __add__(self, other: Any) -> "Number":
        """Add."""
        return Number(self.value + plain(other))

    def __sub__(self, other: Any) -> "Number":
        """Subtract."""
        return Number(self.value - plain(other))

    def __rsub__(self, other: Any) -> "Number":
        """Subtract from a plain number."""
        return Number(plain(other) - self.value)

    def __mul__(self, other: Any) -> "Number":
        """Multiply."""
        return Number(self.value * plain(other))

    def __gt__(self, other: Any) -> bool:
        """Compare."""
        return self.value > plain(other)

    def tanh(self) -> "Number":
        """Return tanh; NumPy calls it for arrays of objects."""
        return Number(tanh(self.value))

    __radd__ = __add__
    __rmul__ = __mul__


def plain(number: Any) -> float:
    """Return the value of a number, whether it is ours or plain."""
    return number.value if isinstance(number, Number) else float(number)


as_numbers = np.vectorize(Number, otypes=[object])
as_floats = np.vectorize(plain, otypes=[float])


@pytest.mark.parametrize("dtype", REAL)
def test_the_sigmoid_is_right_to_the_last_digits_on_both_tails(dtype: Any) -> None:
    a = POINTS[1:-1].astype(dtype)

    s = sigmoid(a)

    expected = 1 / (1 + np.exp(-a.astype(np.longdouble)))
    np.testing.assert_allclose(s, expected, rtol=4 * float(np.finfo(dtype).eps))
    assert s.dtype == dtype


def test_the_sigmoid_saturates_without_a_warning() -> None:
    assert sigmoid(POINTS)[[0, -1]].tolist() == [0.0, 1.0]


def test_a_complex_step_through_the_sigmoid_is_its_slope() -> None:
    s = sigmoid(POINTS + 1j * STEP)

    close(s.real, sigmoid(POINTS))
    close(s.imag / STEP, sigmoid(POINTS) * (1 - sigmoid(POINTS)))


@pytest.mark.parametrize("dtype", REAL)
def test_relu_is_the_positive_part_and_flat_at_0(dtype: Any) -> None:
    a = POINTS.astype(dtype)

    np.testing.assert_array_equal(relu(a), np.where(a > 0, a, 0))
    assert relu_slope(a).tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert {relu(a).dtype, relu_slope(a).dtype} == {np.dtype(dtype)}


def test_relu_decides_by_the_real_part() -> None:
    a = POINTS - 1j * STEP

    assert relu_slope(a).tolist() == relu_slope(POINTS).tolist()
    np.testing.assert_array_equal(relu(a).imag / STEP, -relu_slope(POINTS))


@with_kinds
def test_numbers_of_any_type_run_through_the_textbook(kind: Kind) -> None:
    net = network(kind, lengths=[2, 4, 1], directions=2)
    reply, grads = run(net)
    params = [type(p)(*map(as_numbers, p)) for p in net.params]
    state = tuple(map(as_numbers, net.state))

    numbers, tapes = forward(
        kind, params, as_numbers(net.inputs), state, net.lengths, directions=2
    )
    number_grads = backward(kind, params, tapes, net.grad_outputs, net.grad_state)

    close(as_floats(numbers.outputs), reply.outputs)
    for name, array in named(*number_grads).items():
        close(as_floats(array), named(*grads)[name], name)
