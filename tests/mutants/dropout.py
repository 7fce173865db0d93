"""Stacks that drop units where they should not, or not where they should."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Cell, Gradients, Kind, Params, Reply
from refcheck.layout import TORCH
from refcheck.reference import sequence
from refcheck.reference.cell import ReferenceCell


class Dropping(ReferenceCell):
    """A right stack of two layers or more that drops units between them in training."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        capabilities = (
            self.signature.capabilities | Capability.TRAINS | Capability.DROPOUT
        )
        self.signature = replace(self.signature, capabilities=capabilities)

    def train_backward(self, case: Case, seed: int) -> tuple[Reply, Gradients]:
        ways, p = case.spec.directions, case.spec.dropout
        layers = [self.params(case)[k:][:ways] for k in range(0, case.spec.depth, ways)]
        shape = (*case.inputs.shape[:2], ways * case.spec.hidden_size)
        numbers = np.random.default_rng(seed)
        kept = [numbers.random(shape) >= p for _ in layers]
        forward = [k / (1 - p) for k in kept]
        return self._trained(case, layers, forward, self.backward_masks(forward, p))

    def backward_masks(self, masks: list[Array], p: float) -> list[Array]:
        """Return what the gradients between layers are multiplied by."""
        return masks

    def _trained(
        self,
        case: Case,
        layers: Sequence[list[Params]],
        masks: Sequence[Array],
        back: Sequence[Array],
    ) -> tuple[Reply, Gradients]:
        ways, outputs = case.spec.directions, case.inputs
        states: list[Any] = []
        tapes: list[Any] = []
        for k, params in enumerate(layers):
            state = self._part(case.state, k, ways)
            inputs = outputs * masks[k - 1] if k else outputs
            reply, tape = sequence.forward(
                self.kind, params, inputs, state, case.lengths, directions=ways
            )
            outputs, states, tapes = (
                reply.outputs,
                [*states, reply.state],
                [*tapes, tape],
            )
        pulled = self._pulled(case, layers, tapes, back)
        state = tuple(np.concatenate(s) for s in zip(*states, strict=True))
        return Reply(outputs, state), pulled

    def _pulled(
        self,
        case: Case,
        layers: Sequence[list[Params]],
        tapes: Sequence[Any],
        back: Sequence[Array],
    ) -> Gradients:
        ways, above = case.spec.directions, case.grad_outputs
        params: list[Params] = []
        states: list[Any] = []
        for k in reversed(range(len(layers))):
            state = self._part(case.grad_state, k, ways)
            found = sequence.backward(self.kind, layers[k], tapes[k], above, state)
            params, states = [*found.params, *params], [found.state, *states]
            above = found.inputs * back[k - 1] if k else found.inputs
        own = TORCH.from_canonical(self.kind, case.spec, params)
        state = tuple(np.concatenate(s) for s in zip(*states, strict=True))
        return Gradients(own, above, state)

    def _part(self, state: Any, k: int, ways: int) -> Any:
        return None if state is None else tuple(s[k * ways :][:ways] for s in state)


class AnotherMaskInTheBackwardPass(Dropping):
    """The mask is drawn anew for the backward pass."""

    def backward_masks(self, masks: list[Array], p: float) -> list[Array]:
        return [m[..., ::-1] for m in masks]


class KeptUnitsNotScaledBack(Dropping):
    """What is kept is scaled up going forward, not coming back."""

    def backward_masks(self, masks: list[Array], p: float) -> list[Array]:
        return [m * (1 - p) for m in masks]


class EvaluationScaled(Dropping):
    """What is kept is not scaled in training, but everything in evaluation is."""

    def params(self, case: Case) -> list[Params]:
        params, n = super().params(case), case.spec.directions
        share = np.asarray(1 - case.spec.dropout, case.inputs.dtype)
        above = [p._replace(weight_ih=p.weight_ih * share) for p in params[n:]]
        return [*params[:n], *above]


class DropoutInEvaluation(Dropping):
    """The training mode is never left: other units are dropped in each call."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._calls = 0

    def forward(self, case: Case) -> Reply:
        self._calls += 1
        return self.train_backward(_dropping(case), self._calls)[0]


def _dropping(case: Case) -> Case:
    return case if case.spec.dropout else case.but(spec=replace(case.spec, dropout=0.5))


MUTANTS: dict[str, Callable[[], Cell]] = {
    "another-mask-in-the-backward-pass": lambda: AnotherMaskInTheBackwardPass(
        Kind.LSTM
    ),
    "kept-units-not-scaled-back": lambda: KeptUnitsNotScaledBack(Kind.GRU),
    "evaluation-scaled-by-what-is-kept": lambda: EvaluationScaled(Kind.RNN_TANH),
    "dropout-in-evaluation": lambda: DropoutInEvaluation(Kind.LSTM),
}
