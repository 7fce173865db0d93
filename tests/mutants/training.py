"""Cells that compute something else while they are trained, or because they were."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Cell, Gradients, Kind, Params, Reply
from refcheck.reference.cell import ReferenceCell
from tests.mutants.dropout import Dropping

TRAINS = Capability.TRAINS | Capability.REPEATABLE_TRAINING


class Trained(ReferenceCell):
    """A right cell with a training mode, in which nothing is drawn."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        capabilities = self.signature.capabilities | TRAINS
        self.signature = replace(self.signature, capabilities=capabilities)

    def train_backward(self, case: Case, _: int) -> tuple[Reply, Gradients]:
        return self.forward(case), self.backward(case)


class ForgetBiasInTraining(Trained):
    """The forget gate is pushed open while training."""

    training = False

    def params(self, case: Case) -> list[Params]:
        return [self.pushed(p) if self.training else p for p in super().params(case)]

    def pushed(self, p: Params) -> Params:
        if p.bias_ih is None:
            return p
        size = p.weight_hh.shape[1]
        push = np.repeat(np.array([0, 1, 0, 0], p.bias_ih.dtype), size)
        return p._replace(bias_ih=p.bias_ih + push)

    def train_backward(self, case: Case, _: int) -> tuple[Reply, Gradients]:
        self.training = True
        try:
            return super().train_backward(case, _)
        finally:
            self.training = False


class DetachedInTraining(Trained):
    """The initial state is detached while training."""

    def train_backward(self, case: Case, _: int) -> tuple[Reply, Gradients]:
        reply, found = super().train_backward(case, _)
        return reply, found._replace(state=tuple(0 * s for s in found.state))


class KeptInTraining(Trained):
    """The final state is kept for the next sequence while training."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._kept: tuple[np.ndarray, ...] = ()

    def forward(self, case: Case) -> Reply:
        kept = [s.astype(case.spec.dtype) for s in self._kept]
        fits = [s.shape for s in kept] == [g.shape for g in case.grad_state]
        carried = case.state is None and fits
        return super().forward(case.but(state=tuple(kept)) if carried else case)

    def train_backward(self, case: Case, _: int) -> tuple[Reply, Gradients]:
        reply, found = super().train_backward(case, _)
        self._kept = reply.state
        return reply, found


class StayDropped(Dropping):
    """The mask of the last pass in training is used in evaluation."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._seeds: list[int] = []

    def forward(self, case: Case) -> Reply:
        if self._seeds and case.spec.dropout:
            return self.train_backward(case, self._seeds[-1])[0]
        return super().forward(case)

    def train_backward(self, case: Case, seed: int) -> tuple[Reply, Gradients]:
        self._seeds.append(seed)
        return super().train_backward(case, seed)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "forget-bias-in-training": lambda: ForgetBiasInTraining(Kind.LSTM),
    "state-detached-in-training": lambda: DetachedInTraining(Kind.GRU),
    "state-kept-in-training": lambda: KeptInTraining(Kind.RNN_TANH),
    "dropped-units-stay-dropped": lambda: StayDropped(Kind.LSTM),
}
