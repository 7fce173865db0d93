"""Clipping of gradients: by the norm of all of them together, and by value.

    (1)  ‖g‖ = (Σ |g|ᵖ)^(1/p), or max |g| for p = ∞, over all entries of all arrays
    (2)  g ← g min(1, bound / (‖g‖ + ε))
    (3)  g ← min(max(g, −bound), bound), entry by entry

Entries that are not finite go through the same formulas, as in PyTorch: a NaN anywhere
makes the norm and every entry NaN; an infinite norm, even one that only overflowed,
makes the coefficient 0, so that finite entries become 0 and infinite ones NaN.
(3) keeps NaN and clips infinities.

Source: Pascanu, Mikolov & Bengio (2013), algorithm 1; ε as in PyTorch's
``torch.nn.utils.clip_grad_norm_``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from refcheck.cell import Array

Scalar = np.floating[Any]

EPSILON = 1e-6  # PyTorch's ε: a norm of 0 needs no case of its own


def clip_norm(
    grads: Sequence[Array],
    max_norm: float,
    norm_type: float = 2.0,
    *,
    epsilon: float = EPSILON,
) -> tuple[list[Array], Scalar]:
    """Return the gradients scaled to a norm of at most ``max_norm``, and their norm.

    The norm is the one before clipping.  ``norm_type`` is p > 0, or ``np.inf``.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # they mean what is said above
        norm = total_norm(grads, norm_type)
        coefficient = np.minimum(1, max_norm / (norm + epsilon))  # (2)
        return [grad * coefficient for grad in grads], norm


def clip_value(grads: Sequence[Array], bound: float) -> list[Array]:
    """Return the gradients with each entry brought into [−bound, bound]."""
    return [np.minimum(np.maximum(grad, -bound), bound) for grad in grads]  # (3)


def total_norm(grads: Sequence[Array], norm_type: float = 2.0) -> Scalar:
    """Return the norm of all entries, as the norm of norms; 0 for an empty list."""
    if not grads:
        return np.float64(0)
    return norm(np.stack([norm(grad, norm_type) for grad in grads]), norm_type)


def norm(array: Array, norm_type: float) -> Scalar:
    """Return the p-norm (1) of all entries of one array."""
    sizes = np.abs(array)
    if norm_type == np.inf:
        largest: Scalar = np.max(sizes)
        return largest
    total: Scalar = np.sum(sizes**norm_type) ** (1 / norm_type)
    return total
