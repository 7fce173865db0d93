"""Allowances for cells without a textbook: assumed, from their measured sensitivity.

A right implementation computes the exact result of arguments that were moved by a
few roundings (backward stability is assumed, not derived).  The arguments are moved
by a larger step, and what the result moves by is scaled down to roundoff.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Reply
from refcheck.rounding import FORMATS

STEPS = {  # far above roundoff, still linear, as far as 16 bits allow
    "float64": 2.0**-24,
    "float32": 2.0**-10,
    "float16": 2.0**-5,
    "bfloat16": 2.0**-4,
}
ROUNDINGS = 16  # per step and term: as if each were wrong by so many units
MOVES = 2  # patterns of signs that are tried


def assumed_error(case: Case, found: Any, run: Callable[[Case], Any]) -> Any:
    """Return, in the form of ``found`` (a Reply or Gradients), what rounding may do."""
    form, step = FORMATS[case.spec.dtype], STEPS[case.spec.dtype]
    terms = ROUNDINGS * (case.time + case.spec.input_size + case.spec.hidden_size)
    moved = [run(_moved(case, step, k)) for k in range(MOVES)]

    size = _largest(case, found)

    def error(base: Array, others: list[Array]) -> Array:
        base = np.asarray(base, float)
        change = max(float(np.max(abs(o - base), initial=0.0)) for o in others) / step
        return np.full(base.shape, terms * form.u * (change + size) + form.tiny)

    state = tuple(
        error(s, [m.state[k] for m in moved]) for k, s in enumerate(found.state)
    )
    if isinstance(found, Reply):
        return Reply(error(found.outputs, [m.outputs for m in moved]), state)
    params = {
        name: error(a, [m.params[name] for m in moved])
        for name, a in found.params.items()
    }
    return Gradients(params, error(found.inputs, [m.inputs for m in moved]), state)


def _largest(case: Case, found: Any) -> float:
    """Return the largest magnitude among what was pulled and what came back.

    One part may be small since large terms cancel in it: a gradient that is exactly
    zero comes out as the rounding of the others.
    """
    parts = [found.inputs, *found.params.values()] if hasattr(found, "params") else []
    parts += [getattr(found, "outputs", 0.0), *found.state]
    if hasattr(found, "params"):
        parts += [case.grad_outputs, *case.grad_state]
    return max(float(np.max(np.abs(p), initial=0.0)) for p in map(np.asarray, parts))


def _moved(case: Case, step: float, pattern: int) -> Case:
    def move(array: Array, k: int) -> Array:
        flat = np.arange(array.size).reshape(array.shape)
        signs = np.where((flat * 7 + k * 3 + pattern * 5 + flat // 3) % 2, 1.0, -1.0)
        return (array * (1 + step * signs)).astype(array.dtype)

    state = case.state
    return case.but(
        params={n: move(a, k) for k, (n, a) in enumerate(case.params.items())},
        inputs=move(case.inputs, 11),
        state=None if state is None else tuple(move(s, 12) for s in state),
    )
