"""Cells that remember what they should not: states, weights, buffers, gradients."""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.lines import each
from refcheck.bugs.planted import Plant, remembering
from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients, Kind, Params, Reply, Spec, State
from refcheck.reference.cell import ReferenceCell
from refcheck.reverse import untraced

Keep = Callable[[Case, State, dict[Any, State]], None]
DEFAULT = Capability.DEFAULT_STATE
PARAMETERS = Capability.PARAMETERS
BACK = Capability.BACKWARD
_built = count()


def key(case: Case) -> Any:
    """Return what two calls have in common whose states have one shape."""
    return case.spec, case.batch


def starting_over(
    keep: Keep, *, kept: Callable[[int, Spec], bool] | None = None
) -> Plant:
    """Plant a start from what ``keep`` has kept, where no state is given.

    ``kept`` says for which layers and directions (index, spec) it is; else for all.
    """

    def make(kind: Kind) -> dict[str, Any]:
        states: dict[Any, State] = {}

        def given(case: Case) -> Case:
            asked.append(case)
            old = states.get(key(case))
            if case.state is not None or old is None:
                return case
            parts = [kept is None or kept(k, case.spec) for k in range(case.spec.depth)]
            chosen = np.array(parts)[:, None, None]
            return case.but(state=tuple(np.where(chosen, s, 0) for s in old))

        def ended(_: Case, reply: Reply) -> Reply:
            state = tuple(map(untraced, reply.state))
            keep(asked.pop(), state, states)
            return reply

        asked: list[Case] = []
        return {"given": given, "ended": ended}

    return remembering(make)


def _the_last(case: Case, state: State, states: dict[Any, State]) -> None:
    states[key(case)] = state


def _the_first(case: Case, state: State, states: dict[Any, State]) -> None:
    states.setdefault(key(case), state)


def _the_given(case: Case, _: State, states: dict[Any, State]) -> None:
    if case.state is not None:
        states[key(case)] = tuple(map(untraced, case.state))


def _after_gradients(case: Case, state: State, states: dict[Any, State]) -> None:
    if case.inputs is not untraced(case.inputs):
        states[key(case)] = state


def packing(
    chosen: Callable[[list[Params]], Any], *, until_gradient: bool = False
) -> Plant:
    """Plant weights that are packed anew only if what is ``chosen`` of them changes."""

    def make(kind: Kind) -> dict[str, Any]:
        packed: dict[Any, list[Params]] = {}

        def params(own: list[Params], spec: Spec) -> list[Params]:
            traced = own[0].weight_ih is not untraced(own[0].weight_ih)
            if traced and until_gradient:
                packed.clear()
            if traced:
                return own
            return packed.setdefault((spec, chosen(own)), own)

        return {"params": params}

    return remembering(make)


def _input_weights(own: list[Params]) -> Any:
    return tuple(p.weight_ih.tobytes() for p in own)


def _gradients_of_the_first(kind: Kind) -> dict[str, Any]:
    textbook = ReferenceCell(kind)
    first: dict[Spec, Any] = {}

    def pulled(case: Case, found: Gradients) -> Gradients:
        old = first.setdefault(case.spec, case.params)
        return textbook.backward(case.but(params=old))

    return {"pulled": pulled}


def _lengths_of_the_last(kind: Kind) -> dict[str, Any]:
    last: dict[Any, Array] = {}

    def given(case: Case) -> Case:
        if case.lengths is None:
            return case
        shape = (case.batch, case.time)
        old, last[shape] = last.get(shape, case.lengths), case.lengths
        return case.but(lengths=old)

    return {"given": given}


def _adding(kind: Kind) -> dict[str, Any]:
    sums: dict[Any, Any] = {}

    def pulled(case: Case, found: Gradients) -> Gradients:
        before = sums.get(case.spec, {})
        params = {name: g + before.get(name, 0) for name, g in found.params.items()}
        sums[case.spec] = params
        return found._replace(params=params)

    return {"pulled": pulled}


def _spoilt(kind: Kind) -> dict[str, Any]:
    read: list[Any] = [None]

    def pulled(case: Case, found: Gradients) -> Gradients:
        again, read[0] = case.inputs is read[0], case.inputs
        return each(found, lambda g: g * 2) if again else found

    return {"pulled": pulled}


def _not_cleared(kind: Kind) -> dict[str, Any]:
    calls: list[int] = [0]

    def ended(case: Case, reply: Reply) -> Reply:
        calls[0] += not case.spec.bias
        return reply._replace(outputs=reply.outputs + calls[0])

    return {"ended": ended}


def _unlike(kind: Kind) -> dict[str, Any]:
    number = next(_built) % 7

    def ended(_: Case, reply: Reply) -> Reply:
        return reply._replace(outputs=reply.outputs + number)

    return {"ended": ended}


def _sharing(part: str) -> Plant:
    """Plant results whose ``part`` the next call writes over."""

    def make(kind: Kind) -> dict[str, Any]:
        latest: list[Reply] = []

        def ended(_: Case, reply: Reply) -> Reply:
            latest[:] = [reply]
            return reply

        def again(reply: Reply) -> Reply:
            return reply._replace(**{part: getattr(latest[0], part)})

        return {"ended": ended, "again": again}

    return remembering(make)


BUGS = (
    Bug(
        "state-of-the-last-call-kept",
        "Where no state is given, a sequence starts where the last of its size ended.",
        CELLS,
        starting_over(_the_last),
        (
            "https://github.com/tensorflow/tensorflow/issues/46620",
            "https://github.com/soumith/cudnn.torch/issues/348",
        ),
        needs=DEFAULT,
    ),
    Bug(
        "state-of-the-first-call-kept",
        "Every sequence starts where the first of its size has ended.",
        CELLS,
        starting_over(_the_first),
        needs=DEFAULT,
    ),
    Bug(
        "state-kept-once-it-was-given",
        "A state that is passed in once is used until another one is.",
        CELLS,
        starting_over(_the_given),
        needs=DEFAULT | Capability.INITIAL_STATE,
    ),
    Bug(
        "state-kept-after-gradients",
        "A call for gradients leaves its final state behind.",
        CELLS,
        starting_over(_after_gradients),
        needs=DEFAULT | BACK,
    ),
    Bug(
        "state-kept-below-the-last-layer",
        "A reset reaches the last layer alone: others keep the state of the last call.",
        CELLS,
        starting_over(_the_last, kept=lambda k, spec: k < spec.depth - spec.directions),
        (
            "https://github.com/jzilly/RecurrentHighwayNetworks/pull/6",
            "https://github.com/FluxML/Flux.jl/issues/2124",
        ),
        needs=DEFAULT | Capability.STACKS,
    ),
    Bug(
        "state-kept-in-the-reverse-direction",
        "A reset reaches the forward direction alone.",
        CELLS,
        starting_over(_the_last, kept=lambda k, spec: k % spec.directions == 1),
        ("https://github.com/tensorflow/tensorflow/issues/38403",),
        needs=DEFAULT | Capability.DIRECTIONS,
    ),
    Bug(
        "lengths-of-the-last-call-kept",
        "Lengths are those of the last call with as many rows and steps.",
        CELLS,
        remembering(_lengths_of_the_last),
        needs=Capability.LENGTHS,
    ),
    Bug(
        "weights-kept-from-the-first-call",
        "Weights are packed at the first call, and never again.",
        CELLS,
        packing(lambda own: None),
        needs=PARAMETERS,
    ),
    Bug(
        "weights-kept-while-weight-ih-stays",
        "Weights are packed again only if those of the inputs have changed.",
        CELLS,
        packing(_input_weights),
        needs=PARAMETERS,
    ),
    Bug(
        "weights-kept-until-the-next-gradient",
        "Calls that record no gradient use the weights of the last one that did.",
        CELLS,
        packing(lambda own: None, until_gradient=True),
        needs=PARAMETERS | BACK,
    ),
    Bug(
        "gradients-of-the-first-weights",
        "The backward pass runs on the weights of the first call.",
        CELLS,
        remembering(_gradients_of_the_first),
        needs=PARAMETERS | BACK,
    ),
    Bug(
        "gradients-kept-from-the-call-before",
        "Gradients of the parameters are added to those of the calls before.",
        CELLS,
        remembering(_adding),
        ("https://github.com/apache/mxnet/issues/17086",),
        needs=BACK,
    ),
    Bug(
        "backward-spoils-the-tape",
        "A backward pass overwrites what it reads: the second one is wrong.",
        CELLS,
        remembering(_spoilt),
        (
            "https://github.com/pytorch/pytorch/issues/777",
            "https://github.com/pytorch/pytorch/issues/1532",
            "https://github.com/soumith/cudnn.torch/pull/169",
        ),
        needs=BACK,
    ),
    Bug(
        "buffer-added-to-and-not-cleared",
        "Without biases, products are added to a buffer that still holds the last.",
        CELLS,
        remembering(_not_cleared),
        (
            "https://github.com/microsoft/onnxruntime/pull/3893",
            "https://github.com/apache/mxnet/pull/16555",
        ),
        needs=Capability.NO_BIAS,
    ),
    Bug(
        "random-number-drawn-when-built",
        "A random number drawn when the object is built goes into its outputs.",
        CELLS,
        remembering(_unlike),
    ),
    Bug(
        "outputs-share-a-buffer",
        "Outputs live in a buffer that the next call of the same size writes to.",
        CELLS,
        _sharing("outputs"),
    ),
    Bug(
        "state-shares-a-buffer",
        "The final state lives in a buffer that the next call writes to.",
        CELLS,
        _sharing("state"),
        needs=Capability.FINAL_STATE,
    ),
)
