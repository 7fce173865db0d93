"""Cells whose backward pass is not linear, or leaves something behind.

``Chaining`` is the textbook as a framework would offer it: gradients accumulate over
calls, and states are detached.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Cell, Gradients, Kind, Reply
from refcheck.reference.cell import ReferenceCell
from tests.mutants.gradients import each

BOUND = 5.0


class Clipped(ReferenceCell):
    """Gradients are clipped to ±5 before they are returned."""

    def backward(self, case: Case) -> Gradients:
        return each(super().backward(case), lambda g: np.clip(g, -BOUND, BOUND))


class SmallDropped(ReferenceCell):
    """Gradients below a threshold are taken for zero."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        return each(found, lambda g: np.where(abs(g) < 1e-2, 0, g))


class NeedsAGradientOfOutputs(ReferenceCell):
    """Without a gradient of the outputs, nothing is pulled back from the state."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        return found if case.grad_outputs.any() else each(found, lambda g: g * 0)


class KeptFromTheCallBefore(ReferenceCell):
    """Gradients of parameters are added to what the last call left, if it fits."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._left: dict[str, Array] = {}

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        params = {
            name: g + self._left[name]
            if name in self._left and self._left[name].shape == g.shape
            else g
            for name, g in found.params.items()
        }
        self._left = found.params if isinstance(found.params, dict) else {}
        return found._replace(params=params)


class SpoiltTape(ReferenceCell):
    """What the forward pass keeps is overwritten by the first backward pass."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._read: Array | None = None

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        again, self._read = case.inputs is self._read, case.inputs
        return each(found, lambda g: g * 2) if again else found


class Chaining(ReferenceCell):
    """The textbook as a framework would offer it; right as it stands."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        offered = self.signature.capabilities | Capability.CHAINS
        self.signature = replace(self.signature, capabilities=offered)

    def with_gradients(self, case: Case) -> Reply:
        return self.forward(case)

    def chain_backward(self, early: Case, late: Case) -> Gradients:
        return self.backward(late.but(state=self.forward(early).state))

    def accumulated(self, case: Case, times: int) -> Gradients:
        return each(self.backward(case), lambda g: g * times)


class AccumulationOverwrites(Chaining):
    """Each backward call replaces what the last one left."""

    def accumulated(self, case: Case, times: int) -> Gradients:
        return self.backward(case)


class AccumulationAverages(Chaining):
    """Accumulated gradients are divided by the number of calls, from the third on."""

    def accumulated(self, case: Case, times: int) -> Gradients:
        found = super().accumulated(case, times)
        return each(found, lambda g: g / times) if times > 2 else found


class Undetached(Chaining):
    """Gradients of the later part run on into the earlier one."""

    kept = slice(None)  # of the state's arrays

    def chain_backward(self, early: Case, late: Case) -> Gradients:
        found = super().chain_backward(early, late)
        handed = [d * 0 for d in found.state]
        handed[self.kept] = found.state[self.kept]
        silent = early.but(
            grad_outputs=early.grad_outputs * 0, grad_state=tuple(handed)
        )
        past = self.backward(silent).params
        params = {name: g + past[name] for name, g in found.params.items()}
        return found._replace(params=params)


class UndetachedCell(Undetached):
    """h is detached, c is not."""

    kept = slice(1, None)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "gradient-clipped-without-notice": lambda: Clipped(Kind.LSTM),
    "small-gradients-dropped": lambda: SmallDropped(Kind.GRU),
    "state-gradient-needs-a-gradient-of-outputs": lambda: NeedsAGradientOfOutputs(
        Kind.LSTM
    ),
    "gradients-kept-from-the-call-before": lambda: KeptFromTheCallBefore(Kind.LSTM),
    "backward-spoils-the-tape": lambda: SpoiltTape(Kind.GRU),
    "accumulation-overwrites": lambda: AccumulationOverwrites(Kind.GRU),
    "accumulation-averages": lambda: AccumulationAverages(Kind.RNN_TANH),
    "state-not-detached": lambda: Undetached(Kind.GRU),
    "cell-state-not-detached": lambda: UndetachedCell(Kind.LSTM),
}
