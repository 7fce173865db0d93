"""Stacks whose layers are not cells on top of one another."""

from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.final_state import ending
from refcheck.bugs.planted import planted
from refcheck.bugs.state import starting
from refcheck.case import Case
from refcheck.cell import Array, Capability, Params, Reply, Spec, State
from refcheck.reverse import untraced

STACKS = Capability.STACKS
IN = STACKS | Capability.INITIAL_STATE
OUT = STACKS | Capability.FINAL_STATE


def _first_layer(state: State, k: int, case: Case) -> State:
    return tuple(s[k % case.spec.directions] for s in state)


def _top_down(case: Case, reply: Reply) -> Reply:
    n = case.spec.directions
    order = [case.spec.depth - n * (k // n + 1) + k % n for k in range(case.spec.depth)]
    return reply._replace(state=tuple(s[order] for s in reply.state))


def _interleaved(case: Case, reply: Reply) -> Reply:
    h, c = reply.state
    flat = np.stack([h, c], 1).reshape(2 * len(h), *h.shape[1:])
    return reply._replace(state=(flat[: len(h)], flat[len(h) :]))


def _viewed(state: State, reply: Reply) -> Any:
    return tuple(
        s.reshape(s.shape[1], s.shape[0], s.shape[2]).transpose(1, 0, 2) for s in state
    )


def _second_in_the_middle(params: list[Params], spec: Spec) -> list[Params]:
    n = spec.directions
    if spec.num_layers < 3:
        return params
    return [*params[: 2 * n], *params[n : 2 * n], *params[3 * n :]]


def _scaled_above(params: list[Params], spec: Spec) -> list[Params]:
    n, share = spec.directions, 1 / spec.num_layers
    above = [p._replace(weight_ih=p.weight_ih * share) for p in params[n:]]
    return [*params[:n], *above]


def _one_recurrent_matrix(params: list[Params], _: Spec) -> list[Params]:
    return [p._replace(weight_hh=params[0].weight_hh) for p in params]


def _one_memory(state: State) -> Any:
    h, c = state
    return h, np.broadcast_to(c.mean(axis=0, keepdims=True), c.shape)


def _forward_half(y: Array, case: Case, layer: int, k: int) -> Any:
    size = case.spec.hidden_size
    if not layer or case.spec.directions == 1:
        return y
    return np.concatenate([y[..., :size], y[..., size:] * 0], 2)


def _ahead(y: Array, case: Case, layer: int, k: int) -> Any:
    return np.concatenate([y[1:], y[-1:]]) if layer else y


def _skipping(y: Array, case: Case, layer: int, k: int) -> Any:
    fits = case.inputs.shape == y.shape
    return y + case.inputs if layer and fits else y


BUGS = (
    Bug(
        "state-of-the-first-layer-for-the-stack",
        "Every layer starts from the state that was meant for the first.",
        CELLS,
        planted(states=_first_layer),
        (
            "https://github.com/pytorch-lifestream/pytorch-lifestream/pull/109",
            "https://github.com/pclucas14/GansFallingShort/pull/2",
        ),
        needs=IN,
    ),
    Bug(
        "initial-state-of-the-first-layer-everywhere",
        "Every layer and direction starts from the first of the states.",
        CELLS,
        planted(states=lambda state, k, case: tuple(s[0] for s in state)),
        needs=IN | Capability.DIRECTIONS,
    ),
    Bug(
        "layers-share-one-memory",
        "The layers of a stack share one c: each starts from the mean over layers.",
        LSTMS,
        starting(_one_memory),
        needs=IN,
    ),
    Bug(
        "states-of-layers-reversed",
        "Final states come back from the top layer down.",
        CELLS,
        planted(ended=_top_down),
        ("https://github.com/keras-team/keras/pull/11021",),
        needs=OUT,
    ),
    Bug(
        "states-of-the-layers-interleaved",
        "The flat list h, c, h, c is taken for h, h, c, c.",
        LSTMS,
        planted(ended=_interleaved),
        ("https://github.com/keras-team/keras/pull/14905",),
        needs=OUT,
    ),
    Bug(
        "final-state-reshaped-not-transposed",
        "The final state is brought to one entry a row by a reshape.",
        CELLS,
        ending(_viewed),
        ("https://github.com/timbmg/Sentence-VAE/issues/15",),
        needs=OUT | Capability.BATCH,
    ),
    Bug(
        "final-state-of-the-first-layer-for-all",
        "The final state of the first layer is returned for every layer.",
        CELLS,
        ending(lambda state, _: tuple(s[[0] * len(s)] for s in state)),
        needs=OUT,
    ),
    Bug(
        "middle-layers-are-the-second",
        "Layers between the first and the last are built with the second's weights.",
        CELLS,
        planted(params=_second_in_the_middle),
        needs=STACKS,
    ),
    Bug(
        "one-recurrent-matrix-for-all-layers",
        "Every layer is run with the recurrent weights of the first.",
        CELLS,
        planted(params=_one_recurrent_matrix),
        needs=STACKS,
    ),
    Bug(
        "weights-above-the-first-layer-scaled",
        "A stack scales the weights above its first layer by its depth.",
        CELLS,
        planted(params=_scaled_above),
        needs=STACKS,
    ),
    Bug(
        "upper-layers-read-the-inputs-too",
        "Where the sizes allow it, the inputs are added to what upper layers read.",
        CELLS,
        planted(below=_skipping),
        needs=STACKS,
    ),
    Bug(
        "upper-layers-read-the-forward-half-alone",
        "A layer above a bidirectional one reads its forward half alone.",
        CELLS,
        planted(below=_forward_half),
        ("https://github.com/pytorch/pytorch/issues/89357",),
        needs=STACKS | Capability.DIRECTIONS,
    ),
    Bug(
        "upper-layers-read-one-step-ahead",
        "Layers above the first read outputs that were overwritten one step too early.",
        CELLS,
        planted(below=_ahead),
        ("https://github.com/apache/mxnet/issues/17479",),
        needs=STACKS,
    ),
    Bug(
        "gradient-stops-at-the-top-layer",
        "The outputs of lower layers are detached.",
        CELLS,
        planted(below=lambda y, case, layer, k: untraced(y) if layer else y),
        ("https://github.com/PaddlePaddle/Paddle/pull/37080",),
        needs=STACKS | Capability.BACKWARD,
    ),
)
