"""Gradients that change, or end, on their way back through time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.planted import Plant, planted, remembering
from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients, Kind, Params, Reply, State
from refcheck.reverse import passing, untraced

BACK = Capability.BACKWARD
THROUGH = BACK | Capability.SEQUENCE
LAST = 3  # steps that a backward pass runs over


def handing(change: Callable[[State], State], when: Callable[[int], Any]) -> Plant:
    """Plant what becomes of the state on its way into the steps k that are named."""
    return planted(handed=lambda state, _, k: change(state) if k and when(k) else state)


def detached(state: State) -> State:
    """Return the state with nothing pulled back through it."""
    return tuple(map(untraced, state))


def counting(share: Callable[[int, int], float], *parts: str) -> Plant:
    """Plant the share of step k of T in the gradient of some of the parameters."""

    def weights(params: Params, k: int, time: int) -> Params:
        by = share(k, time)
        chosen = {name: getattr(params, name) for name in parts or Params._fields}
        return params._replace(
            **{
                name: None if a is None else passing(a, lambda g: g * by)
                for name, a in chosen.items()
            }
        )

    return planted(weights=weights)


def _inputs_times(share: Callable[[Array], Array], found: Gradients) -> Gradients:
    """Return the gradients, those of inputs times a share of the steps to the end."""
    back = np.arange(len(found.inputs))[::-1, None, None]
    pulled = np.asarray(found.inputs * share(back), found.inputs.dtype)
    return found._replace(inputs=pulled)


def _without_early_inputs(_: Case, found: Gradients) -> Gradients:
    return _inputs_times(lambda back: back < 150, found)


def _drifting(_: Case, found: Gradients) -> Gradients:
    return _inputs_times(lambda back: np.where(back < 8, 1, 1 + 1e-5), found)


def _the_last_steps(kind: Kind) -> dict[str, Any]:
    time: list[int] = [0]

    def given(case: Case) -> Case:
        time[0] = case.time
        return case

    def handed(state: State, initial: State, k: int) -> State:
        return detached(state) if k and k == time[0] - LAST else state

    def ended(case: Case, reply: Reply) -> Reply:
        late = np.arange(case.time)[:, None, None] >= case.time - LAST
        return reply._replace(outputs=passing(reply.outputs, lambda g: g * late))

    return {"given": given, "handed": handed, "ended": ended}


BUGS = (
    Bug(
        "state-gradient-dropped-between-steps",
        "Nothing goes back through time: each step gets the gradient of its output.",
        CELLS,
        handing(detached, lambda k: True),
        (
            "https://github.com/FluxML/Flux.jl/issues/2185",
            "https://github.com/qixianbiao/RNN/issues/2",
        ),
        needs=THROUGH,
    ),
    Bug(
        "only-the-cell-chain",
        "Between steps the gradient of c is handed on, that of h is not.",
        LSTMS,
        handing(lambda state: (untraced(state[0]), state[1]), lambda k: True),
        ("https://github.com/ooples/AiDotNet/pull/722",),
        needs=THROUGH,
    ),
    Bug(
        "only-the-hidden-chain",
        "Between steps the gradient of h is handed on, that of c is not.",
        LSTMS,
        handing(lambda state: (state[0], untraced(state[1])), lambda k: True),
        needs=THROUGH,
    ),
    Bug(
        "backpropagation-truncated-at-three-steps",
        "The state is detached at every third step.",
        CELLS,
        handing(detached, lambda k: k % 3 == 0),
        needs=THROUGH,
    ),
    Bug(
        "state-starts-anew-after-128-steps",
        "Steps are run in blocks of 128, each of them from the initial state.",
        CELLS,
        planted(handed=lambda s, initial, k: initial if k and k % 128 == 0 else s),
        needs=Capability.SEQUENCE,
    ),
    Bug(
        "gradient-cut-after-a-hundred-steps",
        "The state is detached at every hundredth step, to save memory.",
        CELLS,
        handing(detached, lambda k: k % 100 == 0),
        needs=THROUGH,
    ),
    Bug(
        "gradient-cut-after-two-hundred-steps",
        "The state is detached at every two hundredth step.",
        CELLS,
        handing(detached, lambda k: k % 200 == 0),
        needs=THROUGH,
    ),
    Bug(
        "early-inputs-get-no-gradient",
        "Inputs more than 150 steps before the end are detached.",
        CELLS,
        planted(pulled=_without_early_inputs),
        needs=THROUGH,
    ),
    Bug(
        "early-steps-left-out-of-the-weights",
        "Only the last hundred steps count for the recurrent weights.",
        CELLS,
        counting(lambda k, time: float(k >= time - 100), "weight_hh"),
        needs=THROUGH,
    ),
    Bug(
        "gradient-wrong-from-the-ninth-step-back-by-little",
        "From the ninth step back on, gradients of inputs are off by 1e-5.",
        CELLS,
        planted(pulled=_drifting),
        needs=THROUGH,
    ),
    Bug(
        "backward-runs-over-the-last-steps-alone",
        "The loop of the backward pass ends after three steps.",
        CELLS,
        remembering(_the_last_steps),
        ("https://github.com/rsokl/MyGrad/pull/4",),
        needs=THROUGH,
    ),
    Bug(
        "state-gradient-leaks",
        "A thousandth of the state's gradient is lost at each step.",
        CELLS,
        planted(
            handed=lambda state, _, k: tuple(
                passing(s, lambda g: g * 0.999) for s in state
            )
        ),
        needs=THROUGH,
    ),
    Bug(
        "gradients-of-outputs-read-in-reverse",
        "The backward pass visits the steps from the first to the last.",
        CELLS,
        planted(
            ended=lambda _, reply: reply._replace(
                outputs=passing(reply.outputs, lambda g: g[::-1])
            )
        ),
        (
            "https://github.com/FluxML/Flux.jl/issues/1324",
            "https://github.com/FluxML/Flux.jl/issues/1222",
        ),
        needs=THROUGH,
    ),
    Bug(
        "parameter-gradient-of-one-step-alone",
        "The gradient of the parameters is assigned at each step, not added to.",
        CELLS,
        counting(lambda k, time: k == 0),
        needs=THROUGH,
    ),
    Bug(
        "recurrent-gradient-of-the-last-step-alone",
        "The gradient of the recurrent weights counts the last step alone.",
        CELLS,
        counting(lambda k, time: k == time - 1, "weight_hh"),
        ("https://github.com/llSourcell/neural_networks/issues/5",),
        needs=THROUGH,
    ),
    Bug(
        "last-step-left-out-of-the-bias-gradient",
        "The loop over the gradients of the biases ends one step early.",
        CELLS,
        counting(lambda k, time: k < time - 1, "bias_ih", "bias_hh"),
        needs=THROUGH | Capability.BIAS,
    ),
    Bug(
        "parameter-gradient-averaged-over-time",
        "The gradient of the parameters is a mean over the steps.",
        CELLS,
        counting(lambda k, time: 1 / time),
        needs=THROUGH,
    ),
    Bug(
        "first-step-counted-twice",
        "The gradient of the first step is added once in the loop and once after it.",
        CELLS,
        counting(lambda k, time: 2 if k == 0 else 1),
        needs=THROUGH,
    ),
    Bug(
        "input-gradient-in-reversed-order",
        "Gradients of the inputs are appended from the last step to the first.",
        CELLS,
        planted(
            given=lambda case: case.but(inputs=passing(case.inputs, lambda g: g[::-1]))
        ),
        needs=THROUGH,
    ),
)
