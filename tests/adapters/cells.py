"""Cases for cells of PyTorch, and the textbook's answer to them."""

from typing import Any

import numpy as np

from refcheck.adapters.torch import adapt
from refcheck.adapters.torch_cell import TorchCell
from refcheck.case import Case
from refcheck.cell import Array, Capability, Declared, Gradients, Kind, Reply, Spec
from refcheck.recipe import GENERIC, Recipe, case_from
from refcheck.reference import sequence

PARTS = ("inputs", "state", "lengths", "outputs", "final", "params")
SEEDS = {name: GENERIC + 10 * k for k, name in enumerate(PARTS)}
ONE = Spec(3, 2)


def adapted(thing: Any, like: str = "", **declared: Any) -> TorchCell:
    """Return ``thing`` as a cell, named as its class is."""
    cls = thing if isinstance(thing, type) else type(thing)
    kind = Kind(like) if like else None
    return adapt(thing, Declared(like=kind, **declared), cls.__name__)


def case_of(cell: TorchCell, spec: Spec = ONE, **changes: Any) -> Case:
    """Return a generic case: T = 5, N = 4, a state, and lengths if they are taken."""
    lengthy = Capability.LENGTHS in cell.signature.capabilities
    fields = {"time": 5, "batch": 4, "with_state": True, "with_lengths": lengthy}
    recipe = Recipe(seeds=SEEDS, **(fields | changes))
    return case_from(recipe, spec, cell.shapes(spec))


def textbook(cell: TorchCell, case: Case) -> tuple[Reply, Gradients]:
    """Return what the textbook answers, and its gradients in the target's names."""
    kind, layout = cell.signature.kind, cell.signature.layout
    assert kind is not None
    assert layout is not None
    params = layout.to_canonical(kind, case.spec, case.params)
    reply, tapes = sequence.forward(
        kind,
        params,
        case.inputs,
        case.state,
        case.lengths,
        directions=case.spec.directions,
    )
    back = sequence.backward(kind, params, tapes, case.grad_outputs, case.grad_state)
    own = layout.from_canonical(kind, case.spec, back.params)
    return reply, Gradients(own, back.inputs, back.state)


def furthest(found: Any, right: Any) -> float:
    """Return the largest difference between two replies, or two sets of gradients."""
    pairs = zip(_arrays(found), _arrays(right), strict=True)
    return max(float(abs(a - b).max()) for a, b in pairs)


def _arrays(part: Any) -> list[Array]:
    if isinstance(part, np.ndarray):
        return [part]
    parts = part.values() if isinstance(part, dict) else part
    return [array for one in parts for array in _arrays(one)]
