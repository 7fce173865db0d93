"""Activations, for real, complex and object arrays and what dispatches like them.

Complex arrays carry a derivative in their imaginary part (complex step), so
nothing here takes an absolute value, and ReLU decides by the real part.  Object
arrays hold numbers of any type that has a method ``tanh`` and compares with 0.

Source: Squire & Trapp (1998), "Using complex variables to estimate derivatives".
"""

import numpy as np
from scipy.special import expit

from refcheck.cell import Array


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


def tanh_slope(y: Array) -> Array:
    """Return the derivative of tanh where its value is y: 1 − y²."""
    return 1 - y * y


def sigmoid_slope(y: Array) -> Array:
    """Return the derivative of σ where its value is y: y (1 − y)."""
    slope: Array = y * (1 - y)
    return slope
