"""Objects that keep arrays: their parameters, the state between calls, copies of them.

Without a way to reset it, an object keeps its state between sequences and nothing is
done about it: that is for a law to see.
"""

import copy
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from refcheck.cell import Array
from refcheck.errors import TargetError


@dataclass(frozen=True)
class Memory:
    """Where an object keeps its state, and how it is made to forget it."""

    attributes: tuple[str, ...] = ()  # one for each array, or one for all of them
    resets: bool = False  # it has a method reset()
    first: Mapping[str, Any] = field(default_factory=dict)  # as the object was built

    def begin(self, thing: Any, state: Sequence[Any] | None) -> None:
        """Let a sequence start from ``state``, or from the object's own."""
        if self.resets:
            thing.reset()
        elif state is None:
            for name, value in self.first.items():
                setattr(thing, name, copy.deepcopy(value))
        if state is not None and self.attributes:
            several = len(self.attributes) > 1 or len(state) == 1
            values = state if several else [tuple(state)]
            for name, value in zip(self.attributes, values, strict=True):
                setattr(thing, name, value)

    def kept(self, thing: Any) -> list[Any]:
        """Return the arrays of the state that the object has now."""
        values = [getattr(thing, name) for name in self.attributes]
        one = len(values) == 1 and isinstance(values[0], tuple | list)
        return list(values[0]) if one else values


def arrays_of(thing: Any) -> dict[str, Array]:
    """Return the public float arrays among the attributes, views of others aside."""
    found: dict[str, Array] = {}
    for name, value in getattr(thing, "__dict__", {}).items():
        if name.startswith("_") or not _settable(value):
            continue
        if not any(np.shares_memory(value, other) for other in found.values()):
            found[name] = value
    return found


def duplicate(thing: Any) -> Any:
    """Return a deep copy in which views still share memory with what they view."""
    memo: dict[int, Any] = {}
    for value in getattr(thing, "__dict__", {}).values():
        if isinstance(value, np.ndarray) and isinstance(value.base, np.ndarray):
            memo[id(value)] = _view(value, value.base, memo)
    return copy.deepcopy(thing, memo)


def _view(view: Array, base: Array, memo: dict[int, Any]) -> Array:
    """Return the view of the copy of ``base`` that ``view`` is of ``base``."""
    own = memo.setdefault(id(base), base.copy(order="K"))
    start = view.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    memory = own.ravel(order="K")
    return np.ndarray(view.shape, view.dtype, memory, start, view.strides)


def _settable(value: Any) -> bool:
    floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return floats and value.flags.writeable


def memory_of(thing: Any, named: str, name: str) -> Memory:
    """Return where ``thing`` keeps its state, by what the user has named.

    Raises:
        TargetError: if it has no such attribute.
    """
    attributes = tuple(part.strip() for part in named.split(",") if part.strip())
    for attribute in attributes:
        if not hasattr(thing, attribute):
            close = difflib.get_close_matches(attribute, vars(thing), cutoff=0.3)
            meant = " or ".join(close or list(vars(thing))) or "none"
            message = (
                f"{name} has no attribute {attribute!r}, expected one where it keeps "
                f"its state; declare --state-attr {meant}."
            )
            raise TargetError(message)
    return Memory(attributes, resets=callable(getattr(thing, "reset", None)))
