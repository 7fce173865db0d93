"""The readout y = h W_hyᵀ + b_y, for networks that return a prediction at each step.

Source: Elman (1990); Karpathy (2015), "The unreasonable effectiveness of recurrent
neural networks", whose cell returns y.
"""

from typing import NamedTuple

from refcheck.cell import Array
from refcheck.reference.affine import affine, affine_back


class Readout(NamedTuple):
    """The parameters of a readout; the bias may be None."""

    weight_hy: Array  # (O, H)
    bias_y: Array | None = None  # (O,)


def forward(readout: Readout, outputs: Array) -> Array:
    """Return the predictions (T, N, O) for the outputs (T, N, H) of a network."""
    time, batch, size = outputs.shape
    y = affine(outputs.reshape(time * batch, size), *readout)
    return y.reshape(time, batch, y.shape[1])


def backward(
    readout: Readout, outputs: Array, grad_predictions: Array
) -> tuple[Readout, Array]:
    """Pull the gradient of predictions (T, N, O) back to readout and outputs."""
    time, batch, size = outputs.shape
    d_y = grad_predictions.reshape(time * batch, grad_predictions.shape[2])
    h = outputs.reshape(time * batch, size)
    d_outputs = (d_y @ readout.weight_hy).reshape(time, batch, size)
    return Readout(*affine_back(d_y, h, readout.bias_y)), d_outputs
