"""A worker that runs one step a call: its sequences, and gradients through them."""

from collections.abc import Callable, Mapping

import numpy as np

from refcheck.adapters.arrays import stacked
from refcheck.case import Case
from refcheck.cell import Array, Gradients, Reply

Run = Callable[[Case], Reply]  # one step: inputs (N, D), outputs (N, O)
Pull = Callable[[Case], Gradients]  # one step, as a sequence with T = 1


def unrolled(run: Run, case: Case) -> Reply:
    """Return outputs and final state of one step after the other."""
    outputs, steps = [], _steps(run, case)
    state = case.state or ()
    for reply in steps:
        outputs.append(reply.outputs)
        state = reply.state
    return Reply(stacked(outputs), state)


def pulled(run: Run, pull: Pull, case: Case) -> Gradients:
    """Return the gradients of one step after the other, from the last one back."""
    replies = _steps(run, case)
    before = [case.state, *(reply.state for reply in replies[:-1])]
    d_state, d_inputs, d_params = case.grad_state, [], dict[str, Array]()
    for t in reversed(range(case.time)):
        one = case.but(
            inputs=case.inputs[t : t + 1],
            state=before[t],
            grad_outputs=case.grad_outputs[t : t + 1],
            grad_state=d_state,
        )
        found = pull(one)
        d_state = found.state
        d_inputs.append(found.inputs)
        d_params = _sum(d_params, found.params)
    return Gradients(d_params, np.concatenate(d_inputs[::-1]), d_state)


def _steps(run: Run, case: Case) -> list[Reply]:
    replies: list[Reply] = []
    state = case.state
    for x in case.inputs:
        replies.append(run(case.but(inputs=x, state=state)))
        state = replies[-1].state
    return replies


def _sum(some: Mapping[str, Array], more: Mapping[str, Array]) -> dict[str, Array]:
    return {name: some[name] + a if some else a for name, a in more.items()}
