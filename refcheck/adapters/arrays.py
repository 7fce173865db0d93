"""NumPy arrays as a case asks for them: own memory, own strides, aligned.

Kernels may take another path on unaligned buffers, and round differently.  Whatever is
handed over therefore starts at a multiple of 64 bytes, unless the case asks for an
offset.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from refcheck.cell import Array

ALIGNMENT = 64  # bytes: a cache line, and the widest vector register


def handed(array: Array, strides: str = "contiguous") -> Array:
    """Return an array of its own with these entries, laid out as ``strides`` says."""
    return VIEWS[strides](array) if array.ndim else array.copy()


def copied(found: Any) -> Array:
    """Return what a target returned, in an array that shares no memory with it.

    Raises:
        AnswerError: if it is not an array of numbers.
    """
    array = np.array(found)
    if array.dtype.kind not in "fcbiu":
        message = f"the target returned {described(found)} where an array was expected."
        raise AnswerError(message)
    return array


def stacked(arrays: list[Array]) -> Array:
    """Return the outputs of all steps, one above another.

    Raises:
        AnswerError: if there are none, or their shapes differ.
    """
    shapes = dict.fromkeys(a.shape for a in arrays)
    if len(shapes) == 1:
        return np.stack(arrays)
    named = " and ".join(map(str, shapes)) or "no steps at all"
    message = f"the outputs of the steps have several shapes: {named}."
    raise AnswerError(message if shapes else "there are no steps.")


class AnswerError(TypeError):
    """What a target returned cannot be read as outputs and state, or as gradients."""


def described(found: Any) -> str:
    """Return a few words for what a target returned."""
    if isinstance(found, np.ndarray | np.generic):
        return f"an array of shape {found.shape}"
    if isinstance(found, tuple):
        return f"({', '.join(described(part) for part in found)})"
    return "None" if found is None else f"an object of type {type(found).__name__}"


def generic(shape: tuple[int, ...], start: int) -> Array:
    """Return an array without symmetry, for a trial call."""
    size = math.prod(shape)
    flat: Array = 0.5 * np.sin(1.0 + start + 1.7 * np.arange(size))
    return flat.reshape(shape)


class Weights:
    """The textbook's parameters: unpacked, or read by attribute or by key."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        """Hold ``arrays`` under their names, in order."""
        self.__dict__.update(arrays)

    def __getitem__(self, key: str | int) -> Array:
        """Return one by name, or by place."""
        arrays: Mapping[str, Array] = vars(self)
        return arrays[key] if isinstance(key, str) else list(arrays.values())[key]

    def __setitem__(self, key: str, value: Any) -> None:
        """Put something else in place of one, as a target may."""
        self.__dict__[key] = value

    def __iter__(self) -> Iterator[Array]:
        """Yield the arrays, not their names: they are unpacked as a tuple is."""
        return iter(vars(self).values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(vars(self))


def _empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    count = math.prod(shape) * dtype.itemsize
    raw: Array = np.empty(count + ALIGNMENT, np.uint8)
    start = -raw.__array_interface__["data"][0] % ALIGNMENT
    aligned: Array = raw[start : start + count].view(dtype)
    return aligned.reshape(shape)


def _contiguous(array: Array) -> Array:
    own = _empty(array.shape, array.dtype)
    own[...] = array
    return own


def _transposed(array: Array) -> Array:
    return _contiguous(array.T).T


def _sliced(array: Array) -> Array:
    wide = _empty((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[...] = np.nan  # what stands between the entries is not for the target to read
    wide[..., ::2] = array
    every_second: Array = wide[..., ::2]
    return every_second


def _offset(array: Array) -> Array:
    flat = _empty((array.size + 1,), array.dtype)
    own: Array = flat[1:].reshape(array.shape)
    own[...] = array
    return own


def _reversed(array: Array) -> Array:
    backwards = (slice(None, None, -1),) * array.ndim
    return _contiguous(array[backwards])[backwards]


VIEWS = {
    "contiguous": _contiguous,
    "transposed": _transposed,
    "sliced": _sliced,
    "offset": _offset,
    "reversed": _reversed,
}
