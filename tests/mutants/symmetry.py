"""Cells whose hidden units are not equal, or see more of each other than they may."""

from collections.abc import Callable

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Kind, Params
from refcheck.reference.cell import ReferenceCell


class Reweighted(ReferenceCell):
    """A cell that uses other recurrent weights than it is given."""

    def params(self, case: Case) -> list[Params]:
        return [
            p._replace(weight_hh=self.recurrent(p.weight_hh).astype(p.weight_hh.dtype))
            for p in super().params(case)
        ]

    def recurrent(self, weight: Array) -> Array:
        return weight


class LastUnitsLeftOutOfFour(Reweighted):
    """Products run over blocks of four units; the remainder is forgotten."""

    def recurrent(self, weight: Array) -> Array:
        whole = weight.shape[1] // 4 * 4
        kept = np.arange(weight.shape[1]) < whole if whole else True
        return np.where(kept, weight, 0)


class FirstUnitHeardTwice(Reweighted):
    """A loop over units starts at 0 after the first was added already."""

    def recurrent(self, weight: Array) -> Array:
        return weight * np.where(np.arange(weight.shape[1]) == 0, 2, 1)


class UnitsCentredTogether(Reweighted):
    """The mean over the hidden units is taken off what they say."""

    def recurrent(self, weight: Array) -> Array:
        return np.asarray(weight - weight.mean(axis=1, keepdims=True))


class RecurrentWeightsScaledByWidth(Reweighted):
    """Recurrent weights are divided by the root of H."""

    def recurrent(self, weight: Array) -> Array:
        return np.asarray(weight / np.sqrt(weight.shape[1]))


MUTANTS: dict[str, Callable[[], Cell]] = {
    "last-units-left-out-of-four": lambda: LastUnitsLeftOutOfFour(Kind.GRU),
    "first-unit-heard-twice": lambda: FirstUnitHeardTwice(Kind.LSTM),
    "units-are-centred-together": lambda: UnitsCentredTogether(Kind.LSTM),
    "recurrent-weights-scaled-by-width": lambda: RecurrentWeightsScaledByWidth(
        Kind.RNN_TANH
    ),
}
