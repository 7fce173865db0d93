"""Arrays as workers get and give them: exact, in JSON or as raw bytes behind it."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from refcheck.cell import Array
from refcheck.protocol import PAYLOAD_FROM, Numbers

SPELT = ("nan", "inf", "-inf")  # what JSON has no numbers for


class Garbled(Exception):  # noqa: N818 - what the other side did, not our error
    """A message is not what the protocol says."""


def numbers(array: Array, payload: bytearray | None = None) -> Numbers:
    """Return ``array`` as a message holds it.

    A large one goes to the end of ``payload``, if there is one.
    """
    dtype = array.dtype
    little = np.ascontiguousarray(array, dtype.newbyteorder("<"))
    shape = list(array.shape)
    if payload is None or array.nbytes < PAYLOAD_FROM:
        return Numbers(dtype.name, shape, data=little.tobytes())
    at = len(payload)
    payload += little.tobytes()
    return Numbers(dtype.name, shape, at=at)


def array(found: Numbers, payload: bytes = b"") -> Array:
    """Return the array that a message holds.

    Raises:
        Garbled: if it does not say which numbers, or not as many as its shape asks for.
    """
    dtype = np.dtype(found.dtype).newbyteorder("<")
    size = math.prod(found.shape)
    given = [f for f in ("data", "values", "at") if getattr(found, f) is not None]
    if len(given) != 1:
        message = f"an array has {' and '.join(given) or 'no data'}, expected one of "
        raise Garbled(message + "data, values and at")
    if found.values is not None:
        return _written(found.values, found, size)
    start = found.at or 0
    raw = found.data
    if raw is None:
        raw = payload[start : start + size * dtype.itemsize]
    if len(raw) != size * dtype.itemsize:
        message = (
            f"an array of shape {tuple(found.shape)} in {found.dtype} has {len(raw)} "
            f"bytes, expected {size * dtype.itemsize}"
        )
        raise Garbled(message)
    own: Array = np.frombuffer(raw, dtype).astype(dtype.newbyteorder("="))
    return own.reshape(found.shape)


def _written(values: Sequence[Any], found: Numbers, size: int) -> Array:
    """Return numbers that were written out, flat or nested."""
    flat = [_number(v) for v in _flat(values)]
    if len(flat) != size:
        message = (
            f"an array of shape {tuple(found.shape)} has {len(flat)} values, "
            f"expected {size}"
        )
        raise Garbled(message)
    wide = np.array(flat, float)
    with np.errstate(over="ignore", invalid="ignore"):
        own: Array = wide.astype(found.dtype)
    if np.any(np.isfinite(wide) & ~np.isfinite(own)):
        message = f"a value is beyond the range of {found.dtype}"
        raise Garbled(message)
    return own.reshape(found.shape)


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if value in SPELT:
        return float(value)
    message = f"{value!r} stands among values, expected numbers or one of {SPELT}"
    raise Garbled(message)
