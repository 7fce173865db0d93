"""A backward pass of the target's own: its calling convention, and how it is read.

It takes what the forward function takes, then the gradients of what that returns; it
returns the gradients of what the forward function takes, lengths aside:

    backward(params, inputs, state, lengths, grad_outputs, grad_state)
        -> grad_params, grad_inputs, grad_state

A target without parameters returns (grad_inputs, grad_state); one that keeps its
parameters on the object takes none and returns their gradients by attribute.  If the
forward function is a step, so is this: it pulls one step back, and is called T times.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from refcheck.adapters.arrays import AnswerError, copied, described, handed, stacked
from refcheck.adapters.callable_arguments import accepts
from refcheck.adapters.callable_calls import Call, Function, Given, flat
from refcheck.case import Case
from refcheck.cell import Array, Gradients


def understood(call: Call, backward: Function) -> bool:
    """Whether ``backward`` takes as many arguments as the convention asks for."""
    return accepts(backward, len(call.arguments) + 1 + call.takes("state"))


def convention(call: Call, names: Sequence[str]) -> str:
    """Return the calling convention, for the report."""
    taken = [a.name for a in call.arguments] + ["grad_outputs", "grad_state"]
    returned = (["grad_params"] if names else []) + ["grad_inputs", "grad_state"]
    return f"backward({', '.join(taken)}) -> ({', '.join(returned)})"


class Pulls(NamedTuple):
    """The gradients that enter, in the target's own axes."""

    outputs: Any
    state: Sequence[Any]


def entering(call: Call, case: Case) -> Pulls:
    """Return the gradients of ``case`` as the target takes them."""
    axes = call.axes
    return Pulls(
        handed(axes.own_sequence(case.grad_outputs), case.strides),
        [handed(axes.own_state(g), case.strides) for g in case.grad_state],
    )


def pulled(
    call: Call,
    functions: tuple[Function, Function],
    given: Given,
    pulls: Pulls,
    names: Sequence[str],
) -> Gradients:
    """Pull gradients back, by the target's forward and backward.

    Raises:
        AnswerError: if what comes back cannot be read.
    """
    axes = call.axes
    forward, backward = functions
    d_outputs, d_state = pulls
    calls = [part for part, _ in call.calls(forward, given)]
    d_inputs, d_params = [], dict[str, Array]()
    for t in reversed(range(len(calls))):
        d_y = d_outputs[t] if call.step else d_outputs
        answer = call.called(backward, calls[t], d_y, *call.packed(d_state))
        d_theta, d_x, d_state = _read(answer, names)
        d_params = _sum(d_params, d_theta)
        d_inputs.append(copied(d_x))
    return Gradients(
        d_params,
        axes.sequence(stacked(d_inputs[::-1]) if call.step else d_inputs[0]),
        tuple(axes.state(copied(s)) for s in d_state),
    )


def _read(
    answer: Any, names: Sequence[str]
) -> tuple[Mapping[str, Array], Any, Sequence[Any]]:
    parts = list(answer) if isinstance(answer, tuple) else [answer]
    if len(parts) < 2 + bool(names):
        wanted = "grad_params, grad_inputs, grad_state"[0 if names else 13 :]
        message = f"backward returned {described(answer)}, expected ({wanted})."
        raise AnswerError(message)
    params = _by_name(parts.pop(0), names) if names else {}
    return params, parts[0], flat(parts[1:])


def _by_name(found: Any, names: Sequence[str]) -> Mapping[str, Array]:
    if isinstance(found, tuple | list) and len(found) == len(names):
        found = dict(zip(names, found, strict=True))
    given = found if isinstance(found, Mapping) else getattr(found, "__dict__", {})
    missing = [name for name in names if given.get(name) is None]
    if missing:
        message = f"backward returned no gradient of {missing[0]}."
        raise AnswerError(message)
    return {name: copied(given[name]) for name in names}


def _sum(total: dict[str, Array], part: Mapping[str, Array]) -> dict[str, Array]:
    return {name: total[name] + d if total else d for name, d in part.items()}
