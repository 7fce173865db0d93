"""States that are kept from one call to the next."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.planted import Plant, remembering
from refcheck.case import Case
from refcheck.cell import Capability, Kind, Reply, Spec, State
from refcheck.reverse import untraced

Keep = Callable[[Case, State, dict[Any, State]], None]


DEFAULT = Capability.DEFAULT_STATE


BACK = Capability.BACKWARD


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
)
