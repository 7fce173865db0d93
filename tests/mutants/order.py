"""Cells that read in the wrong order, or mix up the two directions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Params, Reply
from refcheck.reference.cell import ReferenceCell


class ReadsOtherInputs(ReferenceCell):
    """A cell to which other inputs are given than it says."""

    def instead(self, inputs: Array) -> Array:
        return inputs

    def forward(self, case: Case) -> Reply:
        return super().forward(case.but(inputs=self.instead(case.inputs)))

    def backward(self, case: Case) -> Gradients:
        return super().backward(case.but(inputs=self.instead(case.inputs)))


class ReadsOneStepAhead(ReadsOtherInputs):
    """At step t the inputs of step t + 1 are read."""

    def instead(self, inputs: Array) -> Array:
        return np.concatenate([inputs[1:], inputs[-1:]])


class ReadsTheMean(ReadsOtherInputs):
    """Every step reads the mean of all inputs: a bag, not a sequence."""

    def instead(self, inputs: Array) -> Array:
        mean = inputs.mean(axis=0, keepdims=True, dtype=inputs.dtype)
        return np.repeat(mean, len(inputs), axis=0)


class ReadsTheLastInput(ReadsOtherInputs):
    """A closure over the loop variable: every step reads the last input."""

    def instead(self, inputs: Array) -> Array:
        return np.repeat(inputs[-1:], len(inputs), axis=0)


class SortsItsInputs(ReadsOtherInputs):
    """Inputs are put in ascending order over time."""

    def instead(self, inputs: Array) -> Array:
        return np.sort(inputs, axis=0)


class InputGradientReversed(ReferenceCell):
    """Gradients of the inputs are appended from the last step to the first."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        return found._replace(inputs=found.inputs[::-1])


class InnerLayersReadAhead(ReferenceCell):
    """Layers above the first read the outputs below them one step too early."""

    def forward(self, case: Case) -> Reply:
        spec = case.spec
        if spec.num_layers == 1 or spec.bidirectional:
            return super().forward(case)
        replies, inputs = [], case.inputs
        for k, params in enumerate(self.params(case)):
            one = _layer(case, k, inputs, params)
            replies.append(super().forward(one))
            outputs = replies[-1].outputs
            inputs = np.concatenate([outputs[1:], outputs[-1:]])
        states = zip(*(reply.state for reply in replies), strict=True)
        return Reply(replies[-1].outputs, tuple(np.concatenate(s) for s in states))


def _layer(case: Case, k: int, inputs: Array, params: Params) -> Case:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    own = {f"{n}_l0": a for n, a in zip(names, params, strict=True) if a is not None}
    return case.but(
        spec=replace(case.spec, num_layers=1, input_size=inputs.shape[2]),
        params=own,
        inputs=inputs,
        state=None if case.state is None else tuple(s[k : k + 1] for s in case.state),
    )


class Halved(ReferenceCell):
    """A mutant of the two halves of the outputs (T, N, H) each, if there are two."""

    def joined(self, ahead: Array, back: Array) -> Array:
        return np.concatenate([ahead, back], axis=2)

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        if not case.spec.bidirectional:
            return Reply(outputs, state)
        ahead, back = np.split(outputs, 2, axis=2)
        return Reply(self.joined(ahead, back), state)


class HalvesExchanged(Halved):
    """The backward half comes first."""

    def joined(self, ahead: Array, back: Array) -> Array:
        return np.concatenate([back, ahead], axis=2)


class HalvesInterleaved(Halved):
    """Units of both directions are stacked on a last axis, then flattened."""

    def joined(self, ahead: Array, back: Array) -> Array:
        return np.stack([ahead, back], axis=3).reshape(*ahead.shape[:2], -1)


class BackwardAloneTwice(Halved):
    """Only the backward direction is run, and shown in both halves."""

    def joined(self, ahead: Array, back: Array) -> Array:
        return np.concatenate([back, back], axis=2)


class BackwardInOrderOfReading(Halved):
    """Outputs of the backward direction are not flipped back."""

    def joined(self, ahead: Array, back: Array) -> Array:
        return np.concatenate([ahead, back[::-1]], axis=2)


class BackwardReadsForward(ReferenceCell):
    """The backward direction of a single layer reads the inputs as they come."""

    def forward(self, case: Case) -> Reply:
        right = super().forward(case)
        if case.spec.depth != 2 or not case.spec.bidirectional:
            return right
        flipped = super().forward(case.but(inputs=case.inputs[::-1], lengths=None))
        ahead, back = (np.split(r.outputs, 2, axis=2) for r in (right, flipped))
        states = zip(right.state, flipped.state, strict=True)
        return Reply(
            np.concatenate([ahead[0], back[1][::-1]], axis=2),
            tuple(np.stack([a[0], b[1]]) for a, b in states),
        )


class BackwardFinalStateAtTheLastStep(ReferenceCell):
    """The backward direction's final h is read off the last step."""

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        if not case.spec.bidirectional:
            return Reply(outputs, state)
        h = state[0].copy()
        h[-1] = outputs[-1, :, case.spec.hidden_size :]
        return Reply(outputs, (h, *state[1:]))


class BackwardStartsFromTheForwardState(ReferenceCell):
    """Both directions start from the state of the forward one."""

    def forward(self, case: Case) -> Reply:
        if case.state is None or not case.spec.bidirectional:
            return super().forward(case)
        state: Any = tuple(np.repeat(s[::2], 2, axis=0) for s in case.state)
        return super().forward(case.but(state=state))


class InputGradientOfOneDirection(ReferenceCell):
    """The backward direction's gradient of the inputs is not added."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        if not case.spec.bidirectional or case.spec.num_layers > 1:
            return found
        heard = case.grad_outputs.copy()
        heard[:, :, case.spec.hidden_size :] = 0
        d_state = tuple(np.concatenate([d[:1], d[1:] * 0]) for d in case.grad_state)
        ahead = super().backward(case.but(grad_outputs=heard, grad_state=d_state))
        return found._replace(inputs=ahead.inputs)


class UpperLayersReadOneHalf(ReferenceCell):
    """A layer above a bidirectional one reads its forward half alone."""

    def params(self, case: Case) -> list[Params]:
        params, size = super().params(case), case.spec.hidden_size
        if not case.spec.bidirectional:
            return params
        above = [p._replace(weight_ih=p.weight_ih.copy()) for p in params[2:]]
        for p in above:
            p.weight_ih[:, size:] = 0
        return [*params[:2], *above]


MUTANTS: dict[str, Callable[[], Cell]] = {
    "inputs-read-one-step-ahead": lambda: ReadsOneStepAhead(Kind.GRU),
    "inputs-averaged-over-time": lambda: ReadsTheMean(Kind.LSTM),
    "last-input-read-at-every-step": lambda: ReadsTheLastInput(Kind.RNN_TANH),
    "inputs-sorted-over-time": lambda: SortsItsInputs(Kind.GRU),
    "input-gradient-in-reversed-order": lambda: InputGradientReversed(Kind.LSTM),
    "upper-layers-read-one-step-ahead": lambda: InnerLayersReadAhead(Kind.RNN_TANH),
    "halves-exchanged": lambda: HalvesExchanged(Kind.LSTM),
    "halves-interleaved": lambda: HalvesInterleaved(Kind.GRU),
    "backward-direction-alone-twice": lambda: BackwardAloneTwice(Kind.RNN_RELU),
    "backward-outputs-in-order-of-reading": lambda: BackwardInOrderOfReading(Kind.GRU),
    "backward-direction-reads-forward": lambda: BackwardReadsForward(Kind.LSTM),
    "backward-final-state-is-the-one-at-the-last-step": lambda: (
        BackwardFinalStateAtTheLastStep(Kind.LSTM)
    ),
    "backward-direction-starts-from-the-forward-state": lambda: (
        BackwardStartsFromTheForwardState(Kind.GRU)
    ),
    "input-gradient-of-the-forward-direction-alone": lambda: (
        InputGradientOfOneDirection(Kind.RNN_TANH)
    ),
    "upper-layers-read-the-forward-half-alone": lambda: UpperLayersReadOneHalf(
        Kind.LSTM
    ),
}
