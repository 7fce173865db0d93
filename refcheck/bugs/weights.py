"""Weights and biases that are transposed, shared, scaled, or used in part."""

from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.planted import Plant, planted, stepping
from refcheck.cell import Array, Capability, Params, Spec
from refcheck.reference.affine import affine


def every(**changed: Any) -> Plant:
    """Plant parameters of each layer and direction, some of them functions of it."""

    def change(params: list[Params], _: Spec) -> list[Params]:
        return [
            p._replace(**{part: make(p) for part, make in changed.items()})
            for p in params
        ]

    return planted(params=change)


def recurrent(change: Any) -> Plant:
    """Plant other recurrent weights: a function of those that are given."""
    return every(weight_hh=lambda p: change(p.weight_hh))


def _columns(weight: Array, kept: Any) -> Array:
    return np.where(kept(np.arange(weight.shape[1])), weight, 0)


def _in_blocks_of_four(weight: Array) -> Array:
    whole = weight.shape[1] // 4 * 4
    return _columns(weight, lambda k: k < whole) if whole else weight


def _transposed(weight: Array) -> Array:
    h = weight.shape[1]
    return weight.reshape(-1, h, h).transpose(0, 2, 1).reshape(weight.shape)


def _where_they_fit(params: Params) -> Array:
    ih, hh = params.weight_ih, params.weight_hh
    return ih if ih.shape == hh.shape else hh


def _demanding_biases(params: list[Params], spec: Spec) -> list[Params]:
    if not spec.bias:
        message = "expected 4 parameters for each layer, found 2"
        raise IndexError(message)
    return params


def _first_rows(params: Params, x: Array) -> Array:
    product = affine(x, params.weight_ih, None)
    if params.bias_ih is None:
        return product
    return product + np.where(np.arange(len(x))[:, None] < 8, params.bias_ih, 0)


BUGS = (
    Bug(
        "recurrent-weight-transposed",
        "The recurrent matrix of each gate is used transposed.",
        CELLS,
        recurrent(_transposed),
    ),
    Bug(
        "input-weight-reshaped",
        "Input weights are brought into shape by a reshape, not by a transposition.",
        CELLS,
        every(weight_ih=lambda p: p.weight_ih.T.reshape(p.weight_ih.shape)),
    ),
    Bug(
        "input-weight-used-for-the-state",
        "Where D = H, the weights of the inputs are used for the state, too.",
        CELLS,
        every(weight_hh=_where_they_fit),
    ),
    Bug(
        "recurrence-left-out",
        "The recurrent product is left out, but for its bias.",
        CELLS,
        recurrent(lambda w: w * 0),
    ),
    Bug(
        "recurrent-bias-ignored",
        "The recurrent bias is accepted and never added.",
        CELLS,
        every(bias_hh=lambda p: None),
        ("https://github.com/tensorflow/tfjs/issues/2442",),
        needs=Capability.BIAS,
    ),
    Bug(
        "input-bias-ignored",
        "The bias of the inputs is accepted and never added.",
        CELLS,
        every(bias_ih=lambda p: None),
        needs=Capability.BIAS,
    ),
    Bug(
        "biases-ignored",
        "Biases are accepted and never added.",
        CELLS,
        every(bias_ih=lambda p: None, bias_hh=lambda p: None),
        (
            "https://github.com/patrick-kidger/equinox/pull/215",
            "https://github.com/tensorflow/addons/pull/210",
        ),
        needs=Capability.BIAS,
    ),
    Bug(
        "input-bias-used-twice",
        "The input bias is added where the recurrent one should be.",
        CELLS,
        every(bias_hh=lambda p: p.bias_ih),
        ("https://github.com/onnx/keras-onnx/issues/98",),
        needs=Capability.BIAS,
    ),
    Bug(
        "raises-without-biases",
        "Parameters are counted as if there always were biases.",
        CELLS,
        planted(params=_demanding_biases),
        (
            "https://github.com/pytorch/pytorch/issues/34800",
            "https://github.com/microsoft/onnxruntime/pull/3797",
        ),
        needs=Capability.NO_BIAS,
    ),
    Bug(
        "input-bias-left-out-beyond-eight-rows",
        "The bias of the inputs is added to the first eight rows alone.",
        CELLS,
        stepping(heard=_first_rows),
        ("https://github.com/ROCm/rocm-libraries/issues/10551",),
        needs=Capability.BIAS | Capability.BATCH,
    ),
    Bug(
        "odd-unit-left-out-of-the-recurrent-product",
        "The recurrent product goes two units at a time and forgets an odd one.",
        CELLS,
        recurrent(lambda w: _columns(w, lambda k: k < len(k) // 2 * 2)),
    ),
    Bug(
        "last-units-left-out-of-four",
        "Products run over blocks of four units; the remainder is forgotten.",
        CELLS,
        recurrent(_in_blocks_of_four),
        ("https://github.com/ARM-software/CMSIS_5/issues/1472",),
    ),
    Bug(
        "first-unit-heard-twice",
        "A loop over units starts at 0 after the first was added already.",
        CELLS,
        recurrent(lambda w: w * np.where(np.arange(w.shape[1]) == 0, 2, 1)),
    ),
    Bug(
        "units-are-centred-together",
        "The mean over the hidden units is taken off what they say.",
        CELLS,
        recurrent(lambda w: w - w.mean(axis=1, keepdims=True)),
    ),
    Bug(
        "recurrent-weights-scaled-by-width",
        "Recurrent weights are divided by the root of H.",
        CELLS,
        recurrent(lambda w: w * w.shape[1] ** -0.5),
    ),
    Bug(
        "products-in-half-precision",
        "The recurrent product reads weights in half precision.",
        CELLS,
        recurrent(lambda w: w.astype(np.float16).astype(w.dtype)),
    ),
    Bug(
        "gate-off-by-one-in-a-hundred-million",
        "A hundred-millionth is added to every bias.",
        CELLS,
        every(bias_ih=lambda p: None if p.bias_ih is None else p.bias_ih + 1e-8),
        needs=Capability.BIAS,
    ),
)
