"""Two directions that are mixed up, or read in the wrong order."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.planted import Plant, planted
from refcheck.case import Case
from refcheck.cell import Array, Capability, Reply, Spec
from refcheck.reverse import untraced

BOTH = Capability.DIRECTIONS


def joining(join: Callable[[Array, Array], Any]) -> Plant:
    """Plant how the outputs of both directions, (T, N, H) each, are joined."""
    return planted(joined=lambda sides: join(*sides))


def where_both(change: Callable[[Case, Reply], Reply]) -> Plant:
    """Plant what is returned if there are two directions."""
    return planted(
        ended=lambda case, reply: (
            change(case, reply) if case.spec.bidirectional else reply
        )
    )


def for_the_reverse(change: Callable[[Array, int], Any]) -> Plant:
    """Plant what the reverse direction of a layer reads."""
    return planted(below=lambda y, case, layer, k: change(y, layer) if k else y)


def _both_of(case: Case, state: Any, side: int) -> Any:
    """Return the state of one side for both."""
    order = [k - k % 2 + side for k in range(case.spec.depth)]
    return tuple(s[order] for s in state)


def _forward_state(case: Case) -> Case:
    if case.state is None or not case.spec.bidirectional:
        return case
    return case.but(state=_both_of(case, case.state, 0))


def _at_the_last_step(case: Case, reply: Reply) -> Reply:
    h = reply.outputs[-1:, :, case.spec.hidden_size :]
    state = (np.concatenate([reply.state[0][:-1], h]), *reply.state[1:])
    return reply._replace(state=state)


def _directions_first(state: Any, spec: Spec, *, back: bool) -> Any:
    order = np.arange(spec.depth).reshape(spec.directions, -1).T.reshape(-1)
    return tuple(s[np.argsort(order) if back else order] for s in state)


def _taken_directions_first(case: Case) -> Case:
    if case.state is None:
        return case
    return case.but(state=_directions_first(case.state, case.spec, back=False))


def _given_directions_first(case: Case, reply: Reply) -> Reply:
    return reply._replace(state=_directions_first(reply.state, case.spec, back=True))


def _reshaped(ahead: Array, back: Array) -> Any:
    time, rows, size = ahead.shape
    return np.stack([ahead, back], 1).reshape(time, rows, 2 * size)


BUGS = (
    Bug(
        "halves-exchanged",
        "The outputs of the reverse direction come first.",
        CELLS,
        joining(lambda ahead, back: np.concatenate([back, ahead], 2)),
        needs=BOTH,
    ),
    Bug(
        "halves-interleaved",
        "Units of both directions are stacked on a last axis, then flattened.",
        CELLS,
        joining(
            lambda ahead, back: np.stack([ahead, back], 3).reshape(*back.shape[:2], -1)
        ),
        ("https://github.com/pytorch/pytorch/pull/11368",),
        needs=BOTH,
    ),
    Bug(
        "directions-reshaped-not-transposed",
        "Outputs of both directions are stacked before the rows, then flattened.",
        CELLS,
        joining(_reshaped),
        ("https://github.com/openvinotoolkit/openvino_contrib/pull/703",),
        needs=BOTH,
    ),
    Bug(
        "backward-direction-alone-twice",
        "Only the reverse direction is shown, in both halves.",
        CELLS,
        joining(lambda ahead, back: np.concatenate([back, back], 2)),
        needs=BOTH,
    ),
    Bug(
        "forward-direction-alone-twice",
        "Only the forward direction is shown, in both halves.",
        CELLS,
        joining(lambda ahead, back: np.concatenate([ahead, ahead], 2)),
        needs=BOTH,
    ),
    Bug(
        "backward-outputs-in-order-of-reading",
        "Outputs of the reverse direction are not flipped back.",
        CELLS,
        joining(lambda ahead, back: np.concatenate([ahead, back[::-1]], 2)),
        (
            "https://github.com/onnx/keras-onnx/issues/523",
            "https://github.com/PINTO0309/onnx2tf/pull/287",
            "https://github.com/VeriSilicon/TIM-VX/issues/401",
            "https://github.com/webmachinelearning/webnn/issues/801",
        ),
        needs=BOTH,
    ),
    Bug(
        "backward-direction-reads-forward",
        "The reverse direction reads the inputs as they come.",
        CELLS,
        planted(reading=lambda time, reverse: range(time)),
        (
            "https://github.com/stanfordmlgroup/nlc/issues/8",
            "https://github.com/onnx/onnx/pull/7935",
        ),
        needs=BOTH,
    ),
    Bug(
        "features-flipped-in-place-of-time",
        "For the reverse direction the features are flipped, not the steps.",
        CELLS,
        planted(
            reading=lambda time, reverse: range(time),
            below=lambda y, case, layer, k: y[..., ::-1] if k else y,
        ),
        ("https://github.com/StefOe/indrnn-pytorch/issues/9",),
        needs=BOTH,
    ),
    Bug(
        "reverse-direction-of-upper-layers-flipped-twice",
        "In upper layers the reverse direction reads what is flipped already.",
        CELLS,
        for_the_reverse(lambda y, layer: y[::-1] if layer else y),
        ("https://github.com/magenta/magenta/pull/1012",),
        needs=BOTH | Capability.STACKS,
    ),
    Bug(
        "reverse-direction-runs-on-forward-weights",
        "The reverse direction is run with the parameters of the forward one.",
        CELLS,
        planted(
            params=lambda params, spec: [
                params[k - k % spec.directions] for k in range(spec.depth)
            ]
        ),
        ("https://github.com/pytorch/pytorch/issues/94754",),
        needs=BOTH,
    ),
    Bug(
        "backward-direction-starts-from-the-forward-state",
        "Both directions start from the state of the forward one.",
        CELLS,
        planted(given=_forward_state),
        (
            "https://github.com/onnx/onnx-tensorflow/issues/409",
            "https://github.com/apple/coremltools/issues/824",
        ),
        needs=BOTH | Capability.INITIAL_STATE,
    ),
    Bug(
        "backward-final-state-is-the-one-at-the-last-step",
        "The final h of the reverse direction is read off the last step.",
        CELLS,
        where_both(_at_the_last_step),
        (
            "https://github.com/deeplearning4j/deeplearning4j/pull/5987",
            "https://github.com/yalesong/pvse/issues/13",
            "https://github.com/yunjey/pytorch-tutorial/pull/174",
        ),
        needs=BOTH | Capability.FINAL_STATE,
    ),
    Bug(
        "forward-final-state-for-both-directions",
        "The final state of the forward direction is returned for both.",
        CELLS,
        where_both(
            lambda case, reply: reply._replace(state=_both_of(case, reply.state, 0))
        ),
        ("https://github.com/tflearn/tflearn/pull/522",),
        needs=BOTH | Capability.FINAL_STATE,
    ),
    Bug(
        "directions-before-layers-in-the-state",
        "States are ordered by direction first, on the way in and on the way out.",
        CELLS,
        planted(given=_taken_directions_first, ended=_given_directions_first),
        ("https://github.com/Theano/Theano/pull/5405",),
        needs=BOTH | Capability.STACKS | Capability.FINAL_STATE,
    ),
    Bug(
        "input-gradient-of-the-forward-direction-alone",
        "The gradient of the inputs lacks what comes from the reverse direction.",
        CELLS,
        for_the_reverse(lambda y, layer: untraced(y)),
        ("https://github.com/mlpack/mlpack/pull/1742",),
        needs=BOTH | Capability.BACKWARD,
    ),
)
