"""Every parameter is used, each for its own purpose, and as it is now."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, differs, equal, law
from refcheck.layout import CANONICAL_GATES
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import each_part
from .units_on import units_on

SLICES = 64  # of a larger matrix, several rows or columns are looked at together
MOVE = 0.5  # by which a parameter is changed: no array is its own neighbour


@law(
    "(y, s_T) depends on each gate's block of θ, and ∂L/∂θ ≠ 0 in each row and column",
    cases=Cases(planted=True, then=units_on),
    requires=Capability.LAYOUT,
    catches=(
        "forget-bias-taken-from-the-output-gate",
        "recurrent-bias-ignored",
        "input-bias-used-twice",
        "reverse-direction-runs-on-forward-weights",
        "one-recurrent-matrix-for-all-layers",
        "weight-hh-gradient-never-returned",
        "odd-unit-left-out-of-the-recurrent-product",
        "output-bias-for-every-gate",
        "recurrence-left-out",
        "input-bias-ignored",
        "biases-ignored",
        "recurrent-bias-of-the-candidate-left-out",
    ),
)
def every_parameter_matters(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A parameter that changes nothing is not used, or another is used in its place.

    Training hides both: it makes do with what is left.  In these cases biases differ
    and are not 0, and no unit is off.
    """
    result = np.concatenate(_parts(cell, case))
    for what, changed in _changes(cell, case):
        other = np.concatenate([a.value for a in _parts(cell, changed)])
        yield differs(f"result, if {what} changes", result, other)
    if not cell.signature.offers(Capability.BACKWARD):
        return
    for name, gradient in cell.backward(case).params.items():
        for axis, size in enumerate(gradient.shape):
            for k in range(min(size, SLICES)):
                part = gradient[*(slice(None),) * axis, k::SLICES]
                label = f"gradient of {name}[{':, ' * axis}{k}]"
                yield differs(label, part, np.zeros(part.shape))


@law(
    "f(θ), then f(θ′) on the same object = f(θ′) on a fresh one, again and again",
    cases=Cases(
        state=True,
        time=(1, 3),
        extra={"which": lambda _, k: k},
        most=8,
        first=("generic", "both directions", "two layers", "one unit"),
    ),
    requires=Capability.PARAMETERS,
    catches=(
        "weights-kept-from-the-first-call",
        "weights-kept-while-weight-ih-stays",
        "weights-kept-until-the-next-gradient",
        "gradients-of-the-first-weights",
    ),
)
def updates_are_seen(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Training changes parameters in place, so what is kept of them must be renewed.

    A transposed copy, or weights packed for a kernel, go stale without a sound.
    """
    names = list(case.params)
    one = names[case.extra["which"] % len(names)]
    pulls = cell.signature.offers(Capability.BACKWARD)
    cell.again(case)
    if pulls:
        cell.backward_again(case)
    for changed in (_moved(case, {one}), _moved(case, set(names))):
        fresh, found = cell.fresh(), cell.again(changed)
        yield from each_part(equal, found, fresh.again(changed))
    if pulls:
        gradients = (c.backward_again(changed) for c in (cell, fresh))
        yield from each_part(equal, *gradients)


def _parts(cell: MeasuredCell, case: Case) -> list[Any]:
    """Return outputs and final state, each in one row."""
    reply = cell.forward(case)
    return [a.reshape(-1) for a in (reply.outputs, *reply.state)]


def _changes(cell: MeasuredCell, case: Case) -> Iterator[tuple[str, Case]]:
    """Yield the case with one parameter changed, or one gate's block, for each."""
    params, layout = cell.canonical(case), cell.signature.layout
    gates = CANONICAL_GATES[len(params[0].weight_hh) // case.spec.hidden_size]
    blocks = [f"gate {g} of " for g in gates] if case.spec.depth == 1 else [""]
    for k, names in enumerate(layout.names(case.spec) if layout else ()):
        for part, own in names.items():
            name = ", ".join(own)
            for g, block in enumerate(blocks):
                if gates[g] in cell.signature.unread:
                    continue
                parts = np.split(getattr(params[k], part), len(blocks))
                parts[g] = parts[g] + MOVE
                changed = params[k]._replace(**{part: np.concatenate(parts)})
                planted = cell.planted(case, [*params[:k], changed, *params[k + 1 :]])
                yield f"{block}{name}", planted


def _moved(case: Case, which: set[str]) -> Case:
    moved = {name: a + MOVE for name, a in case.params.items() if name in which}
    return case.but(params=dict(case.params) | moved)


LAWS = (every_parameter_matters, updates_are_seen)
