"""From a case to the requests that it makes, and from their replies to arrays."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Reply
from refcheck.exact_arrays import Garbled, array, numbers
from refcheck.protocol import Answered, Forward, Numbers, Pulled, Step, Vjp

Payload = bytearray | None  # None: the worker takes arrays in JSON alone


def forward(number: int, cell: int, case: Case, payload: Payload) -> Forward:
    """Return the request to run the sequence of ``case``."""
    said = _said(case, payload)
    lengths = _lengths(case, payload)
    return Forward(number, cell, lengths=lengths, **_ended(said, case, payload))


def step(number: int, cell: int, case: Case, payload: Payload) -> Step:
    """Return the request to run the one step of ``case``, whose inputs are (N, D)."""
    return Step(number, cell, **_ended(_said(case, payload), case, payload))


def vjp(number: int, cell: int, case: Case, payload: Payload) -> Vjp:
    """Return the request for the gradients of ``case``."""
    said = _said(case, payload) | {
        "grad_outputs": numbers(case.grad_outputs, payload),
        "grad_state": [numbers(g, payload) for g in case.grad_state],
    }
    lengths = _lengths(case, payload)
    return Vjp(number, cell, lengths=lengths, **_ended(said, case, payload))


def replied(found: Answered, payload: bytes) -> Reply:
    """Return outputs and state as they came.

    Raises:
        Garbled: if an array is none.
    """
    return Reply(array(found.outputs, payload), _arrays(found.state, payload))


def pulled(case: Case) -> Callable[[Pulled, bytes], Gradients]:
    """Return what reads the gradients of ``case`` from a reply.

    It raises Garbled if one of them is missing, or is no array.
    """

    def read(found: Pulled, payload: bytes) -> Gradients:
        missing = [name for name in case.params if name not in found.params]
        if missing:
            message = f"the gradient of {' and '.join(missing)} is missing"
            raise Garbled(message)
        count, expected = len(found.state), len(case.grad_state)
        if count != expected and (count or case.state is not None):
            message = f"it has {count} gradients of the state, expected {expected}"
            raise Garbled(message)
        params = {name: array(a, payload) for name, a in found.params.items()}
        inputs = array(found.inputs, payload)
        return Gradients(params, inputs, _arrays(found.state, payload))

    return read


def _said(case: Case, payload: Payload) -> dict[str, Any]:
    state = case.state
    return {
        "inputs": numbers(case.inputs, payload),
        "state": None if state is None else [numbers(s, payload) for s in state],
    }


def _lengths(case: Case, payload: Payload) -> Numbers | None:
    return None if case.lengths is None else numbers(case.lengths, payload)


def _ended(said: Mapping[str, Any], case: Case, payload: Payload) -> dict[str, Any]:
    """Return the arguments with the parameters and, once all is in it, the payload."""
    params = {name: numbers(a, payload) for name, a in case.params.items()}
    return {**said, "params": params, "payload": len(payload or b"")}


def _arrays(found: Sequence[Numbers], payload: bytes) -> tuple[Array, ...]:
    return tuple(array(a, payload) for a in found)
