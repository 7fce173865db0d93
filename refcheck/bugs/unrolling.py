"""Steps that are not all the same step."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, GATED, Bug
from refcheck.bugs.planted import Plant, Planted, planted, remembering
from refcheck.bugs.steps import heard, recalled
from refcheck.case import Case
from refcheck.cell import Array, Capability, Kind, Params, Reply, State
from refcheck.reference.affine import gates as blocks

SEQUENCE = Capability.SEQUENCE


def weighing(share: Callable[[int], float]) -> Plant:
    """Plant parameters that are scaled at step k."""
    return planted(
        weights=lambda params, k, time: Params(
            *(None if a is None else a * share(k) for a in params)
        )
    )


def scaling(share: Callable[[Array], Any]) -> Plant:
    """Plant outputs that are scaled at step t."""

    def ended(case: Case, reply: Any) -> Any:
        by = np.asarray(share(np.arange(case.time)), case.spec.dtype)
        return reply._replace(outputs=reply.outputs * by[:, None, None])

    return planted(ended=ended)


def _two_steps_old(kind: Kind) -> dict[str, Any]:
    states: list[State] = []

    def handed(state: State, initial: State, k: int) -> State:
        states[:] = [*states, state] if k else [initial]
        return states[max(k - 1, 0)]

    return {"handed": handed}


def _plain(params: Params, x: Array, state: State) -> State:
    """Take the step of a simple cell with the block of the candidate."""
    sums = heard(params, x) + recalled(params, state[0])
    return np.tanh(blocks(sums, sums.shape[1] // state[0].shape[1])[2]), *state[1:]


class _TakingNoSteps(Planted):
    """A right cell that accepts a sequence of no steps, and starts from zeros."""

    def forward(self, case: Case) -> Reply:
        if case.time:
            return super().forward(case)
        return Reply(0 * case.grad_outputs, tuple(0 * g for g in case.grad_state))


BUGS = (
    Bug(
        "no-steps-lose-the-state",
        "A sequence of no steps ends in a state of zeros.",
        CELLS,
        lambda kind: _TakingNoSteps(kind, planted()(kind).make),
        needs=Capability.INITIAL_STATE | Capability.SEQUENCE,
    ),
    Bug(
        "plain-step-inherited",
        "The step of a simple cell is inherited; the gates are never run.",
        GATED,
        planted(step=_plain),
        ("https://github.com/BrainJS/brain.js/issues/426",),
    ),
    Bug(
        "weights-fade-with-time",
        "At step t, a hundredth of each parameter is missing t times over.",
        CELLS,
        weighing(lambda k: 1 - 0.01 * k),
        needs=SEQUENCE,
    ),
    Bug(
        "other-weights-beyond-sixteen-steps",
        "From the 17th step on a second code path scales the parameters.",
        CELLS,
        weighing(lambda k: 1 if k < 16 else 1.01),
        needs=SEQUENCE,
    ),
    Bug(
        "other-weights-beyond-sixty-four-steps",
        "From the 65th step on a second code path scales the parameters.",
        CELLS,
        weighing(lambda k: 1 if k < 64 else 1.01),
        needs=SEQUENCE,
    ),
    Bug(
        "recurrent-bias-left-out-of-the-first-step",
        "The first step leaves the recurrent bias out.",
        CELLS,
        planted(
            weights=lambda params, k, time: (
                params if k else params._replace(bias_hh=None)
            )
        ),
        needs=SEQUENCE | Capability.BIAS,
    ),
    Bug(
        "outputs-scaled-after-sixteen-steps",
        "From the 17th step on outputs are off by a hundredth.",
        CELLS,
        scaling(lambda t: np.where(t < 16, 1, 1.01)),
        needs=SEQUENCE,
    ),
    Bug(
        "wrong-from-the-ninth-step-on-by-little",
        "From the ninth step on outputs are off by a hundred-thousandth.",
        CELLS,
        scaling(lambda t: np.where(t < 8, 1, 1 + 1e-5)),
        needs=SEQUENCE,
    ),
    Bug(
        "state-from-two-steps-before",
        "Each step starts from the state before the last.",
        CELLS,
        remembering(_two_steps_old),
        ("https://github.com/sdobber/FluxArchitectures.jl/issues/9",),
        needs=SEQUENCE,
    ),
)
