"""Clipping functions: how they are called, and what they return with its allowance."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from refcheck.calling import Misshapen, watched
from refcheck.case import ClipCase
from refcheck.cell import Array, Kind, Signature, State
from refcheck.reference import clipping
from refcheck.rounding import FORMATS, Measured, exact, scaled_by_norm
from refcheck.watch import Unwatched, Watch

EPSILON = 1e-6  # PyTorch's, the largest that the contract allows beside the norm


class Clipped(NamedTuple):
    """What clipping returns."""

    grads: tuple[Any, ...]
    norm: Any  # a scalar array, None if the function returns no norm


class Clipper(Protocol):
    """A clipping function behind its adapter."""

    signature: Signature

    def clip(self, case: ClipCase) -> Clipped:
        """Clip ``case.grads``, which stay as they are."""

    def fresh(self) -> "Clipper":
        """Return the same function."""


class MeasuredClipper:
    """The clipping function as laws see it; compare ``MeasuredCell``."""

    factor = 1.0
    arithmetic: Sequence[str] = ()

    def __init__(self, cell: Clipper, watch: Watch | None = None) -> None:
        """Measure ``cell``; every call of it is announced to ``watch``."""
        self.cell, self.signature = cell, cell.signature
        self.watch = watch or Unwatched()
        self.law = ""
        self.asked: ClipCase | None = None

    def fresh(self) -> "MeasuredClipper":
        """Return the same function, measured anew."""
        return MeasuredClipper(self.cell.fresh(), self.watch)

    def clip(self, case: ClipCase) -> Clipped:
        """Return what the target makes of ``case``, with allowances.

        Raises:
            TargetRaised: if it raises.
            Misshapen: if an array comes back in another shape, or is missing.
        """
        found = self._called(case, lambda: self.cell.clip(case))
        shapes = [np.shape(g) for g in case.grads]
        if [np.shape(g) for g in found.grads] != shapes:
            message = f"shapes {[np.shape(g) for g in found.grads]}, expected {shapes}"
            raise Misshapen(message)
        form = FORMATS[case.spec.dtype]
        terms = sum(g.size for g in case.grads)
        grads = tuple(scaled_by_norm(g, terms, form) for g in found.grads)
        if self.signature.kind is Kind.CLIP_VALUE:
            grads = tuple(Measured(g) for g in found.grads)  # a choice, not a product
        norm = found.norm
        return Clipped(
            grads, None if norm is None else scaled_by_norm(norm, terms, form)
        )

    def textbook(self, case: ClipCase) -> Clipped:
        """Return what the textbook makes of ``case``, in double precision."""
        grads = [g.astype(float) for g in case.grads]
        terms = sum(g.size for g in grads)
        with np.errstate(all="ignore"):
            if self.signature.kind is Kind.CLIP_VALUE:
                return Clipped(
                    tuple(map(exact, clipping.clip_value(grads, case.bound))), None
                )
            clipped, norm = clipping.clip_norm(grads, case.bound, case.spec.norm_type)
        return Clipped(
            tuple(scaled_by_norm(g, terms) for g in clipped),
            scaled_by_norm(norm, terms),
        )

    def _called(self, case: ClipCase, run: Callable[[], Any]) -> Any:
        return watched(self.watch, self.law, self.asked or case, run)


def norm(grads: State, p: float) -> Measured:
    """Return the p-norm of all entries together, with the allowances of the entries."""
    wide = [np.asarray(getattr(g, "value", g), float) for g in grads]
    errors = [
        np.max(g.allowance, initial=0.0) for g in grads if isinstance(g, Measured)
    ]
    terms = sum(g.size for g in wide)
    total = scaled_by_norm(clipping.total_norm(wide, p), terms)
    moved: Array = np.asarray(total.error + max(errors, default=0.0) * terms)
    return Measured(total.value, moved)
