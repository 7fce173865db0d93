"""A small case to try a call on, and what its answer says for the call.

Time, rows, inputs and units differ in it, so that the shapes of what comes back tell
which axis is which.
"""

import warnings

import numpy as np
import torch
from torch import nn

from refcheck.adapters.torch_calls import Call
from refcheck.case import Case
from refcheck.cell import Array, Reply, Spec

SIZES = (7, 3, 11, 13, 17, 19)  # of T and N: the first two that are no other size
WANTED = 3  # the merit of an answer that leaves nothing to be desired


def attempt(call: Call, module: nn.Module, case: Case) -> Reply | Exception:
    """Return what a call answers, or what it raises."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call.reply(call.run(module, call.given(case)))
        except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
            return error


def sample(spec: Spec, states: int | None, *, lengths: bool = False) -> Case:
    """Return a case that tells axes apart, with ``states`` arrays of state or none."""
    taken = {spec.input_size, spec.hidden_size, 2 * spec.hidden_size, spec.depth}
    time, batch = [size for size in SIZES if size not in taken][:2]

    def some(*shape: int) -> Array:
        return np.linspace(-1, 1, int(np.prod(shape)), dtype=spec.dtype).reshape(shape)

    shape = (spec.depth, batch, spec.hidden_size)
    return Case(
        spec=spec,
        params={},
        inputs=some(time, batch, spec.input_size),
        state=None if states is None else tuple(some(*shape) for _ in range(states)),
        lengths=np.linspace(time, 1, batch).astype(int) if lengths else None,
        grad_outputs=np.zeros(0),
        grad_state=(),
    )


def fits(reply: Reply, case: Case) -> bool:
    """Return whether outputs, and states if any, have the shapes that they should."""
    state = (case.spec.depth, case.batch, case.spec.hidden_size)
    return _timed(reply, case) and all(s.shape == state for s in reply.state)


def merit_of(reply: Reply, call: Call, case: Case) -> int:
    """Return how much an answer says for the call: most if all is as it should be.

    Less if a state is taken and none returned; still less if one of another shape is
    returned, or if none was taken.
    """
    if not fits(reply, case):
        return int(_timed(reply, case) and not call.default)
    if call.default:
        return 1
    return WANTED if len(reply.state) == call.states else 2 * (not reply.state)


def _timed(reply: Reply, case: Case) -> bool:
    shape = reply.outputs.shape
    return len(shape) == 3 and shape[:2] == case.inputs.shape[:2]
