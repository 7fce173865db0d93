"""A target that is called in training mode, as a cell of its own."""

from dataclasses import replace
from typing import Any

from refcheck.case import Case
from refcheck.cell import Gradients, Reply, Shapes, Signature, Spec


class Trained:
    """A cell in training mode, random numbers seeded: equal calls, equal results."""

    def __init__(self, cell: Any, signature: Signature, seed: int | None) -> None:
        """Call ``cell``, which trains, with ``seed``; without one it drops nothing."""
        unknown = replace(signature, kind=None, layout=None)
        self.signature = signature if seed is None else unknown
        self._cell, self._seed = cell, seed

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``, the same in both modes."""
        shapes: Shapes = self._cell.shapes(spec)
        return shapes

    def forward(self, case: Case) -> Reply:
        """Run in training mode."""
        reply: Reply = self._cell.train_forward(case, self._seed or 0)
        return reply

    def backward(self, case: Case) -> Gradients:
        """Run in training mode, and pull gradients back."""
        gradients: Gradients = self._cell.train_backward(case, self._seed or 0)[1]
        return gradients

    def fresh(self) -> "Trained":
        """Return the same with no live object carried over."""
        return Trained(self._cell.fresh(), self.signature, self._seed)
