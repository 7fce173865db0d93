"""Clipping of gradients that scales too much, too little, or each array for itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from refcheck.bugs.bug import Bug
from refcheck.case import ClipCase
from refcheck.cell import Array, Capability, Kind, Signature
from refcheck.clipper import Clipped
from refcheck.reference.clipping import EPSILON, clip_value, total_norm

NORM = frozenset({Kind.CLIP_NORM})
VALUE = frozenset({Kind.CLIP_VALUE})
OFFERED = {
    Kind.CLIP_NORM: Capability.FORWARD
    | Capability.NORMS
    | Capability.RETURNS_NORM
    | Capability.NONFINITE,
    Kind.CLIP_VALUE: Capability.FORWARD,
}
Grads = Sequence[Array]


def scaled_norm(grads: Grads, p: float) -> Any:
    """Return the p-norm of all entries, which overflows only if it is too large."""
    largest = max((np.max(abs(g), initial=0.0) for g in grads), default=0.0)
    if largest == 0 or not np.isfinite(largest):
        return total_norm(grads, p)
    return largest * total_norm([g / largest for g in grads], p)


def factor(norm: Any, bound: float) -> Any:
    """Return min(1, bound / (‖g‖ + ε))."""
    return np.minimum(1, bound / (norm + EPSILON))


@dataclass(frozen=True)
class PlantedClipper:
    """The textbook's clipping, spelt out; a fault replaces one of its lines."""

    kind: Kind
    given: Callable[[Grads], Grads] = lambda grads: grads
    norm: Callable[[Grads, float], Any] = scaled_norm
    factor: Callable[[Any, float], Any] = factor
    shrunk: Callable[[Grads, float, Any], Grads] = lambda grads, bound, k: [
        g * k for g in grads
    ]
    told: Callable[[Any, Any], Any] = lambda norm, k: norm
    cut: Callable[[Grads, float], Grads] = clip_value

    @property
    def signature(self) -> Signature:
        """What is offered: every norm, the norm that was found, PyTorch's contract."""
        return Signature(f"textbook {self.kind.value}", self.kind, OFFERED[self.kind])

    def fresh(self) -> "PlantedClipper":
        """Return itself: it remembers nothing."""
        return self

    def clip(self, case: ClipCase) -> Clipped:
        """Clip the gradients, computed in double precision."""
        grads, p = (
            self.given([g.astype(float) for g in case.grads]),
            case.spec.norm_type,
        )
        if self.kind is Kind.CLIP_VALUE:
            return Clipped(self._typed(self.cut(grads, case.bound), case), None)
        norm = self.norm(grads, p)
        k = self.factor(norm, case.bound)
        clipped = self.shrunk(grads, case.bound, k)
        return Clipped(self._typed(clipped, case), self.told(norm, k))

    def _typed(self, grads: Grads, case: ClipCase) -> tuple[Array, ...]:
        return tuple(np.asarray(g, case.spec.dtype) for g in grads)


def planted(**lines: Any) -> Callable[[Kind], PlantedClipper]:
    """Return what plants these lines into a clipping function."""
    return lambda kind: PlantedClipper(kind, **lines)


def _each_by_its_own(grads: Grads, bound: float, _: Any) -> Grads:
    return [g * factor(scaled_norm([g], 2.0), bound) for g in grads]


def _dividing_by_zero(norm: Any, bound: float) -> Any:
    return 1.0 if 0 < norm <= bound else np.float64(bound) / norm


BUGS = (
    Bug(
        "each-array-clipped-by-its-own-norm",
        "Each array is clipped by its own norm, not by that of all together.",
        NORM,
        planted(shrunk=_each_by_its_own),
        (
            "https://github.com/huggingface/transformers/pull/614",
            "https://github.com/tensorflow/tensorflow/issues/29108",
        ),
    ),
    Bug(
        "norm-of-the-last-array-forgotten",
        "The norm of the last array is not added to that of the others.",
        NORM,
        planted(norm=lambda grads, p: scaled_norm(grads[:-1] or grads, p)),
        ("https://github.com/pytorch/pytorch/issues/140066",),
    ),
    Bug(
        "norm-without-its-root",
        "The norm is the sum of squares, without the root.",
        NORM,
        planted(norm=lambda grads, p: sum((g * g).sum() for g in grads)),
    ),
    Bug(
        "norms-of-arrays-added",
        "The norms of the arrays are added up.",
        NORM,
        planted(norm=lambda grads, p: sum(scaled_norm([g], p) for g in grads)),
    ),
    Bug(
        "norm-is-always-euclidean",
        "The norm is Euclidean, whatever p is.",
        NORM,
        planted(norm=lambda grads, p: scaled_norm(grads, 2.0)),
        needs=Capability.NORMS,
    ),
    Bug(
        "norm-overflows",
        "The norm is the root of a sum of squares that overflows long before.",
        NORM,
        planted(norm=total_norm),
        ("https://github.com/tensorflow/tensorflow/issues/21363",),
    ),
    Bug(
        "nothing-is-clipped",
        "The bound is accepted, and gradients are returned as they are.",
        NORM,
        planted(factor=lambda norm, bound: 1.0),
        ("https://github.com/tensorflow/tensorflow/issues/33929",),
    ),
    Bug(
        "always-scaled-to-the-bound",
        "Gradients are scaled to the bound, smaller ones too.",
        NORM,
        planted(factor=lambda norm, bound: bound / (norm + EPSILON)),
    ),
    Bug(
        "half-the-bound",
        "Gradients are scaled to half the bound.",
        NORM,
        planted(factor=lambda norm, bound: factor(norm, bound / 2)),
    ),
    Bug(
        "zero-norm-divides",
        "A norm of 0 divides 0 by 0.",
        NORM,
        planted(factor=_dividing_by_zero),
        ("https://github.com/google-deepmind/optax/pull/1752",),
    ),
    Bug(
        "values-clipped-in-place-of-the-norm",
        "Each entry is clipped to the bound, which turns the gradient.",
        NORM,
        planted(shrunk=lambda grads, bound, k: clip_value(grads, bound)),
    ),
    Bug(
        "norm-after-clipping-returned",
        "The norm that is returned is the one after clipping.",
        NORM,
        planted(told=lambda norm, k: norm * k),
        needs=Capability.RETURNS_NORM,
    ),
    Bug(
        "nan-set-to-zero",
        "NaN is taken for 0.",
        NORM,
        planted(given=lambda grads: [np.nan_to_num(g) for g in grads]),
        needs=Capability.NONFINITE,
    ),
    Bug(
        "only-clipped-from-above",
        "Entries below −bound stay as they are.",
        VALUE,
        planted(cut=lambda grads, bound: [np.minimum(g, bound) for g in grads]),
    ),
    Bug(
        "values-clipped-to-their-size",
        "Entries beyond the bound come back without their sign.",
        VALUE,
        planted(
            cut=lambda grads, bound: [np.where(abs(g) > bound, bound, g) for g in grads]
        ),
    ),
    Bug(
        "values-beyond-the-bound-dropped",
        "Entries beyond the bound are set to 0.",
        VALUE,
        planted(
            cut=lambda grads, bound: [np.where(abs(g) > bound, 0, g) for g in grads]
        ),
    ),
)
