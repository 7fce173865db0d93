"""Cells that remember, write to what is not theirs, or read memory as it comes."""

from collections.abc import Callable
from itertools import count

import numpy as np

from refcheck.case import Case
from refcheck.cell import Cell, Gradients, Kind, Reply, Watched
from refcheck.reference.cell import ReferenceCell
from tests.mutants.padding import past


class KeepsItsState(ReferenceCell):
    """Where no state is given, a sequence starts where the last of its size ended."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._last: Reply | None = None

    def forward(self, case: Case) -> Reply:
        last, shape = self._last, (case.spec.depth, case.batch, case.spec.hidden_size)
        if case.state is None and last is not None and last.state[0].shape == shape:
            case = case.but(state=tuple(s.astype(case.spec.dtype) for s in last.state))
        self._last = super().forward(case)
        return self._last


class BufferNotCleared(ReferenceCell):
    """Without biases, products are added to a buffer that still holds the last."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._calls = 0

    def forward(self, case: Case) -> Reply:
        self._calls += not case.spec.bias
        reply = super().forward(case)
        return reply._replace(outputs=reply.outputs + self._calls)


class GradientsAccumulate(ReferenceCell):
    """Gradients of the last backward pass are still there in the next."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._calls = 0

    def backward(self, case: Case) -> Gradients:
        self._calls += 1
        found = super().backward(case)
        params = {name: g * self._calls for name, g in found.params.items()}
        return found._replace(params=params)


class Unlike(ReferenceCell):
    """A random number drawn when the object is built goes into its outputs."""

    _numbers = count()

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._number = next(self._numbers)

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        return reply._replace(outputs=reply.outputs + self._number % 7)


class Writes(ReferenceCell):
    """A cell that leaves one of its arguments changed."""

    def forward_watching(self, case: Case) -> Watched:
        seen = super().forward_watching(case)
        return seen._replace(after={**seen.after, **self.written(case, seen.reply)})

    def written(self, case: Case, reply: Reply) -> dict[str, np.ndarray]:
        return {}


class FinalStateWrittenIntoTheInitialOne(Writes):
    """The buffer of the initial state is reused for the final one."""

    def written(self, case: Case, reply: Reply) -> dict[str, np.ndarray]:
        if case.state is None:
            return {}
        return {f"state.{k}": s for k, s in enumerate(reply.state)}


class InputsMaskedInPlace(Writes):
    """Padding is set to zero in the caller's array."""

    def written(self, case: Case, reply: Reply) -> dict[str, np.ndarray]:
        return {"inputs": np.where(past(case), 0, case.inputs)}


class WeightsScaledInPlace(Writes):
    """Weights are normalised where they stand."""

    def written(self, case: Case, reply: Reply) -> dict[str, np.ndarray]:
        return {f"params.{name}": a / 2 for name, a in case.params.items()}


class SharesBuffers(ReferenceCell):
    """Outputs live in a buffer that the next call of the same size writes to."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._latest: Reply | None = None

    def forward(self, case: Case) -> Reply:
        self._latest = super().forward(case)
        return self._latest

    def forward_watching(self, case: Case) -> Watched:
        seen = super().forward_watching(case)
        return seen._replace(reread=lambda: self.reread(seen.reply))

    def reread(self, reply: Reply) -> Reply:
        latest = self._latest or reply
        return reply._replace(outputs=latest.outputs)


class SharesStateBuffers(SharesBuffers):
    """The final state does."""

    def reread(self, reply: Reply) -> Reply:
        latest = self._latest or reply
        return reply._replace(state=latest.state)


class StridesIgnored(ReferenceCell):
    """Inputs are read as they lie in memory."""

    def forward(self, case: Case) -> Reply:
        if case.strides != "transposed":
            return super().forward(case)
        memory = case.inputs.transpose(2, 1, 0).reshape(case.inputs.shape)
        return super().forward(case.but(inputs=memory))


class ReversedReadForward(ReferenceCell):
    """A negative stride is taken for a positive one."""

    def backward(self, case: Case) -> Gradients:
        if case.strides != "reversed":
            return super().backward(case)
        return super().backward(case.but(inputs=case.inputs[..., ::-1]))


class StateStartsInDouble(ReferenceCell):
    """The state is made without a dtype where none is given."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        if case.state is not None:
            return reply
        return Reply(reply.outputs, tuple(s.astype(float) for s in reply.state))


class GradientsComeBackInDouble(ReferenceCell):
    """Gradients are summed up in double precision, and left there."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        params = {name: g.astype(float) for name, g in found.params.items()}
        return found._replace(params=params)


class AlwaysSingle(ReferenceCell):
    """The default state is single precision, and so is everything after it."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        if case.state is not None:
            return reply
        return reply._replace(outputs=reply.outputs.astype(np.float32))


MUTANTS: dict[str, Callable[[], Cell]] = {
    "state-kept-where-none-is-given": lambda: KeepsItsState(Kind.LSTM),
    "buffer-added-to-and-not-cleared": lambda: BufferNotCleared(Kind.GRU),
    "gradients-left-from-the-last-call": lambda: GradientsAccumulate(Kind.LSTM),
    "random-number-drawn-when-built": lambda: Unlike(Kind.RNN_TANH),
    "final-state-written-into-the-initial-one": (
        lambda: FinalStateWrittenIntoTheInitialOne(Kind.LSTM)
    ),
    "inputs-masked-in-place": lambda: InputsMaskedInPlace(Kind.GRU),
    "weights-scaled-in-place": lambda: WeightsScaledInPlace(Kind.RNN_RELU),
    "outputs-share-a-buffer": lambda: SharesBuffers(Kind.LSTM),
    "state-shares-a-buffer": lambda: SharesStateBuffers(Kind.LSTM),
    "strides-are-ignored": lambda: StridesIgnored(Kind.LSTM),
    "reversed-views-read-forward": lambda: ReversedReadForward(Kind.GRU),
    "state-starts-in-double": lambda: StateStartsInDouble(Kind.LSTM),
    "gradients-come-back-in-double": lambda: GradientsComeBackInDouble(Kind.GRU),
    "default-state-is-single": lambda: AlwaysSingle(Kind.RNN_TANH),
}
