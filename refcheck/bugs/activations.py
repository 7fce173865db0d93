"""Activations that are others than the textbook's, or left out."""

from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, GATED, RNNS, Bug
from refcheck.bugs.planted import stepping
from refcheck.cell import Array, Kind
from refcheck.reference.activation import relu, sigmoid

RELU = frozenset({Kind.RNN_RELU})
TANH = CELLS - RELU


def _short_fraction(a: Array) -> Any:
    """Return Padé's [7/6] fraction of tanh, cut off at ±1: off by 1e-4 near 5."""
    s = a * a
    above = a * (135135 + s * (17325 + s * (378 + s)))
    below = 135135 + s * (62370 + s * (3150 + 28 * s))
    return np.clip(above / below, -1, 1)


def _off_by_units(a: Array) -> Any:
    y = np.tanh(a)
    return (y * (1 + 16 * float(np.finfo(y.dtype).eps))).astype(y.dtype)


BUGS = (
    Bug(
        "activation-left-out",
        "The activation is left out.",
        RNNS,
        stepping(squash=lambda a: a),
    ),
    Bug(
        "tanh-in-place-of-relu",
        "The activation is tanh, whatever was asked for.",
        RELU,
        stepping(squash=np.tanh),
        (
            "https://github.com/Nixtla/neuralforecast/issues/796",
            "https://github.com/tensorflow/tensorflow/issues/41028",
            "https://github.com/intel/ipex-llm/issues/1901",
            "https://github.com/jatinchowdhury18/RTNeural/issues/124",
            "https://github.com/PINTO0309/onnx2tf/issues/300",
        ),
    ),
    Bug(
        "relu-in-place-of-tanh",
        "A ReLU stands where tanh should.",
        TANH,
        stepping(squash=relu),
    ),
    Bug(
        "relu-passes-negative-values",
        "ReLU lets a hundredth of negative values pass.",
        RELU,
        stepping(squash=lambda a: np.maximum(a, 0.01 * a)),
    ),
    Bug(
        "relu-is-smooth",
        "ReLU is rounded off at 0, as softplus is.",
        RELU,
        stepping(squash=lambda a: np.logaddexp(a, a * 0)),
    ),
    Bug(
        "outputs-are-capped",
        "ReLU is cut off at 6.",
        RELU,
        stepping(squash=lambda a: np.minimum(relu(a), 6)),
    ),
    Bug(
        "small-outputs-are-cut",
        "ReLU takes values below 1e-4 for 0.",
        RELU,
        stepping(squash=lambda a: np.where(a < 1e-4, a * 0, a)),
    ),
    Bug(
        "activation-is-lopsided",
        "The activation is a hundredth less steep below 0 than above.",
        TANH,
        stepping(squash=lambda a: np.where(a > 0, np.tanh(a), 0.99 * np.tanh(a))),
    ),
    Bug(
        "candidate-not-squashed",
        "The tanh of the candidate is left out.",
        GATED,
        stepping(squash=lambda a: a),
    ),
    Bug(
        "candidate-through-the-sigmoid",
        "One sigmoid serves for all blocks, the candidate's too.",
        GATED,
        stepping(squash=sigmoid),
    ),
    Bug(
        "sigmoid-inside-the-candidate",
        "The candidate goes through a sigmoid before its tanh.",
        GATED,
        stepping(squash=lambda a: np.tanh(sigmoid(a))),
        ("https://github.com/malmaud/TensorFlow.jl/pull/384",),
    ),
    Bug(
        "gates-and-candidate-exchange-activations",
        "Gates go through tanh, the candidate through the sigmoid.",
        GATED,
        stepping(sigma=np.tanh, squash=sigmoid),
        ("https://github.com/tflearn/tflearn/pull/200",),
    ),
    Bug(
        "gates-through-tanh",
        "One tanh serves for all blocks, the gates' too.",
        GATED,
        stepping(sigma=np.tanh),
    ),
    Bug(
        "hard-sigmoid",
        "The sigmoid is a straight line, cut off at 0 and 1.",
        GATED,
        stepping(sigma=lambda a: np.clip(a / 6 + 0.5, 0, 1)),
        (
            "https://github.com/tensorflow/tfjs/issues/441",
            "https://github.com/keras-team/keras/issues/14653",
            "https://github.com/onnx/tensorflow-onnx/pull/2001",
        ),
    ),
    Bug(
        "hard-tanh",
        "Tanh is a straight line, cut off at ±1.",
        TANH,
        stepping(squash=lambda a: np.clip(a, -1, 1)),
    ),
    Bug(
        "tanh-by-a-short-fraction",
        "Tanh is a short fraction, off by a ten-thousandth where it saturates.",
        TANH,
        stepping(squash=_short_fraction),
    ),
    Bug(
        "tanh-off-by-sixteen-units",
        "Every tanh is 16 units in the last place too large.",
        TANH,
        stepping(squash=_off_by_units),
    ),
    Bug(
        "sigmoid-off-by-a-millionth",
        "A millionth is added to the sigmoid.",
        GATED,
        stepping(sigma=lambda a: sigmoid(a) + 1e-6),
    ),
    Bug(
        "sigmoid-of-twice-its-argument",
        "The sigmoid is (1 + tanh a) / 2, without the half inside.",
        GATED,
        stepping(sigma=lambda a: 0.5 * (1 + np.tanh(a))),
    ),
)
