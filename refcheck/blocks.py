"""Blocks of rows, one for each gate, that are not the textbook's: how they convert.

A cell may keep a block in another place, with another sign, or transposed, and compute
the same thing.  Where it does is data, and converts exactly: entries are moved and
negated, nothing is rounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from refcheck.cell import Array, Params


@dataclass(frozen=True)
class Blocks:
    """What is said of the blocks of a target; by default nothing is unusual."""

    negated: str = ""  # gates whose rows have the other sign
    transposed: bool = False  # each gate's recurrent block is Wᵀ
    interleaved: bool = False  # the rows of the gates take turns, unit by unit

    def turned(self, params: Params, gates: str) -> Params:
        """Negate and transpose blocks, here in ``gates``' order; that undoes itself."""
        for gate in self.negated:
            params = _each(params, partial(_on_block, gates, gate, _negative))
        if self.transposed:
            blocks = _split(params.weight_hh, gates)
            whole = np.concatenate([block.T for block in blocks])
            params = params._replace(weight_hh=whole)
        return params


def reordered(array: Array, source: str, target: str) -> Array:
    """Return blocks of rows, one for each gate in ``source``, in ``target``'s order.

    A gate that ``source`` lacks has zeros; what ``target`` lacks is left out.
    """
    if source == target:
        return array
    rows = dict(zip(source, _split(array, source), strict=True))
    size = array.shape[0] // len(source)
    nothing = np.zeros((size, *array.shape[1:]), array.dtype)
    return np.concatenate([rows.get(gate, nothing) for gate in target])


def apart(array: Array, gates: str) -> Array:
    """Return blocks one after the other, of rows that take turns unit by unit."""
    return array[_turns(array, gates)]


def in_turns(array: Array, gates: str) -> Array:
    """Return rows that take turns unit by unit, of blocks one after the other."""
    return array[np.argsort(_turns(array, gates))]


def _turns(array: Array, gates: str) -> Array:
    return np.arange(array.shape[0]).reshape(-1, len(gates)).T.ravel()


def _each(params: Params, change: Callable[[Array], Array]) -> Params:
    return Params(*(None if a is None else change(a) for a in params))


def _split(array: Array, gates: str) -> list[Array]:
    size = array.shape[0] // len(gates)
    return [array[k * size :][:size] for k in range(len(gates))]


def _on_block(gates: str, gate: str, change: Callable[[Any], Any], a: Array) -> Array:
    """Return the array with the block of one gate changed."""
    blocks = zip(gates, _split(a, gates), strict=True)
    return np.concatenate([change(b) if g == gate else b for g, b in blocks])


def _negative(block: Array) -> Array:
    return -block
