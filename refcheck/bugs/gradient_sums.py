"""Gradients of parameters that are not the sums over rows and calls that they are."""

from collections.abc import Callable
from typing import Any

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.gradients import BACK, named
from refcheck.bugs.lines import each
from refcheck.bugs.planted import Plant, planted, remembering
from refcheck.case import Case
from refcheck.cell import Capability, Gradients, Kind, State
from refcheck.reference.cell import ReferenceCell
from refcheck.reverse import Traced, untraced

ROWS = BACK | Capability.BATCH


CHAINS = BACK | Capability.CHAINS


def _of_rows(chosen: Callable[[Case], slice], name: str) -> Plant:
    """Plant gradients of some parameters that are those of some rows."""

    def make(kind: Kind) -> dict[str, Any]:
        textbook = ReferenceCell(kind)

        def pulled(case: Case, found: Gradients) -> Gradients:
            part = textbook.backward(case.rows(chosen(case))).params
            return found._replace(
                params={n: part[n] if name in n else g for n, g in found.params.items()}
            )

        return {"pulled": pulled}

    return remembering(make)


def _centred(case: Case, found: Gradients) -> Gradients:
    mean = found.inputs.mean(axis=1, keepdims=True, dtype=found.inputs.dtype)
    return found._replace(inputs=found.inputs - mean)


def _first_step_lost(kind: Kind) -> dict[str, Any]:
    none: list[bool] = [False]

    def given(case: Case) -> Case:
        none[0] = case.state is None
        return case

    def weights(params: Any, k: int, time: int) -> Any:
        return type(params)(*map(untraced, params)) if none[0] and not k else params

    return {"given": given, "weights": weights}


def _undetached(state: State) -> State:
    return state


def _detached_h(state: State) -> State:
    return (Traced(untraced(state[0])), *state[1:])


BUGS = (
    Bug(
        "first-step-gradient-left-out-without-a-state",
        "Without a state, the first step adds nothing to the gradient of parameters.",
        CELLS,
        remembering(_first_step_lost),
        needs=BACK | Capability.DEFAULT_STATE,
    ),
    Bug(
        "input-gradient-centred-over-rows",
        "The gradient of the inputs has the batch's mean taken off.",
        CELLS,
        planted(pulled=_centred),
        needs=ROWS,
    ),
    Bug(
        "parameter-gradient-averaged-over-rows",
        "Gradients of the parameters are means over the batch.",
        CELLS,
        named("", lambda g, case: g / case.batch),
        needs=ROWS,
    ),
    Bug(
        "gradient-of-a-single-row-halved",
        "For a batch of one, the gradients are those of a loss half as large.",
        CELLS,
        named("", lambda g, case: g / 2 if case.batch == 1 else g),
        ("https://github.com/Lasagne/Lasagne/issues/519",),
        needs=ROWS,
    ),
    Bug(
        "bias-gradient-of-the-last-row-alone",
        "Gradients of the biases are those of the last row.",
        CELLS,
        _of_rows(lambda case: slice(case.batch - 1, case.batch), "bias"),
        ("https://github.com/asappresearch/sru/pull/52",),
        needs=ROWS | Capability.BIAS,
    ),
    Bug(
        "weight-gradient-of-the-first-eight-rows",
        "Gradients of the weights leave out the rows beyond a block of eight.",
        CELLS,
        _of_rows(lambda case: slice(8), "weight"),
        needs=ROWS,
    ),
    Bug(
        "accumulation-overwrites",
        "Each backward call replaces what the last one left.",
        CELLS,
        planted(accumulated=lambda found, times: found),
        ("https://github.com/OpenNMT/OpenNMT-py/issues/891",),
        needs=CHAINS,
    ),
    Bug(
        "accumulation-averages",
        "Accumulated gradients are divided by the number of calls, from the third on.",
        CELLS,
        planted(
            accumulated=lambda found, times: each(
                found, lambda g: g * times if times < 3 else g
            )
        ),
        needs=CHAINS,
    ),
    Bug(
        "parameters-alone-get-no-gradient",
        "Parameters get no gradient where neither inputs nor state need one.",
        CELLS,
        planted(accumulated=lambda found, _: each(found, lambda g: 0 * g)),
        needs=CHAINS,
    ),
    Bug(
        "second-pull-of-a-call-is-the-first",
        "A recorded call that is pulled twice returns its first gradients again.",
        CELLS,
        planted(repulled=lambda first, _: first),
        (
            "https://github.com/pytorch/pytorch/issues/777",
            "https://github.com/pytorch/pytorch/issues/1532",
        ),
        needs=CHAINS,
    ),
    Bug(
        "state-not-detached",
        "Gradients of the later part run on into the earlier one.",
        CELLS,
        planted(detached=_undetached),
        needs=CHAINS,
    ),
    Bug(
        "cell-state-not-detached",
        "Between two parts h is detached, c is not.",
        LSTMS,
        planted(detached=_detached_h),
        ("https://github.com/Lightning-AI/pytorch-lightning/pull/8145",),
        needs=CHAINS,
    ),
)
