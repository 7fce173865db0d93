"""Gates of a GRU that do not do what gates do."""

import numpy as np

from refcheck.bugs.bug import GRUS, Bug
from refcheck.bugs.planted import stepping
from refcheck.bugs.steps import mixed, of_candidate, reset_after, reset_before
from refcheck.cell import Array, Capability, Kind, Params
from refcheck.reference.affine import affine


def _never_reset(params: Params, r: Array, h: Array) -> Array:
    return affine(h, *of_candidate(params))


def _without_its_bias(params: Params, r: Array, h: Array) -> Array:
    return r * affine(h, of_candidate(params)[0], None)


def _bias_never_reset(params: Params, r: Array, h: Array) -> Array:
    weight, bias = of_candidate(params)
    product = r * affine(h, weight, None)
    return product if bias is None else product + bias


BUGS = (
    Bug(
        "update-gate-reversed",
        "The update gate says how much is taken, not how much is kept.",
        GRUS,
        stepping(mixed=lambda z, n, h, r: z * n + (1 - z) * h),
    ),
    Bug(
        "update-gate-never-open",
        "A thousandth of the candidate is always taken.",
        GRUS,
        stepping(mixed=lambda z, n, h, r: mixed(0.999 * z, n, h, r)),
    ),
    Bug(
        "update-gate-never-shut",
        "The update gate is kept above one part in a million.",
        GRUS,
        stepping(mixed=lambda z, n, h, r: mixed(np.maximum(z, 1e-6), n, h, r)),
    ),
    Bug(
        "update-gate-is-the-reset-gate",
        "One gate serves for both: the reset gate says what is kept, too.",
        GRUS,
        stepping(opened=lambda r, z: (r, r)),
    ),
    Bug(
        "state-kept-besides-the-candidate",
        "The candidate is taken whole, whatever is kept of the state.",
        GRUS,
        stepping(mixed=lambda z, n, h, r: n + z * h),
    ),
    Bug(
        "state-kept-whole",
        "The state is kept whole, whatever is taken of the candidate.",
        GRUS,
        stepping(mixed=lambda z, n, h, r: (1 - z) * n + h),
    ),
    Bug(
        "reset-state-is-kept",
        "What is kept is the state after the reset gate.",
        GRUS,
        stepping(mixed=lambda z, n, h, r: mixed(z, n, r * h, r)),
    ),
    Bug(
        "reset-gate-left-out",
        "The reset gate is computed, and multiplies nothing.",
        GRUS,
        stepping(seen=_never_reset),
        ("https://github.com/zhiyongc/GRU-D/issues/2",),
    ),
    Bug(
        "reset-gate-on-the-whole-candidate",
        "The reset gate multiplies what is heard of the inputs, too.",
        GRUS,
        stepping(candidate=lambda x_n, h_n, r: r * (x_n + h_n)),
    ),
    Bug(
        "reset-gate-before-the-product",
        "The reset gate multiplies the state, not what the weights make of it.",
        frozenset({Kind.GRU}),
        stepping(seen=reset_before),
        (
            "https://github.com/root-project/root/pull/5367",
            "https://github.com/onnx/keras-onnx/pull/33",
        ),
    ),
    Bug(
        "reset-gate-after-the-product",
        "The reset gate multiplies what the weights make of the state, not the state.",
        frozenset({Kind.GRU_RESET_BEFORE}),
        stepping(seen=reset_after),
    ),
    Bug(
        "recurrent-bias-of-the-candidate-left-out",
        "The candidate has no recurrent bias.",
        frozenset({Kind.GRU}),
        stepping(seen=_without_its_bias),
        ("https://github.com/google/flax/issues/5594",),
        needs=Capability.BIAS,
    ),
    Bug(
        "recurrent-bias-of-the-candidate-outside-the-reset",
        "The reset gate does not reach the recurrent bias of the candidate.",
        frozenset({Kind.GRU}),
        stepping(seen=_bias_never_reset),
        needs=Capability.BIAS,
    ),
)
