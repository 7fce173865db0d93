"""Numbers with fewer digits than they should have, of another dtype, or not finite."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.activations import TANH
from refcheck.bugs.bug import CELLS, GATED, Bug
from refcheck.bugs.inputs import reading
from refcheck.bugs.lines import each
from refcheck.bugs.planted import Plant, planted, stepping
from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients, Reply
from refcheck.reference.activation import sigmoid
from refcheck.reverse import pulled_as, untraced

BACK = Capability.BACKWARD
DOUBLE = Capability.FLOAT64
DEFAULT = Capability.DEFAULT_STATE


def returning(change: Callable[[Array], Any]) -> Plant:
    """Plant what becomes of outputs and final state."""
    return planted(
        ended=lambda _, reply: Reply(
            change(reply.outputs), tuple(map(change, reply.state))
        )
    )


def sloped(
    function: Callable[[Array], Any], slope: Callable[[Array, Array], Any]
) -> Any:
    """Return a function whose derivative is slope(a, y), whatever it should be."""

    def activation(a: Array) -> Any:
        y = function(untraced(a))
        return pulled_as(y, a * slope(untraced(a), y))

    return activation


def through(dtype: str) -> Callable[[Array], Any]:
    """Return what takes arrays on a detour through another dtype."""
    return lambda a: a.astype(dtype).astype(a.dtype)


def _gradients_through(dtype: str) -> Plant:
    return planted(pulled=lambda _, found: each(found, through(dtype)))


def _by_exponentials(a: Array) -> Any:
    return (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))


def _by_one_exponential(a: Array) -> Any:
    return (np.exp(2 * a) - 1) / (np.exp(2 * a) + 1)


def _in_blocks(a: Array) -> Any:
    whole = np.arange(a.shape[1]) < a.shape[1] // 4 * 4
    return np.where(whole, _by_one_exponential(a), np.tanh(a))


def _reversed_in_blocks(a: Array) -> Any:
    whole = np.arange(a.shape[1]) < a.shape[1] // 4 * 4
    return np.where(whole, 1 - sigmoid(a), sigmoid(a))


def _exponential_slope(a: Array, y: Array) -> Any:
    with np.errstate(all="ignore"):
        return np.exp(-a) / (1 + np.exp(-a)) ** 2


def _double_by_default(zeros: Any) -> Any:
    return tuple(s.astype(np.float64) for s in zeros)


def _single_by_default(zeros: Any) -> Any:
    return tuple(s.astype(np.float32) for s in zeros)


def _double(case: Case, found: Gradients) -> Gradients:
    params = {name: g.astype(np.float64) for name, g in found.params.items()}
    return found._replace(params=params)


BUGS = (
    Bug(
        "float64-by-name-only",
        "Double precision is a cast at the end.",
        CELLS,
        returning(through("float32")),
        needs=DOUBLE,
    ),
    Bug(
        "outputs-rounded-to-single",
        "Outputs pass through single precision, whatever the dtype.",
        CELLS,
        planted(
            ended=lambda _, reply: reply._replace(
                outputs=through("float32")(reply.outputs)
            )
        ),
        needs=DOUBLE,
    ),
    Bug(
        "gradients-in-single-precision",
        "The forward pass is double, the backward pass is not.",
        CELLS,
        _gradients_through("float32"),
        needs=DOUBLE | BACK,
    ),
    Bug(
        "half-precision-inside",
        "A fast path works in half precision.",
        CELLS,
        returning(through("float16")),
    ),
    Bug(
        "gradients-in-half-precision",
        "Gradients travel in half precision.",
        CELLS,
        _gradients_through("float16"),
        needs=BACK,
    ),
    Bug(
        "results-a-millionth-too-large",
        "Outputs and final state are too large by a millionth.",
        CELLS,
        returning(lambda a: a * (1 + 1e-6)),
    ),
    Bug(
        "state-starts-in-double",
        "The state is made without a dtype where none is given.",
        CELLS,
        planted(start=_double_by_default),
        ("https://github.com/keras-team/keras/issues/15140",),
        needs=DEFAULT,
    ),
    Bug(
        "default-state-is-single",
        "The default state is single precision, and what comes of it is returned so.",
        CELLS,
        planted(
            start=_single_by_default,
            ended=lambda case, reply: (
                reply
                if case.state is not None
                else reply._replace(outputs=reply.outputs.astype(np.float32))
            ),
        ),
        (
            "https://github.com/tensorflow/tensorflow/issues/35466",
            "https://github.com/apache/mxnet/issues/12650",
        ),
        needs=DEFAULT | DOUBLE,
    ),
    Bug(
        "gradients-come-back-in-double",
        "Gradients are summed up in double precision, and left there.",
        CELLS,
        planted(pulled=_double),
        needs=BACK,
    ),
    Bug(
        "tanh-by-two-exponentials",
        "Tanh is (eᵃ − e⁻ᵃ) / (eᵃ + e⁻ᵃ), which is ∞ / ∞ for large a.",
        TANH,
        stepping(squash=_by_exponentials),
    ),
    Bug(
        "tanh-by-an-exponential-in-blocks-of-four",
        "Tanh is (e²ᵃ − 1) / (e²ᵃ + 1) for whole blocks of four units.",
        TANH,
        stepping(squash=_in_blocks),
        ("https://github.com/ooples/AiDotNet.Tensors/pull/594",),
    ),
    Bug(
        "sigmoid-reversed-in-blocks-of-four",
        "The sigmoid of whole blocks of four units is the one of −a.",
        GATED,
        stepping(sigma=_reversed_in_blocks),
        ("https://github.com/clab/dynet/issues/1525",),
    ),
    Bug(
        "sigmoid-slope-by-an-exponential",
        "The slope of the sigmoid is e⁻ᵃ / (1 + e⁻ᵃ)², ∞ / ∞ for large negative a.",
        GATED,
        stepping(sigma=sloped(sigmoid, _exponential_slope)),
        ("https://github.com/jeshraghian/snntorch/pull/433",),
        needs=BACK,
    ),
    Bug(
        "activations-hide-nan",
        "NaN in the inputs is taken for 0.",
        CELLS,
        reading(np.nan_to_num),
    ),
)
