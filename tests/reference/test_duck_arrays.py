"""The textbook runs on arrays that are not NumPy's, by NEP 13 and NEP 18 alone.

Allowances are derived by running it on such arrays, so nothing in it may write into a
buffer, convert its arguments, or call a function that does not dispatch.
"""

from typing import Any

import numpy as np
from scipy.special import expit

from refcheck.cell import Kind, Params
from tests.reference.networks import named, network, run, with_kinds, with_options

ARITHMETIC = {np.add, np.subtract, np.multiply, np.matmul}
UFUNCS = ARITHMETIC | {np.tanh, expit, np.maximum, np.heaviside}
FUNCTIONS = {np.concatenate, np.stack, np.where}


class Duck:
    """A wrapped array with the few operations that the textbook may use."""

    value: Any
    shape: tuple[int, ...]
    ndim: int
    dtype: Any

    def __init__(self, value: Any) -> None:
        """Wrap a plain array."""
        self.value = value
        self.shape, self.ndim, self.dtype = value.shape, value.ndim, value.dtype

    @property
    def T(self) -> "Duck":  # noqa: N802 - NumPy's name
        """The transpose."""
        return Duck(self.value.T)

    def __array__(self, *_: Any, **__: Any) -> Any:
        """Refuse to become a plain array."""
        message = "a duck array was converted"
        raise TypeError(message)

    def __getitem__(self, index: Any) -> "Duck":
        """Return some entries."""
        return Duck(self.value[index])

    def reshape(self, *shape: int) -> "Duck":
        """Return the same entries in another shape."""
        return Duck(self.value.reshape(*shape))

    def sum(self, axis: int) -> "Duck":
        """Return the sum over an axis."""
        return Duck(self.value.sum(axis=axis))

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any:
        """Answer for the elementwise functions, without ``out=``."""
        assert ufunc in UFUNCS
        assert method == "__call__"
        assert not options
        return Duck(ufunc(*map(unwrapped, inputs)))

    def __array_function__(
        self, function: Any, _: Any, args: Any, options: dict[str, Any]
    ) -> Any:
        """Answer for the functions that move entries about."""
        parts = [
            [unwrapped(a) for a in arg]
            if isinstance(arg, (list, tuple))
            else unwrapped(arg)
            for arg in args
        ]
        assert function in FUNCTIONS
        return Duck(function(*parts, **options))

    def __add__(self, other: Any) -> Any:
        """Add."""
        return np.add(self, other)

    def __sub__(self, other: Any) -> Any:
        """Subtract."""
        return np.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        """Subtract from a plain number."""
        return np.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        """Multiply."""
        return np.multiply(self, other)

    def __matmul__(self, other: Any) -> Any:
        """Multiply matrices."""
        return np.matmul(self, other)

    __radd__ = __add__
    __rmul__ = __mul__


def unwrapped(array: Any) -> Any:
    """Return the plain array."""
    return array.value if isinstance(array, Duck) else array


def duck(array: Any) -> Any:
    """Wrap an array, but not a bias that is None."""
    return None if array is None else Duck(array)


@with_options
@with_kinds
def test_duck_arrays_go_in_and_come_out(kind: Kind, options: dict[str, Any]) -> None:
    net = network(kind, **options)
    expected, expected_grads = run(net)

    reply, grads = run(
        net._replace(
            params=[Params(*map(duck, layer)) for layer in net.params],
            inputs=duck(net.inputs),
            state=tuple(map(duck, net.state)),
            grad_outputs=duck(net.grad_outputs),
            grad_state=tuple(map(duck, net.grad_state)),
        )
    )

    found: dict[str, Any] = named(*grads) | {"outputs": reply.outputs}
    assert {type(array) for array in found.values()} == {Duck}
    for name, array in (named(*expected_grads) | {"outputs": expected.outputs}).items():
        np.testing.assert_array_equal(found[name].value, array, name)


@with_kinds
def test_plain_arrays_may_stand_beside_duck_arrays(kind: Kind) -> None:
    net = network(kind, directions=2, lengths=[2, 4, 1])
    expected, expected_grads = run(net)

    reply, grads = run(net._replace(inputs=duck(net.inputs)))

    found: Any = (reply.outputs, grads.inputs)
    np.testing.assert_array_equal(found[0].value, expected.outputs)
    np.testing.assert_array_equal(found[1].value, expected_grads.inputs)
