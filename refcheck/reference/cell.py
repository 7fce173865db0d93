"""The textbook as a cell: what laws are tested on."""

from collections.abc import Mapping

import numpy as np

from refcheck.case import Case
from refcheck.cell import (
    Array,
    Capability,
    Gradients,
    Kind,
    Params,
    Reply,
    Shapes,
    Signature,
    Spec,
    Watched,
)
from refcheck.layout import TORCH
from refcheck.reference import sequence

OFFERED = (
    Capability.FORWARD
    | Capability.SEQUENCE
    | Capability.BATCH
    | Capability.BACKWARD
    | Capability.INITIAL_STATE
    | Capability.DEFAULT_STATE
    | Capability.FINAL_STATE
    | Capability.PARAMETERS
    | Capability.LAYOUT
    | Capability.RESIZABLE
    | Capability.BIAS
    | Capability.LENGTHS
    | Capability.STACKS
    | Capability.DIRECTIONS
    | Capability.NO_BIAS
    | Capability.FLOAT64
    | Capability.STRIDES
    | Capability.WATCHING
    | Capability.WATCHING_BACKWARD
)


class ReferenceCell:
    """The reference behind the protocol of Cell."""

    def __init__(self, kind: Kind) -> None:
        """Follow the equations of ``kind``."""
        self.kind = kind
        self.signature = Signature(
            f"reference {kind.value}", kind, OFFERED, layout=TORCH
        )

    def fresh(self) -> "ReferenceCell":
        """Return another one."""
        return type(self)(self.kind)

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes of a network with ``spec``."""
        rows, h = self.kind.gates * spec.hidden_size, spec.hidden_size
        params = []
        for k in range(spec.depth):
            d = spec.input_size if k < spec.directions else h * spec.directions
            bias = np.zeros(rows) if spec.bias else None
            params.append(Params(np.zeros((rows, d)), np.zeros((rows, h)), bias, bias))
        own = TORCH.from_canonical(self.kind, spec, params)
        shapes = {name: a.shape for name, a in own.items()}
        return Shapes(shapes, self.kind.states, h * spec.directions)

    def forward(self, case: Case) -> Reply:
        """Run the textbook in the case's dtype."""
        reply, _ = sequence.forward(
            self.kind,
            self.params(case),
            case.inputs,
            case.state,
            case.lengths,
            directions=case.spec.directions,
        )
        return reply

    def backward(self, case: Case) -> Gradients:
        """Run the textbook forward and back in the case's dtype."""
        _, tapes = sequence.forward(
            self.kind,
            self.params(case),
            case.inputs,
            case.state,
            case.lengths,
            directions=case.spec.directions,
        )
        found = sequence.backward(
            self.kind, self.params(case), tapes, case.grad_outputs, case.grad_state
        )
        own = TORCH.from_canonical(self.kind, case.spec, found.params)
        return Gradients(own, found.inputs, found.state)

    def forward_watching(self, case: Case) -> Watched:
        """Run the textbook, which writes to nothing and keeps nothing."""
        reply = self.forward(case)
        return Watched(reply, self._left(case), lambda: reply)

    def backward_watching(self, case: Case) -> Mapping[str, Array]:
        """Run the textbook back, which writes to nothing either."""
        self.backward(case)
        pulls = {f"grad_state.{k}": g for k, g in enumerate(case.grad_state)}
        return self._left(case) | {"grad_outputs": case.grad_outputs} | pulls

    def _left(self, case: Case) -> dict[str, Array]:
        left = {"inputs": case.inputs}
        left |= {f"params.{name}": array for name, array in case.params.items()}
        return left | {f"state.{k}": s for k, s in enumerate(case.state or ())}

    def params(self, case: Case) -> list[Params]:
        """Return the textbook's parameters, layer by layer."""
        return TORCH.to_canonical(self.kind, case.spec, case.params)
