"""A textbook cell with one fault: its lines, one of which is not the textbook's.

Gradients are derivatives of what the faulty cell computes, as in a framework with
automatic differentiation, unless the fault is one of the backward pass itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from refcheck.bugs.lines import Lines
from refcheck.bugs.network import run
from refcheck.bugs.steps import STEPS
from refcheck.case import Case
from refcheck.cell import (
    Array,
    Capability,
    Gradients,
    Kind,
    Padding,
    Reply,
    Shapes,
    Spec,
    State,
    Watched,
)
from refcheck.reference.cell import ReferenceCell
from refcheck.reverse import Traced, pull_back, untraced

OFFERED = (
    Capability.MASKS
    | Capability.BATCH_FIRST
    | Capability.PADDING_CONTRACT
    | Capability.CHAINS
    | Capability.COPIES
    | Capability.TRAINS
    | Capability.DROPOUT
    | Capability.REPEATABLE_TRAINING
)
Make = Callable[[Kind], Lines]
Plant = Callable[[Kind], "Planted"]
Pull = Callable[[Case], Gradients]


class Planted:
    """A cell of the textbook's ``kind`` that is run by its own lines."""

    def __init__(self, kind: Kind, make: Make) -> None:
        """Follow the lines that ``make`` returns: what they remember is this cell's."""
        self.kind, self.make, self.lines = kind, make, make(kind)
        self._textbook = ReferenceCell(kind)
        self.signature = replace(
            self._textbook.signature,
            padding=Padding.ZEROS,
            capabilities=self._textbook.signature.capabilities | OFFERED,
        )

    def fresh(self) -> "Planted":
        """Return another one, which remembers nothing."""
        return Planted(self.kind, self.make)

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes of a network with ``spec``."""
        return self._textbook.shapes(spec)

    def forward(self, case: Case) -> Reply:
        """Run the network in the case's dtype."""
        return run(self.lines, self.kind, case, _zeros(case))

    def forward_watching(self, case: Case) -> Watched:
        """Run it, and tell what it does to its arguments and to earlier results."""
        reply = self.forward(case)
        seen = self._textbook.forward_watching(case)
        after = {**seen.after, **self.lines.after(case, reply)}
        return Watched(reply, after, lambda: self.lines.again(reply))

    def backward_watching(self, case: Case) -> Mapping[str, Array]:
        """Pull gradients back, and tell what is left in the arguments."""
        found = self.backward(case)
        return {
            **self._textbook.backward_watching(case),
            **self.lines.left(case, found),
        }

    def backward(self, case: Case) -> Gradients:
        """Run it, and pull the case's gradients back."""
        return self.recorded(case)[1](case)

    def train_forward(self, case: Case, seed: int) -> Reply:
        """Run it with units dropped between layers."""
        return self.train_backward(case, seed)[0]

    def train_backward(self, case: Case, seed: int) -> tuple[Reply, Gradients]:
        """Run it with units dropped between layers, and pull gradients back."""
        reply, pull = self.recorded(case, seed)
        return reply, pull(case)

    def recorded(self, case: Case, seed: int | None = None) -> tuple[Reply, Pull]:
        """Run it, in training mode if there is a seed, and return what pulls back."""
        lines = self.lines if seed is None else self.lines.trained(self.lines)
        masks = None if seed is None else _masks(case, seed)
        traced, zeros = _traced(case)
        reply = run(lines, self.kind, traced, zeros, masks)

        def pull(case: Case) -> Gradients:
            found = _gradients(case, traced, traced.state or zeros, reply)
            return lines.pulled(case, found)

        return _plain(reply), pull

    def with_gradients(self, case: Case) -> Reply:
        """Call as ``forward`` does."""
        return self.forward(case)

    def chain_backward(self, early: Case, late: Case) -> Gradients:
        """Run both parts, the state detached between them, and pull the late one's."""
        begun, zeros = _traced(early)
        handed = self.lines.detached(run(self.lines, self.kind, begun, zeros).state)
        traced, _ = _traced(late.but(state=None))
        traced = traced.but(params=begun.params, state=handed)
        reply = run(self.lines, self.kind, traced, handed)
        return _gradients(late, traced, handed, reply)

    def accumulated(self, case: Case, times: int) -> Gradients:
        """Return what ``times`` backward passes leave behind, added up."""
        return self.lines.accumulated(self.backward(case), times)

    def copied(self, case: Case, way: str) -> Reply:
        """Call a copy of it, made in this way."""
        return self.fresh().forward(self.lines.copied(case, way))

    def pulled_again(self, case: Case, other: Case) -> Gradients:
        """Pull what ``other`` pulls through one call, then what ``case`` does."""
        return self.lines.repulled(self.backward(other), self.backward(case))


def planted(**lines: Any) -> Plant:
    """Return what plants these lines into a textbook cell of any kind."""
    return remembering(lambda _: lines)


def remembering(make: Callable[[Kind], dict[str, Any]]) -> Plant:
    """Return what plants the lines that ``make`` returns, anew for each cell."""
    return lambda kind: Planted(
        kind, lambda kind: Lines(**{"step": STEPS[kind]} | make(kind))
    )


def stepping(**parts: Any) -> Plant:
    """Return what plants these parts of a step into a textbook cell of any kind."""
    return remembering(lambda kind: {"step": partial(STEPS[kind], **parts)})


def _masks(case: Case, seed: int) -> Sequence[Array]:
    """Return what multiplies the outputs of each layer (T, N, directions*H)."""
    numbers, p = np.random.default_rng(seed), case.spec.dropout
    shape = (*case.inputs.shape[:2], case.spec.directions * case.spec.hidden_size)
    share = np.asarray(1 - p, case.spec.dtype)
    return [(numbers.random(shape) >= p) / share for _ in range(case.spec.num_layers)]


def _traced(case: Case) -> tuple[Case, State]:
    """Return the case with arrays to differentiate by, and zeros, likewise."""
    state = case.state and tuple(map(Traced, case.state))
    traced = case.but(
        params={name: Traced(a) for name, a in case.params.items()},
        inputs=Traced(case.inputs),
        state=state,
    )
    return traced, tuple(map(Traced, _zeros(case)))


def _gradients(case: Case, traced: Case, state: State, reply: Reply) -> Gradients:
    """Pull the case's gradients back from the reply to what was traced."""
    pulls = [(reply.outputs, case.grad_outputs)]
    pulls += zip(reply.state, case.grad_state, strict=True)
    wanted = [*traced.params.values(), traced.inputs, *state]
    found = iter(pull_back(pulls, wanted))
    params = {name: next(found) for name in traced.params}
    return Gradients(params, next(found), tuple(found))


def _zeros(case: Case) -> State:
    return tuple(map(np.zeros_like, case.grad_state))


def _plain(reply: Reply) -> Reply:
    return Reply(untraced(reply.outputs), tuple(map(untraced, reply.state)))
