"""Derivatives of NumPy code in reverse: arrays that remember what they were made from.

A ``Traced`` array goes through operators, ufuncs and a few functions of NumPy (NEP 13
and NEP 18).  Each result keeps, for every array that it was made from, a function that
pulls a gradient back to it; ``pull_back`` walks them from the last result to the first.
What decides but does not vary (comparisons, signs) comes out as a plain array.

    value    = f(x)           what the code computes
    pull(ḡ)  = ḡ ∂f/∂x        elementwise, with axes that f had broadcast summed up

Source: Griewank & Walther (2008), "Evaluating derivatives", chapter 3.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from scipy.special import expit

from refcheck.cell import Array

Pull = Callable[[Array], Array]

# The derivatives of y = f(a, …) by each argument.  A tie of two goes to the second, so
# that ReLU has the slope 0 at 0, as in PyTorch.
SLOPES: dict[Any, Callable[..., tuple[Any, ...]]] = {
    np.add: lambda _, a, b: (1, 1),
    np.subtract: lambda _, a, b: (1, -1),
    np.multiply: lambda _, a, b: (b, a),
    np.true_divide: lambda y, a, b: (1 / b, -y / b),
    np.power: lambda _, a, n: (n * a ** (n - 1), 0),  # for a constant n
    np.negative: lambda _, a: (-1,),
    np.absolute: lambda _, a: (np.sign(a),),
    np.sqrt: lambda y, a: (0.5 / y,),
    np.exp: lambda y, a: (y,),
    np.tanh: lambda y, a: (1 - y * y,),
    expit: lambda y, a: (y * (1 - y),),
    np.logaddexp: lambda y, a, b: (np.exp(a - y), np.exp(b - y)),
    np.maximum: lambda _, a, b: (a > b, a <= b),
    np.minimum: lambda _, a, b: (a < b, a >= b),
    np.where: lambda _, c, a, b: (0, c, np.logical_not(c)),
    np.nan_to_num: lambda _, a: (np.isfinite(a),),
}
MOVES = {np.broadcast_to, np.repeat, np.take_along_axis}
_numbers = count()


class Traced(NDArrayOperatorsMixin):
    """An array, with what it was made from and how gradients are pulled back there."""

    def __init__(
        self, value: Array, sources: Sequence[tuple["Traced", Pull]] = ()
    ) -> None:
        """Trace ``value``; without sources it is something to differentiate by."""
        self.value = np.asarray(value)
        self.sources = sources
        self.number = next(_numbers)  # a source has a smaller number than its results
        self.shape, self.dtype = self.value.shape, self.value.dtype
        self.ndim, self.size = self.value.ndim, self.value.size

    @property
    def T(self) -> "Traced":  # noqa: N802 - NumPy's name
        """The transposed array."""
        return self.moved(np.transpose)

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return len(self.value)

    def __getitem__(self, index: Any) -> "Traced":
        """Return entries; an index that is traced itself does not vary."""
        return self.moved(lambda a: a[index])

    def reshape(self, *shape: Any) -> "Traced":
        """Return the array in another shape."""
        return self.moved(lambda a: a.reshape(*shape))

    def transpose(self, *axes: Any) -> "Traced":
        """Return the array with its axes in another order."""
        return self.moved(lambda a: a.transpose(*axes))

    def astype(self, dtype: Any) -> "Traced":
        """Return the array in another dtype; its gradient comes back in this one."""
        return Traced(self.value.astype(dtype), [(self, lambda g: g)])

    def any(self, axis: Any = None) -> Array:
        """Return where there is an entry other than 0: a plain array."""
        return self.value.any(axis=axis)

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> "Traced":
        """Return the sum over one axis or several."""
        kept = self.value.sum(axis=axis, keepdims=True)
        value = self.value.sum(axis=axis, keepdims=keepdims)
        back = [(self, lambda g: np.broadcast_to(g.reshape(kept.shape), self.shape))]
        return Traced(value, back)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        """Return the mean over one axis or several."""
        total: Any = self.sum(axis, keepdims=keepdims)
        return total / (self.size // total.size)

    def moved(self, move: Callable[[Array], Array]) -> "Traced":
        """Return entries in other places, as a function of any array puts them."""
        places = move(np.arange(self.size).reshape(self.shape))

        def pull(g: Array) -> Array:
            landed = np.bincount(places.ravel(), g.ravel(), self.size)
            return landed.reshape(self.shape)

        return Traced(move(self.value), [(self, pull)])

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any:
        """Apply a ufunc to the values; products and SLOPES can be pulled back."""
        plain = [untraced(a) for a in inputs]
        value = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.matmul:
            left, right = plain
            pulls: list[Pull] = [
                lambda g: g @ right.swapaxes(-1, -2),
                lambda g: left.swapaxes(-1, -2) @ g,
            ]
            return _result(value, inputs, pulls)
        if ufunc not in SLOPES:
            return value
        return _sloped(ufunc, value, inputs)

    def __array_function__(
        self, function: Any, _types: Any, args: Any, options: Any
    ) -> Any:
        """Apply one of the functions of NumPy that are known here."""
        if function in (np.concatenate, np.stack):
            return _joined(function, *args, **options)
        if function in SLOPES:
            return _sloped(function, function(*map(untraced, args), **options), args)
        if function in MOVES:
            array, *rest = args
            return array.moved(lambda a: function(a, *rest, **options))
        if function is np.clip:
            a, low, high = args
            return np.minimum(np.maximum(a, low), high)
        return function(*map(untraced, args), **options)


def untraced(array: Any) -> Any:
    """Return the plain array: nothing is pulled back through it."""
    return array.value if isinstance(array, Traced) else array


def passing(array: Any, back: Pull) -> Any:
    """Return the array as it is; what is pulled back through it is changed."""
    return Traced(array.value, [(array, back)]) if isinstance(array, Traced) else array


def pulled_as(value: Any, other: Any) -> Any:
    """Return the value; what is pulled back goes through ``other`` in its place."""
    if isinstance(other, Traced):
        return Traced(untraced(value), [(other, lambda g: g)])
    return untraced(value)


def pull_back(
    results: Sequence[tuple[Any, Array]], wanted: Sequence[Traced]
) -> list[Array]:
    """Return Σ ∂result/∂wanted · gradient over (result, gradient), for each wanted.

    Raises:
        ValueError: if a gradient has not the shape of its result.
    """
    gradients: dict[int, Array] = {}
    traced = [(y, g) for y, g in results if isinstance(y, Traced)]
    for result, gradient in traced:
        if result.shape != gradient.shape:
            message = f"a gradient {gradient.shape} of a result {result.shape}"
            raise ValueError(message)
        _add(gradients, result, gradient)
    for node in _behind([result for result, _ in traced]):
        for source, pull in node.sources:
            with np.errstate(all="ignore"):
                _add(gradients, source, pull(gradients[node.number]))
    return [
        gradients.get(array.number, np.zeros(array.shape, array.dtype))
        for array in wanted
    ]


def _behind(results: list[Traced]) -> list[Traced]:
    """Return the results and all that they were made from, the last made first."""
    reached: dict[int, Traced] = {}
    waiting = list(results)
    while waiting:
        node = waiting.pop()
        if node.number not in reached:
            reached[node.number] = node
            waiting += [source for source, _ in node.sources]
    return [reached[number] for number in sorted(reached, reverse=True)]


def _add(gradients: dict[int, Array], source: Traced, part: Array) -> None:
    """Add a part in the dtype of what it belongs to, summed over broadcast axes."""
    surplus = tuple(range(part.ndim - source.ndim))
    part = part.sum(axis=surplus) if surplus else part
    spread = tuple(
        k for k, n in enumerate(source.shape) if n == 1 and part.shape[k] > 1
    )
    part = part.sum(axis=spread, keepdims=True) if spread else part
    part = np.asarray(part, source.dtype)
    before = gradients.get(source.number)
    gradients[source.number] = part if before is None else before + part


def _result(value: Array, inputs: Sequence[Any], pulls: Sequence[Pull]) -> Traced:
    pairs = zip(inputs, pulls, strict=True)
    return Traced(value, [(a, pull) for a, pull in pairs if isinstance(a, Traced)])


def _sloped(function: Any, value: Array, inputs: Sequence[Any]) -> Traced:
    with np.errstate(all="ignore"):
        slopes = SLOPES[function](value, *map(untraced, inputs))
    return _result(value, inputs, [partial(np.multiply, s) for s in slopes])


def _joined(function: Any, arrays: Sequence[Any], axis: int = 0) -> Traced:
    value = function([untraced(a) for a in arrays], axis=axis)
    if function is np.stack:
        pulls = [partial(np.take, indices=k, axis=axis) for k in range(len(arrays))]
    else:
        ends = np.cumsum([a.shape[axis] for a in arrays])[:-1]
        pulls = [partial(_part, k, ends, axis) for k in range(len(arrays))]
    return _result(value, arrays, pulls)


def _part(k: int, ends: Array, axis: int, g: Array) -> Array:
    return np.split(g, ends, axis)[k]
