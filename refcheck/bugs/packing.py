"""Blocks of the parameters taken for the wrong gate."""

import numpy as np

from refcheck.bugs.bug import GATED, GRUS, LSTMS, Bug
from refcheck.bugs.planted import Plant, planted
from refcheck.cell import Array, Capability, Params, Spec


def taken(*order: int) -> Plant:
    """Plant blocks that are taken in another order than they have."""
    return planted(params=lambda params, _: [_blocks(p, order) for p in params])


def _blocks(params: Params, order: tuple[int, ...]) -> Params:
    return Params(*(None if a is None else _ordered(a, order) for a in params))


def _ordered(array: Array, order: tuple[int, ...]) -> Array:
    size = array.shape[0] // len(order)
    return np.concatenate([array[k * size : (k + 1) * size] for k in order])


def biases(*order: int) -> Plant:
    """Plant biases whose blocks are taken in another order than they have."""

    def reordered(params: list[Params], spec: Spec) -> list[Params]:
        others = [_blocks(p, order) for p in params]
        return [
            p._replace(bias_ih=other.bias_ih, bias_hh=other.bias_hh)
            for p, other in zip(params, others, strict=True)
        ]

    return planted(params=reordered)


def _interleaved(params: list[Params], spec: Spec) -> list[Params]:
    def mixed(bias: Array | None) -> Array | None:
        if bias is None:
            return None
        return bias.reshape(-1, spec.hidden_size).T.reshape(len(bias))

    return [
        p._replace(bias_ih=mixed(p.bias_ih), bias_hh=mixed(p.bias_hh)) for p in params
    ]


BUGS = (
    Bug(
        "input-and-forget-gate-swapped",
        "The packed blocks are read as f, i, g, o.",
        LSTMS,
        taken(1, 0, 2, 3),
        ("https://github.com/NX-AI/xlstm/issues/98",),
    ),
    Bug(
        "gates-read-as-i-f-o-g",
        "The packed blocks are read as i, f, o, g.",
        LSTMS,
        taken(0, 1, 3, 2),
        ("https://github.com/apple/coremltools/pull/93",),
    ),
    Bug(
        "gates-read-as-i-o-f-g",
        "The packed blocks are read as i, o, f, g, the order of ONNX.",
        LSTMS,
        taken(0, 2, 3, 1),
        ("https://github.com/CrispStrobe/CrispASR/pull/106",),
    ),
    Bug(
        "gates-read-as-i-g-f-o",
        "The packed blocks are read as i, g, f, o, the order of TensorFlow 1.",
        LSTMS,
        taken(0, 2, 1, 3),
    ),
    Bug(
        "reset-and-update-gate-swapped",
        "The packed blocks are read as z, r, n.",
        GRUS,
        taken(1, 0, 2),
    ),
    Bug(
        "gates-read-as-n-r-z",
        "The packed blocks are read as n, r, z.",
        GRUS,
        taken(1, 2, 0),
    ),
    Bug(
        "biases-read-as-i-g-f-o",
        "Weights are converted to the order of the gates, biases are not.",
        LSTMS,
        biases(0, 2, 1, 3),
        needs=Capability.BIAS,
    ),
    Bug(
        "biases-read-as-z-r-n",
        "Weights are converted to the order of the gates, biases are not.",
        GRUS,
        biases(1, 0, 2),
        needs=Capability.BIAS,
    ),
    Bug(
        "forget-bias-taken-from-the-output-gate",
        "The bias of the output gate is used for the forget gate, too.",
        LSTMS,
        biases(0, 3, 2, 3),
        needs=Capability.BIAS,
    ),
    Bug(
        "output-bias-for-every-gate",
        "The bias of the output gate is used for the input and the forget gate, too.",
        LSTMS,
        biases(3, 3, 2, 3),
        ("https://github.com/ddbourgin/numpy-ml/issues/42",),
        needs=Capability.BIAS,
    ),
    Bug(
        "biases-are-interleaved",
        "Biases are transposed before they are flattened: gates alternate.",
        GATED,
        planted(params=_interleaved),
        ("https://github.com/majianjia/nnom/pull/82",),
        needs=Capability.BIAS,
    ),
)
