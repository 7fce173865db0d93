"""A textbook cell, or one with a fault, in the parameters of the target.

Planted cells speak the layout of ``torch.nn``.  To be asked the target's own cases they
have to take its parameters, and answer with gradients of those.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Params, Reply, Shapes, Signature, Watched
from refcheck.layout import TORCH, Layout


class Spoken:
    """A planted cell behind the signature of the target."""

    def __init__(self, cell: Any, signature: Signature, layout: Layout) -> None:
        """Let ``cell`` take parameters in ``layout``."""
        self.cell: Any = cell
        self.signature, self.layout = signature, layout

    def fresh(self) -> "Spoken":
        """Return the same, with nothing remembered."""
        return Spoken(self.cell.fresh(), self.signature, self.layout)

    def shapes(self, spec: Any) -> Shapes:
        """Return the shapes that the target has for ``spec``."""
        found = self.cell.shapes(spec)
        own = self.layout.shapes(self.cell.kind, spec)
        return Shapes(own, found.states, found.output_size)

    def forward(self, case: Case) -> Reply:
        """Run the whole sequence."""
        reply: Reply = self.cell.forward(self._case(case))
        return reply

    def with_gradients(self, case: Case) -> Reply:
        """Run it, recording gradients."""
        reply: Reply = self.cell.with_gradients(self._case(case))
        return reply

    def forward_watching(self, case: Case) -> Watched:
        """Run it, seen from outside."""
        seen: Watched = self.cell.forward_watching(self._case(case))
        return Watched(seen.reply, self._left(case, seen.after), seen.reread)

    def backward_watching(self, case: Case) -> Mapping[str, Array]:
        """Pull gradients back, seen from outside."""
        return self._left(case, self.cell.backward_watching(self._case(case)))

    def backward(self, case: Case) -> Gradients:
        """Pull the case's gradients back."""
        return self._gradients(case, self.cell.backward(self._case(case)))

    def train_forward(self, case: Case, seed: int) -> Reply:
        """Run it in training mode."""
        reply: Reply = self.cell.train_forward(self._case(case), seed)
        return reply

    def train_backward(self, case: Case, seed: int) -> tuple[Reply, Gradients]:
        """Run it in training mode, and pull gradients back."""
        reply, found = self.cell.train_backward(self._case(case), seed)
        return reply, self._gradients(case, found)

    def chain_backward(self, early: Case, late: Case) -> Gradients:
        """Run both, the state detached between them; gradients of ``late``."""
        found = self.cell.chain_backward(self._case(early), self._case(late))
        return self._gradients(late, found)

    def accumulated(self, case: Case, times: int) -> Gradients:
        """Return what ``times`` backward passes leave behind."""
        return self._gradients(case, self.cell.accumulated(self._case(case), times))

    def copied(self, case: Case, way: str) -> Reply:
        """Call a copy of it."""
        reply: Reply = self.cell.copied(self._case(case), way)
        return reply

    def pulled_again(self, case: Case, other: Case) -> Gradients:
        """Pull what ``other`` pulls through one call, then what ``case`` does."""
        found = self.cell.pulled_again(self._case(case), self._case(other))
        return self._gradients(case, found)

    def _left(self, case: Case, left: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return what a call has left, parameters as the target names them."""
        params = {
            name.removeprefix("params."): array
            for name, array in left.items()
            if name.startswith("params.")
        }
        others = {n: a for n, a in left.items() if not n.startswith("params.")}
        own = self._own(case, params)
        return others | {f"params.{name}": array for name, array in own.items()}

    def _case(self, case: Case) -> Case:
        params = self.layout.to_canonical(self.cell.kind, case.spec, case.params)
        complete = [self._completed(p) for p in params]
        return case.but(
            params=TORCH.from_canonical(self.cell.kind, case.spec, complete)
        )

    def _completed(self, params: Params) -> Params:
        """Give a target with one bias the recurrent one, which is zero."""
        if params.bias_ih is None or params.bias_hh is not None:
            return params
        return params._replace(bias_hh=np.zeros_like(params.bias_ih))

    def _gradients(self, case: Case, found: Gradients) -> Gradients:
        kind, spec = self.cell.kind, case.spec
        pulled = self._reduced(TORCH.to_canonical(kind, spec, found.params))
        own = self.layout.from_canonical(kind, spec, pulled)
        return Gradients(own, found.inputs, found.state)

    def _own(self, case: Case, params: Mapping[str, Array]) -> Mapping[str, Array]:
        kind, spec = self.cell.kind, case.spec
        left = self._reduced(TORCH.to_canonical(kind, spec, params))
        return self.layout.from_canonical(kind, spec, left)

    def _reduced(self, params: list[Params]) -> list[Params]:
        if self.layout.bias_hh:
            return params
        return [p._replace(bias_hh=None) for p in params]
