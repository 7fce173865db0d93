"""Cells that make something fit that does not."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Kind, Reply
from refcheck.reference.cell import ReferenceCell


class MisfitError(ValueError):
    """What was given does not fit."""


class Careful(ReferenceCell):
    """A right cell that refuses whatever does not fit."""

    def forward(self, case: Case) -> Reply:
        case = self.fitted(case)
        spec, rows = case.spec, (case.spec.depth, case.batch, case.spec.hidden_size)
        _require(case.inputs.shape[2] == spec.input_size, "inputs")
        _require(case.inputs.dtype.name == spec.dtype, "dtype")
        if case.state is not None:
            _require(len(case.state) == self.kind.states, "number of states")
            _require(all(s.shape == rows for s in case.state), "state")
        if case.lengths is not None:
            _require(case.lengths.shape == (case.batch,), "number of lengths")
            known = np.isin(case.lengths, np.arange(case.time + 1))
            _require(bool(known.all()), "lengths")
        return super().forward(case)

    def fitted(self, case: Case) -> Case:
        """Return the case as this cell would have it."""
        return case


class InputsCutToSize(Careful):
    """Surplus inputs are cut off."""

    def fitted(self, case: Case) -> Case:
        return case.but(inputs=case.inputs[..., : case.spec.input_size])


class StateCutToSize(Careful):
    """Surplus units of the state are cut off."""

    def fitted(self, case: Case) -> Case:
        return _with_states(case, lambda s: s[..., : case.spec.hidden_size])


class MisfitStateIgnored(Careful):
    """A state of another size is replaced by zeros."""

    def fitted(self, case: Case) -> Case:
        if case.state is None or case.state[0].shape[2] == case.spec.hidden_size:
            return case
        return case.but(state=None)


class LengthsCutToTime(Careful):
    """A length beyond the end means the end."""

    def fitted(self, case: Case) -> Case:
        if case.lengths is None:
            return case
        return case.but(lengths=np.minimum(case.lengths, case.time))


class SurplusRowsDropped(Careful):
    """Surplus rows of the state are dropped."""

    def fitted(self, case: Case) -> Case:
        return _with_states(case, lambda s: s[:, : case.batch])


class LengthsTakenAsTheyCome(Careful):
    """Negative lengths count as 0, halves are rounded, surplus ones are dropped."""

    def fitted(self, case: Case) -> Case:
        if case.lengths is None:
            return case
        lengths = np.maximum(np.ceil(case.lengths[: case.batch]), 0).astype(int)
        return case.but(lengths=lengths)


class InputsCast(Careful):
    """Inputs are cast to the dtype of the parameters."""

    def fitted(self, case: Case) -> Case:
        return case.but(inputs=case.inputs.astype(case.spec.dtype))


def _with_states(case: Case, change: Callable[[Array], Any]) -> Case:
    return case.but(state=case.state and tuple(change(s) for s in case.state))


def _require(fits: bool, what: str) -> None:
    if not fits:
        raise MisfitError(what)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "inputs-cut-to-size": lambda: InputsCutToSize(Kind.LSTM),
    "state-cut-to-size": lambda: StateCutToSize(Kind.GRU),
    "misfit-state-ignored": lambda: MisfitStateIgnored(Kind.LSTM),
    "lengths-cut-to-time": lambda: LengthsCutToTime(Kind.RNN_TANH),
    "surplus-rows-dropped": lambda: SurplusRowsDropped(Kind.LSTM),
    "lengths-taken-as-they-come": lambda: LengthsTakenAsTheyCome(Kind.GRU),
    "inputs-are-cast": lambda: InputsCast(Kind.LSTM),
}
