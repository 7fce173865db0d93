"""Clipping functions with PyTorch's signature: parameters that carry gradients."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from refcheck.cell import Array
from refcheck.clipper import Clipped


def called_in_place(
    function: Any, grads: tuple[Array, ...], bound: float, options: Mapping[str, float]
) -> Clipped:
    """Let ``function`` clip the gradients of fresh parameters, and read them back."""
    parameters = []
    for g in grads:
        gradient = torch.from_numpy(g.copy())
        parameters.append(torch.nn.Parameter(torch.zeros_like(gradient)))
        parameters[-1].grad = gradient
    norm = function(parameters, bound, **options)
    clipped = tuple(_read(parameter.grad) for parameter in parameters)
    return Clipped(clipped, None if norm is None else np.asarray(norm))


def _read(gradient: torch.Tensor | None) -> Array:
    return np.zeros(0) if gradient is None else gradient.numpy().copy()
