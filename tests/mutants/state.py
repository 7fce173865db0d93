"""Cells that lose, exchange, invent or keep a state."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Reply, State
from refcheck.reference.cell import ReferenceCell
from tests.mutants.batching import OtherStates
from tests.mutants.shared_parameters import Stepped, silenced, with_params


class NoBiasWithoutAState(Stepped):
    """Without a state, the first step leaves the recurrent bias out."""

    def altered(self, one: Case, t: int) -> Case:
        return with_params(one, silenced("bias_hh")) if one.state is None else one


class StartsFromOnes(ReferenceCell):
    """Without a state, a cell starts from ones."""

    first = 0  # array of the state that does

    def forward(self, case: Case) -> Reply:
        if case.state is not None:
            return super().forward(case)
        state = [np.zeros_like(g) for g in case.grad_state]
        state[self.first] += 1
        return super().forward(case.but(state=tuple(state)))


class StartsFromAMemoryOfOnes(StartsFromOnes):
    """Without a state, c starts from ones."""

    first = 1


class NoGradientAtFirstWithoutAState(Stepped):
    """Without a state, the gradients of the first step are not added."""

    def backward(self, case: Case) -> Gradients:
        self._left_out = case.state is None
        return super().backward(case)

    def counted(self, name: str, gradient: Array, t: int, time: int) -> Array:
        return gradient * 0 if self._left_out and t == 0 else gradient


class InitialCellStateIgnored(OtherStates):
    """Every sequence starts from c = 0."""

    def started(self, case: Case, state: State) -> State:
        return state[0], np.zeros_like(state[1])


class FirstLayerForAll(OtherStates):
    """Every layer starts from the state of the first."""

    def started(self, case: Case, state: State) -> State:
        return tuple(np.repeat(s[:1], len(s), axis=0) for s in state)


class RowsReversed(OtherStates):
    """The rows of the state are read from the last to the first."""

    def started(self, case: Case, state: State) -> State:
        return tuple(s[:, ::-1] for s in state)


class InitialStatesExchanged(OtherStates):
    """The state is taken as (c, h) and given back as (h, c)."""

    def started(self, case: Case, state: State) -> State:
        return state[::-1]


class FinalLayersReversed(ReferenceCell):
    """Final states come back from the top layer down."""

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        return Reply(outputs, tuple(s[::-1] for s in state))


class DirectionsBeforeLayers(ReferenceCell):
    """States are ordered by direction first, on the way in and on the way out."""

    def forward(self, case: Case) -> Reply:
        layers, sides = case.spec.num_layers, case.spec.directions
        order = np.arange(layers * sides).reshape(sides, layers).T.reshape(-1)
        if case.state is not None:
            case = case.but(state=tuple(s[order] for s in case.state))
        outputs, state = super().forward(case)
        return Reply(outputs, tuple(s[np.argsort(order)] for s in state))


class StateGradientNeverReturned(ReferenceCell):
    """The gradient of the initial state is zeros."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        return found._replace(state=tuple(d * 0 for d in found.state))


class OtherFinalState(ReferenceCell):
    """A cell that returns another final state than it has come to."""

    def ended(self, case: Case, reply: Reply) -> Any:
        return reply.state

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        return reply._replace(state=self.ended(case, reply))


class FinalStatesAreZeros(OtherFinalState):
    """The final state is allocated and never written."""

    def ended(self, case: Case, reply: Reply) -> Any:
        return tuple(s * 0 for s in reply.state)


class FinalStateOfThePaddedEnd(OtherFinalState):
    """Outputs heed the lengths of the rows, the final state does not."""

    def ended(self, case: Case, reply: Reply) -> Any:
        return ReferenceCell.forward(self, case.but(lengths=None)).state


class HiddenForBoth(OtherFinalState):
    """The final h is returned for c, too."""

    def ended(self, case: Case, reply: Reply) -> Any:
        return reply.state[0], reply.state[0]


class MemoryForBoth(OtherFinalState):
    """The final c is returned for h, too."""

    def ended(self, case: Case, reply: Reply) -> Any:
        return reply.state[1], reply.state[1]


class HiddenAlone(OtherFinalState):
    """Only h comes back."""

    def ended(self, case: Case, reply: Reply) -> Any:
        return reply.state[:1]


class StateBroadcast(OtherFinalState):
    """Products with the recurrent weights are elementwise, and broadcast the state."""

    def ended(self, case: Case, reply: Reply) -> Any:
        width = reply.state[0].shape[-1]
        return tuple(np.repeat(s[..., None], width, axis=-1) for s in reply.state)


class OtherOutputs(ReferenceCell):
    """A cell whose outputs come in another shape."""

    def shown(self, outputs: Array) -> Array:
        return outputs

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        return Reply(self.shown(outputs), state)


class OneRowSqueezed(OtherOutputs):
    """A batch of one loses its axis."""

    def shown(self, outputs: Array) -> Array:
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs


class OneStepSqueezed(OtherOutputs):
    """A sequence of one step loses its axis."""

    def shown(self, outputs: Array) -> Array:
        return outputs[0] if len(outputs) == 1 else outputs


class BatchComesFirst(OtherOutputs):
    """Outputs have the batch first, though nobody has asked for it."""

    def shown(self, outputs: Array) -> Array:
        return outputs.swapaxes(0, 1)


class ZeroRowsHold(Stepped):
    """A row of zeros is taken for padding: its state does not move."""

    def settled(self, one: Case, reply: Reply) -> Reply:
        read = one.inputs[0].any(axis=1)[:, None]
        old = one.state or tuple(np.zeros_like(s) for s in reply.state)
        pairs = zip(reply.state, old, strict=True)
        return reply._replace(state=tuple(np.where(read, a, b) for a, b in pairs))


class ZeroRowsReset(Stepped):
    """A row of zeros is taken for the beginning of another sequence."""

    def altered(self, one: Case, t: int) -> Case:
        if one.state is None:
            return one
        read = one.inputs[0].any(axis=1)[:, None]
        state = tuple((s * read).astype(s.dtype) for s in one.state)
        return one.but(state=state)


class ZeroInputsEndTheRow(ReferenceCell):
    """Lengths that are not given are guessed from zeros at the end."""

    def forward(self, case: Case) -> Reply:
        steps = np.arange(1, case.time + 1)[:, None]
        guessed = (case.inputs.any(axis=2) * steps).max(axis=0)
        lengths = guessed if case.lengths is None else case.lengths
        return super().forward(case.but(lengths=lengths))


class NoInputBiasForZeros(Stepped):
    """The input product is left out, bias and all, where there is nothing to read."""

    def altered(self, one: Case, t: int) -> Case:
        return one if one.inputs.any() else with_params(one, silenced("bias_ih_l0"))


class Remembering(ReferenceCell):
    """A cell that keeps the final state of a call for another of the same shape."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._kept: dict[Any, State] = {}

    def forward(self, case: Case) -> Reply:
        reply = super().forward(self.continued(case))
        self.keep(case, reply)
        return reply

    def continued(self, case: Case) -> Case:
        return case if case.state else case.but(state=self._kept.get(self.key(case)))

    def keep(self, case: Case, reply: Reply) -> None:
        self._kept[self.key(case)] = reply.state

    def key(self, case: Case) -> Any:
        return case.spec, case.batch


class RemembersTheFirst(Remembering):
    """Every sequence starts where the first of its shape has ended."""

    def keep(self, case: Case, reply: Reply) -> None:
        self._kept.setdefault(self.key(case), reply.state)


class RemembersStatesGiven(Remembering):
    """A state that is passed in once is used until another one is."""

    def keep(self, case: Case, reply: Reply) -> None:
        if case.state is not None:
            self._kept[self.key(case)] = case.state


class RemembersGradients(Remembering):
    """A call for gradients leaves its final state behind."""

    def keep(self, case: Case, reply: Reply) -> None:
        return

    def backward(self, case: Case) -> Gradients:
        self._kept[self.key(case)] = ReferenceCell.forward(self, case).state
        return super().backward(case)


class RemembersLengths(ReferenceCell):
    """Lengths are those of the last call with as many rows and steps."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._lengths: dict[Any, Any] = {}

    def forward(self, case: Case) -> Reply:
        key, lengths = (case.batch, case.time), case.lengths
        if lengths is not None:
            case = case.but(lengths=self._lengths.get(key, lengths))
            self._lengths[key] = lengths
        return super().forward(case)


class AddsToItsGradients(ReferenceCell):
    """Gradients of the parameters are added to those of the call before."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._sums: dict[Any, Any] = {}

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        before = self._sums.get(case.spec, {})
        params = {name: g + before.get(name, 0) for name, g in found.params.items()}
        self._sums[case.spec] = params
        return found._replace(params=params)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "recurrent-bias-left-out-without-a-state": lambda: NoBiasWithoutAState(Kind.GRU),
    "default-state-is-one": lambda: StartsFromOnes(Kind.RNN_TANH),
    "default-cell-state-is-one": lambda: StartsFromAMemoryOfOnes(Kind.LSTM),
    "first-step-gradient-left-out-without-a-state": lambda: (
        NoGradientAtFirstWithoutAState(Kind.LSTM)
    ),
    "initial-c-ignored": lambda: InitialCellStateIgnored(Kind.LSTM),
    "initial-state-of-the-first-layer-everywhere": lambda: FirstLayerForAll(Kind.GRU),
    "rows-of-the-state-reversed": lambda: RowsReversed(Kind.RNN_TANH),
    "initial-h-and-c-exchanged": lambda: InitialStatesExchanged(Kind.LSTM),
    "layers-of-the-final-state-reversed": lambda: FinalLayersReversed(Kind.GRU),
    "directions-before-layers-in-the-state": lambda: DirectionsBeforeLayers(Kind.LSTM),
    "state-gradient-never-returned": lambda: StateGradientNeverReturned(Kind.LSTM),
    "final-states-are-zeros": lambda: FinalStatesAreZeros(Kind.RNN_RELU),
    "final-state-of-the-padded-end": lambda: FinalStateOfThePaddedEnd(Kind.LSTM),
    "h-returned-for-both": lambda: HiddenForBoth(Kind.LSTM),
    "c-returned-for-both": lambda: MemoryForBoth(Kind.LSTM),
    "h-alone-comes-back": lambda: HiddenAlone(Kind.LSTM),
    "state-broadcast-against-the-weights": lambda: StateBroadcast(Kind.RNN_TANH),
    "one-row-is-squeezed": lambda: OneRowSqueezed(Kind.GRU),
    "one-step-is-squeezed": lambda: OneStepSqueezed(Kind.LSTM),
    "outputs-come-batch-first": lambda: BatchComesFirst(Kind.RNN_RELU),
    "zero-rows-hold-the-state": lambda: ZeroRowsHold(Kind.GRU),
    "zero-rows-reset-the-state": lambda: ZeroRowsReset(Kind.LSTM),
    "zero-inputs-end-the-row": lambda: ZeroInputsEndTheRow(Kind.RNN_TANH),
    "input-bias-left-out-of-zero-rows": lambda: NoInputBiasForZeros(Kind.GRU),
    "state-of-the-last-call-kept": lambda: Remembering(Kind.LSTM),
    "state-of-the-first-call-kept": lambda: RemembersTheFirst(Kind.GRU),
    "state-kept-once-it-was-given": lambda: RemembersStatesGiven(Kind.RNN_TANH),
    "state-kept-after-gradients": lambda: RemembersGradients(Kind.LSTM),
    "lengths-of-the-last-call-kept": lambda: RemembersLengths(Kind.GRU),
    "gradients-added-to-those-of-the-last-call": lambda: AddsToItsGradients(Kind.LSTM),
}
