"""The axes in which a callable takes its arrays, and the way to them and back.

One convention serves inputs, outputs, states and their gradients.  Axes are moved or
named, never dropped to make an answer fit: an array that has too many or too few comes
out with the wrong shape.
"""

from enum import Enum

import numpy as np

from refcheck.cell import Array
from refcheck.errors import Unsupported


class Axes(Enum):
    """How one step's arrays lie; a sequence has time in front."""

    ROWS = "rows: x (N, D), state (N, H)"
    LAYERS = "rows, and layers in front of the state: x (N, D), state (1, N, H)"
    COLUMNS = "columns: x (D, N), state (H, N)"
    VECTORS = "vectors, one row at a time: x (D,), state (H,)"

    def own_sequence(self, array: Array) -> Array:
        """Return (T, N, ·) as the target has it."""
        if self is Axes.COLUMNS:
            return np.swapaxes(array, 1, 2)
        if self is Axes.VECTORS:
            _require_one(array.shape[1], "rows")
            return array[:, 0]
        return array

    def own_state(self, state: Array) -> Array:
        """Return (1, N, H) as the target has it."""
        if self is Axes.LAYERS:
            return state
        _require_one(state.shape[0], "layers")
        rows: Array = state[0]
        if self is Axes.COLUMNS:
            return rows.T
        if self is Axes.VECTORS:
            _require_one(state.shape[1], "rows")
            rows = rows[0]
        return rows

    def sequence(self, array: Array) -> Array:
        """Return what the target has as (T, N, ·) in these axes."""
        if self is Axes.COLUMNS and array.ndim == 3:
            return np.swapaxes(array, 1, 2)
        if self is Axes.VECTORS and array.ndim > 0:
            return np.expand_dims(array, 1)
        return array

    def state(self, array: Array) -> Array:
        """Return what the target has as (1, N, H) in these axes."""
        if self is Axes.LAYERS:
            return array
        if self is Axes.COLUMNS and array.ndim == 2:
            return array.T[None]
        return array[None, None] if self is Axes.VECTORS else array[None]


def _require_one(found: int, what: str) -> None:
    if found != 1:
        message = f"the target takes one of the {what} at a time, not {found}."
        raise Unsupported(message)
