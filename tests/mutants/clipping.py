"""Clipping functions with one fault each."""

from collections.abc import Callable

import numpy as np
import torch

from refcheck.adapters.clippers import adapt
from refcheck.cell import Declared, Kind


def _norm(grads):
    return np.sqrt(sum(float((g.astype(float) ** 2).sum()) for g in grads))


def each_array_clipped_by_its_own_norm(grads, max_norm):
    return [g * g.dtype.type(min(1.0, max_norm / (_norm([g]) + 1e-6))) for g in grads]


def norm_of_the_last_array_forgotten(grads, max_norm):
    factor = min(1.0, max_norm / (_norm(grads[:-1] or grads) + 1e-6))
    return [g * g.dtype.type(factor) for g in grads]


def always_scaled_to_the_bound(grads, max_norm):
    return [g * g.dtype.type(max_norm / (_norm(grads) + 1e-6)) for g in grads]


def values_clipped_in_place_of_the_norm(grads, max_norm):
    return [np.clip(g, -max_norm, max_norm) for g in grads]


def half_the_bound(grads, max_norm):
    factor = min(1.0, 0.5 * max_norm / (_norm(grads) + 1e-6))
    return [g * g.dtype.type(factor) for g in grads]


def norm_after_clipping_returned(grads, max_norm):
    factor = min(1.0, max_norm / (_norm(grads) + 1e-6))
    clipped = [g * g.dtype.type(factor) for g in grads]
    return clipped, _norm(clipped)


def zero_norm_divides(grads, max_norm):
    norm = np.float64(_norm(grads))
    factor = 1.0 if 0 < norm <= max_norm else max_norm / norm
    return [g * g.dtype.type(factor) for g in grads]


def norm_overflows(grads, max_norm):
    factor = min(1.0, max_norm / (_norm(grads) + 1e-6))
    return [g * g.dtype.type(factor) for g in grads]


def nan_set_to_zero(parameters, max_norm, norm_type=2.0):
    for parameter in parameters:
        parameter.grad.nan_to_num_()
    return torch.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type)


def only_clipped_from_above(grads, bound):
    return [np.minimum(g, g.dtype.type(bound)) for g in grads]


BY_VALUE = (only_clipped_from_above,)
BY_NORM = (
    each_array_clipped_by_its_own_norm,
    norm_of_the_last_array_forgotten,
    always_scaled_to_the_bound,
    values_clipped_in_place_of_the_norm,
    half_the_bound,
    norm_after_clipping_returned,
    zero_norm_divides,
    norm_overflows,
    nan_set_to_zero,
)


def _planted(function, kind: Kind) -> Callable:
    name = function.__name__
    return lambda: adapt(function, Declared(like=kind), name)


MUTANTS = {f.__name__.replace("_", "-"): _planted(f, Kind.CLIP_NORM) for f in BY_NORM}
MUTANTS |= {
    f.__name__.replace("_", "-"): _planted(f, Kind.CLIP_VALUE) for f in BY_VALUE
}
