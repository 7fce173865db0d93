"""A step whose weights nobody outside can see."""

import numpy as np

W, U = np.sin(np.arange(12.0)).reshape(4, 3), np.cos(np.arange(16.0)).reshape(4, 4)


def step(x, h):
    """Advance one step: x (N, 3), h (N, 4)."""
    h = np.tanh(x @ W.T + h @ U.T)
    return h, h
