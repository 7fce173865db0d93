"""A cell under the conventions that were declared of it, as laws call it.

Parameters are converted by the layout, which the signature holds; what is left to
convert is a state that is (c, h).
"""

from collections.abc import Mapping
from typing import Any

from refcheck.case import Case
from refcheck.cell import (
    Array,
    Cell,
    Gradients,
    Reply,
    Shapes,
    Signature,
    Spec,
    State,
    Watched,
)


class Translated:
    """Another cell, with the signature that was declared of it."""

    def __init__(self, cell: Any, signature: Signature) -> None:
        """Speak to ``cell`` as ``signature`` says."""
        self.cell: Any = cell
        self.signature = signature

    def fresh(self) -> "Cell":
        """Return the same with no live object carried over."""
        return Translated(self.cell.fresh(), self.signature)

    def close(self) -> None:
        """Give a user's live object back, if the adapter worked on it."""
        if hasattr(self.cell, "close"):
            self.cell.close()

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``."""
        found: Shapes = self.cell.shapes(spec)
        return found

    def forward(self, case: Case) -> Reply:
        """Run the whole sequence."""
        return self._reply(self.cell.forward(self._case(case)))

    def with_gradients(self, case: Case) -> Reply:
        """Run it, recording gradients."""
        return self._reply(self.cell.with_gradients(self._case(case)))

    def forward_watching(self, case: Case) -> Watched:
        """Run it, seen from outside."""
        seen: Watched = self.cell.forward_watching(self._case(case))
        after = self._named(seen.after, case)
        return Watched(
            self._reply(seen.reply), after, lambda: self._reply(seen.reread())
        )

    def backward_watching(self, case: Case) -> Mapping[str, Array]:
        """Pull gradients back, seen from outside."""
        return self._named(self.cell.backward_watching(self._case(case)), case)

    def backward(self, case: Case) -> Gradients:
        """Pull the case's gradients back."""
        return self._gradients(self.cell.backward(self._case(case)))

    def train_forward(self, case: Case, seed: int) -> Reply:
        """Run it in training mode."""
        return self._reply(self.cell.train_forward(self._case(case), seed))

    def train_backward(self, case: Case, seed: int) -> tuple[Reply, Gradients]:
        """Run it in training mode, and pull gradients back."""
        reply, found = self.cell.train_backward(self._case(case), seed)
        return self._reply(reply), self._gradients(found)

    def chain_backward(self, early: Case, late: Case) -> Gradients:
        """Run both, the state detached between them; gradients of ``late``."""
        found = self.cell.chain_backward(self._case(early), self._case(late))
        return self._gradients(found)

    def accumulated(self, case: Case, times: int) -> Gradients:
        """Return what ``times`` backward passes leave behind."""
        return self._gradients(self.cell.accumulated(self._case(case), times))

    def copied(self, case: Case, way: str) -> Reply:
        """Call a copy of it."""
        return self._reply(self.cell.copied(self._case(case), way))

    def pulled_again(self, case: Case, other: Case) -> Gradients:
        """Pull what ``other`` pulls through one call, then what ``case`` does."""
        found = self.cell.pulled_again(self._case(case), self._case(other))
        return self._gradients(found)

    def _case(self, case: Case) -> Case:
        state = case.state and self._state(case.state)
        return case.but(state=state, grad_state=self._state(case.grad_state))

    def _named(self, left: Mapping[str, Array], case: Case) -> Mapping[str, Array]:
        """Return arguments that a call has left, with states in the usual order."""
        count = len(case.grad_state)
        names = [
            tuple(f"{s}.{k}" for k in range(count)) for s in ("state", "grad_state")
        ]
        renamed = {a: b for n in names for a, b in zip(n, self._state(n), strict=True)}
        return {renamed.get(name, name): array for name, array in left.items()}

    def _reply(self, reply: Reply) -> Reply:
        return Reply(reply.outputs, self._state(reply.state))

    def _gradients(self, found: Gradients) -> Gradients:
        return Gradients(found.params, found.inputs, self._state(found.state))

    def _state(self, state: State) -> State:
        layout = self.signature.layout
        return state[::-1] if layout is not None and layout.cell_first else state
