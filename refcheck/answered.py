"""What a target answers, shapes checked, each array with its allowance beside it.

Allowances are derived when a law first reads one: many laws compare bits alone.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from refcheck.calling import require_count, require_shape
from refcheck.case import Case
from refcheck.cell import Capability, Gradients, Reply, Signature
from refcheck.rounding import Known, Measured, Reported

Errors = Callable[[], Any]  # returns a Reply, or Gradients, of allowances


def reply(signature: Signature, case: Case, found: Reply, errors: Errors) -> Reply:
    """Return outputs and final state with their allowances.

    Raises:
        Misshapen: if an array has the wrong shape, or one is missing.
    """
    require_shape("outputs", found.outputs, case.grad_outputs.shape)
    if signature.offers(Capability.FINAL_STATE):
        require_count("states", found.state, len(case.grad_state))
    for k, (s, g) in enumerate(zip(found.state, case.grad_state, strict=False)):
        require_shape(f"state {k}", s, g.shape)
    outputs = Reported(found.outputs, lambda: _bound(errors().outputs))
    return Reply(outputs, _states(found.state, errors))


def gradients(case: Case, found: Gradients, errors: Errors) -> Gradients:
    """Return gradients with their allowances.

    Raises:
        Misshapen: if an array has the wrong shape.
    """
    require_shape("gradient of inputs", found.inputs, case.inputs.shape)
    for name, array in case.params.items():
        require_shape(f"gradient of {name}", found.params[name], array.shape)

    def of(name: str) -> Known:
        return _bound(errors().params[name])

    params = {n: Reported(a, partial(of, n)) for n, a in found.params.items()}
    inputs = Reported(found.inputs, lambda: _bound(errors().inputs))
    return Gradients(params, inputs, _states(found.state, errors))


def _states(state: Any, errors: Errors) -> tuple[Measured, ...]:
    def of(k: int) -> Known:
        return _bound(errors().state[k])

    return tuple(Reported(s, partial(of, k)) for k, s in enumerate(state))


def _bound(error: Any) -> Known:
    """Return an allowance: of the textbook's array, or as it was assumed."""
    if not isinstance(error, Measured):
        return Known(error)
    return Known(error.allowance, error.doubts)
