"""Cells that read, or pull at, what stands past the end of a row."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Cell, Gradients, Kind, Padding, Reply
from refcheck.reference.cell import ReferenceCell


def lasts(case: Case) -> Array:
    """Return the length of each row (N,)."""
    return np.full(case.batch, case.time) if case.lengths is None else case.lengths


def past(case: Case) -> Array:
    """Return where rows have ended (T, N, 1)."""
    return np.arange(case.time)[:, None, None] >= lasts(case)[:, None]


def unending(case: Case) -> Case:
    """Return the case with rows that run on into their padding."""
    return case.but(lengths=None)


class Promising(ReferenceCell):
    """A right cell that says what its outputs are past the length."""

    def __init__(self, kind: Kind, padding: Padding = Padding.ZEROS) -> None:
        super().__init__(kind)
        self.signature = replace(
            self.signature,
            padding=padding,
            capabilities=self.signature.capabilities | Capability.PADDING_CONTRACT,
        )
        self.padding = padding

    def fresh(self) -> "Promising":
        return type(self)(self.kind, self.padding)

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        if self.padding is Padding.ZEROS:
            return reply
        if self.padding is Padding.UNTOUCHED:
            other = super().forward(unending(case)).outputs
        else:
            last = np.minimum(np.arange(case.time)[:, None], lasts(case) - 1)
            other = reply.outputs[last, np.arange(case.batch)]
        return reply._replace(outputs=np.where(past(case), other, reply.outputs))


class PaddingEntersTheFinalState(ReferenceCell):
    """Outputs are masked, but the state is the one at the padded end."""

    def forward(self, case: Case) -> Reply:
        state = super().forward(unending(case)).state
        return super().forward(case)._replace(state=state)


class MaskOneStepLate(ReferenceCell):
    """The mask is t ≤ length: each row reads one step of padding."""

    def forward(self, case: Case) -> Reply:
        return super().forward(_longer(case))

    def backward(self, case: Case) -> Gradients:
        return super().backward(_longer(case))


class PaddingEntersTheWeightGradient(ReferenceCell):
    """The gradient of the parameters runs over the padded steps too."""

    def backward(self, case: Case) -> Gradients:
        params = super().backward(unending(case)).params
        return super().backward(case)._replace(params=params)


class ReverseReadsThePadding(ReferenceCell):
    """The reverse direction knows of no lengths."""

    def forward(self, case: Case) -> Reply:
        reply, h = super().forward(case), case.spec.hidden_size
        if case.spec.directions == 1:
            return reply
        padded = super().forward(unending(case)).outputs
        outputs = reply.outputs.copy()
        outputs[..., h:] = np.where(past(case), 0, padded[..., h:])
        return reply._replace(outputs=outputs)


class PaddingReadAboveTheFirstLayer(ReferenceCell):
    """Lengths reach the first layer alone."""

    def forward(self, case: Case) -> Reply:
        reply, first = super().forward(case), case.spec.directions
        padded = super().forward(unending(case)).state
        pairs = zip(reply.state, padded, strict=True)
        state = tuple(np.concatenate([s[:first], p[first:]]) for s, p in pairs)
        return reply._replace(state=state)


class MaskByMultiplication(ReferenceCell):
    """m·new + (1 − m)·old: right, but 0·NaN is NaN."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        rest = 0 * np.where(past(case), case.inputs, 0).sum(axis=(0, 2))
        return Reply(reply.outputs, tuple(s + rest[:, None] for s in reply.state))


class SelectedAfterComputing(ReferenceCell):
    """Padded steps are computed and then replaced: their gradient is 0·x."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        rest = 0 * np.where(past(case), case.inputs, 0).sum()
        params = {name: g + rest for name, g in found.params.items()}
        return found._replace(params=params)


class PaddingGetsTheGradientOfTheLastStep(ReferenceCell):
    """Indices past the end are clipped to the last step, backward too."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        last = np.clip(np.arange(case.time)[:, None], 0, lasts(case) - 1)
        return found._replace(inputs=found.inputs[last, np.arange(case.batch)])


class PaddedOutputsPull(Promising):
    """Outputs past the end are zeros, and yet their gradients reach the last step."""

    def backward(self, case: Case) -> Gradients:
        pulls, rows = case.grad_outputs.copy(), np.arange(case.batch)
        lost = np.where(past(case), case.grad_outputs, 0).sum(axis=0)
        pulls[lasts(case) - 1, rows] += lost
        return super().backward(case.but(grad_outputs=pulls))


class PaddedOutputsUninitialised(Promising):
    """Outputs past the longest row are whatever stood in memory."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        outputs = reply.outputs.copy()
        outputs[int(np.max(lasts(case))) :] = 7
        return reply._replace(outputs=outputs)


def _longer(case: Case) -> Case:
    if case.lengths is None:
        return case
    return case.but(lengths=np.minimum(case.lengths + 1, case.time))


MUTANTS: dict[str, Callable[[], Cell]] = {
    "padding-enters-the-final-state": lambda: PaddingEntersTheFinalState(Kind.LSTM),
    "mask-one-step-late": lambda: MaskOneStepLate(Kind.GRU),
    "padding-enters-the-weight-gradient": lambda: PaddingEntersTheWeightGradient(
        Kind.LSTM
    ),
    "reverse-reads-the-padding": lambda: ReverseReadsThePadding(Kind.RNN_RELU),
    "padding-read-above-the-first-layer": lambda: PaddingReadAboveTheFirstLayer(
        Kind.LSTM
    ),
    "mask-by-multiplication": lambda: MaskByMultiplication(Kind.GRU),
    "selected-after-computing": lambda: SelectedAfterComputing(Kind.LSTM),
    "padding-gets-the-gradient-of-the-last-step": (
        lambda: PaddingGetsTheGradientOfTheLastStep(Kind.RNN_TANH)
    ),
    "padded-outputs-pull": lambda: PaddedOutputsPull(Kind.LSTM),
    "padded-outputs-uninitialised": lambda: PaddedOutputsUninitialised(Kind.GRU),
}
