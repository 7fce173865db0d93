"""Cells whose rows see one another, or whose gradients are not sums over rows."""

from collections.abc import Callable

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Reply, State
from refcheck.reference.cell import ReferenceCell

BLOCK = 8  # rows that a kernel takes at a time


class OtherStates(ReferenceCell):
    """A cell whose rows start from other states than they should."""

    def started(self, case: Case, state: State) -> State:
        return state

    def forward(self, case: Case) -> Reply:
        if case.state is None:
            return super().forward(case)
        return super().forward(case.but(state=self.started(case, case.state)))


class FirstRowForAll(OtherStates):
    """The state of the first row is broadcast over the batch."""

    def started(self, case: Case, state: State) -> State:
        return tuple(np.repeat(s[:, :1], case.batch, axis=1) for s in state)


class BlocksShareAState(OtherStates):
    """Rows are taken eight at a time, each time with the states of the first eight."""

    def started(self, case: Case, state: State) -> State:
        return tuple(s[:, np.arange(case.batch) % BLOCK] for s in state)


class StateNotSorted(OtherStates):
    """Rows are sorted by their length, but their states are not."""

    def started(self, case: Case, state: State) -> State:
        if case.lengths is None:
            return state
        return tuple(s[:, np.argsort(-case.lengths, kind="stable")] for s in state)


class CentredOverRows(ReferenceCell):
    """The mean over the batch is taken off the inputs."""

    def forward(self, case: Case) -> Reply:
        mean = case.inputs.mean(axis=1, keepdims=True, dtype=case.inputs.dtype)
        return super().forward(case.but(inputs=case.inputs - mean))


class RowsPickedByAProduct(ReferenceCell):
    """Rows are picked by a product with ones and zeros, and 0 × NaN is NaN."""

    def forward(self, case: Case) -> Reply:
        picks = np.eye(case.batch, dtype=case.inputs.dtype)
        return super().forward(case.but(inputs=picks @ case.inputs))


class GradientCentredOverRows(ReferenceCell):
    """The gradient of the inputs has the batch's mean taken off."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        mean = found.inputs.mean(axis=1, keepdims=True, dtype=found.inputs.dtype)
        return found._replace(inputs=found.inputs - mean)


class SingleRowAveraged(ReferenceCell):
    """A batch of one is squeezed, and a broadcast averages its units."""

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        if case.batch > 1:
            return Reply(outputs, state)
        mean = outputs.mean(axis=2, keepdims=True, dtype=outputs.dtype)
        return Reply(np.repeat(mean, outputs.shape[2], axis=2), state)


class OtherParameterGradients(ReferenceCell):
    """A cell that adds the gradients of other rows than it should."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        params = {name: self.summed(name, g, case) for name, g in found.params.items()}
        return found._replace(params=params)

    def summed(self, name: str, gradient: Array, case: Case) -> Array:
        return gradient

    def of_rows(self, name: str, case: Case, rows: slice) -> Array:
        return ReferenceCell.backward(self, case.rows(rows)).params[name]


class AveragedOverRows(OtherParameterGradients):
    """Gradients of the parameters are means over the batch."""

    def summed(self, name: str, gradient: Array, case: Case) -> Array:
        return np.asarray(gradient / gradient.dtype.type(case.batch))


class BiasGradientOfTheLastRow(OtherParameterGradients):
    """Gradients of the biases are those of the last row."""

    def summed(self, name: str, gradient: Array, case: Case) -> Array:
        last = slice(case.batch - 1, case.batch)
        return self.of_rows(name, case, last) if "bias" in name else gradient


class WeightGradientOfTheFirstRows(OtherParameterGradients):
    """Gradients of the weights leave out the rows beyond a block of eight."""

    def summed(self, name: str, gradient: Array, case: Case) -> Array:
        if "weight" not in name or case.batch <= BLOCK:
            return gradient
        return self.of_rows(name, case, slice(BLOCK))


class SingleRowHalved(OtherParameterGradients):
    """For a batch of one, the gradients are those of a loss half as large."""

    def summed(self, name: str, gradient: Array, case: Case) -> Array:
        return gradient / 2 if case.batch == 1 else gradient


MUTANTS: dict[str, Callable[[], Cell]] = {
    "state-of-the-first-row-in-every-row": lambda: FirstRowForAll(Kind.LSTM),
    "rows-beyond-eight-share-a-state": lambda: BlocksShareAState(Kind.GRU),
    "state-not-sorted-with-the-rows": lambda: StateNotSorted(Kind.GRU),
    "inputs-centred-over-rows": lambda: CentredOverRows(Kind.RNN_TANH),
    "rows-picked-by-a-product": lambda: RowsPickedByAProduct(Kind.LSTM),
    "input-gradient-centred-over-rows": lambda: GradientCentredOverRows(Kind.GRU),
    "a-single-row-is-averaged": lambda: SingleRowAveraged(Kind.LSTM),
    "parameter-gradient-averaged-over-rows": lambda: AveragedOverRows(Kind.RNN_RELU),
    "bias-gradient-of-the-last-row-alone": lambda: BiasGradientOfTheLastRow(Kind.LSTM),
    "weight-gradient-of-the-first-eight-rows": lambda: WeightGradientOfTheFirstRows(
        Kind.GRU
    ),
    "gradient-of-a-single-row-halved": lambda: SingleRowHalved(Kind.RNN_TANH),
}
