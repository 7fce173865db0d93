"""Clipping functions: with PyTorch's signature, or ``f(grads, max_norm)`` on arrays."""

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import ClipCase
from refcheck.cell import Array, Capability, Declared, Kind, Signature
from refcheck.clipper import Clipped
from refcheck.errors import TargetError

TRIAL = (np.array([3.0, -4.0]), np.array([[12.0]]))


class Clipper:
    """A clipping function, called on copies of the case's gradients."""

    def __init__(self, function: Callable[..., Any], signature: Signature) -> None:
        """Wrap ``function``; ``_called`` says how it is called."""
        self.function, self.signature = function, signature

    def fresh(self) -> "Clipper":
        """Return the same function."""
        return self

    def clip(self, case: ClipCase) -> Clipped:
        """Clip the gradients of ``case``."""
        return _called(self.function, case.grads, case.bound, case.spec.norm_type)


def adapt(thing: Any, declared: Declared, name: str) -> Clipper:
    """Return the clipping function ``thing`` as a Clipper.

    Raises:
        TargetError: if it is not callable, or a trial call fails or returns no list.
    """
    kind = declared.like or _kind_of(thing)
    if kind is None or kind.recurrent or not callable(thing):
        message = f"cannot adapt {name}: expected a function that clips gradients."
        raise TargetError(message)
    try:
        found = _called(thing, TRIAL, 1.0, 2.0)
        shapes = [np.shape(g) for g in found.grads]
    except Exception as error:
        message = (
            f"{name} failed on two small gradients: {type(error).__name__}: {error}. "
            "Expected f(grads, max_norm) that returns the clipped list, alone or with "
            "the norm, or the signature of torch.nn.utils.clip_grad_norm_."
        )
        raise TargetError(message) from error
    if shapes != [g.shape for g in TRIAL]:
        message = (
            f"{name} returned shapes {shapes}, expected {[g.shape for g in TRIAL]}."
        )
        raise TargetError(message)
    return Clipper(thing, _signature(thing, name, kind, found))


def is_clipper(thing: Any) -> bool:
    """Whether ``thing`` is one of PyTorch's own clipping functions."""
    return _kind_of(thing) is not None


def _kind_of(thing: Any) -> Kind | None:
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return None
    known = {
        torch.nn.utils.clip_grad_norm_: Kind.CLIP_NORM,
        torch.nn.utils.clip_grad_value_: Kind.CLIP_VALUE,
    }
    return next((kind for f, kind in known.items() if f is thing), None)


def _signature(thing: Any, name: str, kind: Kind, found: Clipped) -> Signature:
    capabilities = Capability.FORWARD
    if "norm_type" in _parameters(thing):
        capabilities |= Capability.NORMS
    if found.norm is not None:
        capabilities |= Capability.RETURNS_NORM
    if _takes_parameters(thing):
        capabilities |= Capability.NONFINITE  # PyTorch's contract with its signature
    return Signature(name, kind, capabilities)


def _takes_parameters(thing: Any) -> bool:
    return _parameters(thing)[:1] == ("parameters",)


def _parameters(thing: Any) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return ()


def _called(function: Any, grads: tuple[Array, ...], bound: float, p: float) -> Clipped:
    names = _parameters(function)
    options = {"norm_type": p} if "norm_type" in names else {}
    if _takes_parameters(function):
        from refcheck.adapters.torch_clipping import called_in_place  # noqa: PLC0415

        return called_in_place(function, grads, bound, options)
    given = [g.copy() for g in grads]
    return _told_apart(function(given, bound, **options), given)


def _told_apart(result: Any, given: list[Array]) -> Clipped:
    """Tell (grads, norm) from (norm, grads) and from grads alone; None: in place."""
    if result is None:
        return Clipped(tuple(given), None)
    if len(result) == 2:
        for grads, norm in (result, result[::-1]):
            if isinstance(grads, list | tuple) and not isinstance(norm, list | tuple):
                return Clipped(tuple(map(np.asarray, grads)), np.asarray(norm))
    return Clipped(tuple(map(np.asarray, result)), None)
