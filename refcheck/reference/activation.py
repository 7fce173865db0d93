"""Activations, their slopes and gates, for arrays of any numbers.

Arrays may be real, complex, of objects, or what dispatches like one.

Complex arrays carry a derivative in their imaginary part (complex step), so
nothing here takes an absolute value, and ReLU decides by the real part.  Object
arrays hold numbers of any type that has a method ``tanh`` and compares with 0.

What can be written in several ways is a ``formula``: numbers that know what rounding
does to them have a version of their own, which allows for the worst of those ways.

Source: Squire & Trapp (1998), "Using complex variables to estimate derivatives".
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
from scipy.special import expit

from refcheck.cell import Array

F = TypeVar("F", bound=Callable[..., Any])
VERSIONS: dict[str, dict[type, Callable[..., Any]]] = {}  # by formula, for other types


def formula(function: F) -> F:
    """Let other types of arrays, by the first argument, have a version of their own.

    As ``functools.singledispatch``, but many times quicker on the types themselves.
    """
    versions = VERSIONS[function.__name__] = {}

    @wraps(function)
    def either(first: Array, *others: Array) -> Any:
        return versions.get(first.__class__, function)(first, *others)

    return cast("F", either)


def sigmoid(a: Array) -> Array:
    """Return σ(a) = 1 / (1 + exp(−a)).

    ``expit`` has a small relative error on both tails, but knows real numbers only.
    """
    if a.dtype.kind == "f":
        s: Array = expit(a)
        return s
    return 0.5 * (1 + np.tanh(0.5 * a))


def relu(a: Array) -> Array:
    """Return max(a, 0)."""
    if a.dtype.kind == "f":
        return np.maximum(a, 0)
    return a * relu_slope(a)


def relu_slope(a: Array) -> Array:
    """Return the derivative of ReLU: 1 where a > 0, else 0, at 0 too."""
    if a.dtype.kind == "O":
        return np.where(a > 0, 1, 0)
    return np.heaviside(a.real if a.dtype.kind == "c" else a, 0)


def cut(a: Array, bound: float) -> Array:
    """Return a, or ±bound where it is beyond."""
    if a.dtype.kind != "O":
        return np.clip(a, -bound, bound)
    return np.where(a > bound, bound + 0 * a, np.where(a < -bound, 0 * a - bound, a))


@formula
def through_relu(d_y: Array, a: Array) -> Array:
    """Return ∂L/∂a where y = max(a, 0): ∂L/∂y where a > 0, else 0."""
    return d_y * relu_slope(a)


@formula
def tanh_slope(y: Array) -> Array:
    """Return the derivative of tanh where its value is y: 1 − y²."""
    return 1 - y * y


@formula
def sigmoid_slope(y: Array) -> Array:
    """Return the derivative of σ where its value is y: y (1 − y)."""
    return y * (1 - y)


@formula
def mixed(z: Array, n: Array, h: Array) -> Array:
    """Return (1 − z) n + z h: what a gate lets in of n, and keeps of h."""
    return (1 - z) * n + z * h
