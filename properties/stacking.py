"""Layers are cells on top of one another, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import STATES, each_parameter
from .row_ends import before_the_end, only, reads, unpulled

ALONE = Capability.STACKS | Capability.RESIZABLE | Capability.LAYOUT


@law(
    "f = layer L ∘ … ∘ layer 1 for outputs, states and gradients",
    cases=Cases(
        layers=True,
        batch_first=None,
        time=(1, 5),
        hidden=(1, 9),
        most=7,
        first=("three layers, D = H", "two layers, both directions"),
    ),
    requires=ALONE,
    catches=(
        "state-of-the-first-layer-for-the-stack",
        "states-of-layers-reversed",
        "middle-layers-are-the-second",
        "weights-above-the-first-layer-scaled",
        "gradient-stops-at-the-top-layer",
        "layers-share-one-memory",
        "reverse-direction-of-upper-layers-flipped-twice",
        "states-of-the-layers-interleaved",
        "final-state-of-the-first-layer-for-all",
        "upper-layers-read-the-inputs-too",
    ),
)
def layers_compose(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A layer reads what the layer below has written, and knows nothing else of it.

    Each layer is run as a cell of its own, with its share of the parameters and of
    the state; gradients come down the same way.  Source: Graves, Mohamed & Hinton
    (2013).
    """
    case = unpulled(case)
    whole, outputs = cell.forward(case), None
    layers: list[Case] = []
    for k in range(case.spec.num_layers):
        layers.append(_layer(cell, case, k, outputs))
        own = cell.forward(layers[k])
        outputs = only(reads(case), own.outputs)
        for name, found, right in zip(STATES, whole.state, own.state, strict=False):
            yield equal(f"{name} of layer {k}", found[_slots(case, k)], right)
    yield equal("outputs", before_the_end(case, whole).outputs, outputs)
    if cell.signature.offers(Capability.BACKWARD):
        yield from _gradients_compose(cell, case, layers)


def _layer(cell: MeasuredCell, case: Case, k: int, below: Any) -> Case:
    """Return layer ``k`` as a case of its own, which reads the outputs of the last."""
    slots = _slots(case, k)
    params = cell.canonical(case)[slots]
    if below is not None:
        case = case.but(inputs=below.value, carried={"inputs": (below,)})
    size = case.inputs.shape[2]
    alone = case.but(
        spec=replace(case.spec, num_layers=1, input_size=size, dropout=0.0),
        state=None if case.state is None else tuple(s[slots] for s in case.state),
        grad_state=tuple(g[slots] for g in case.grad_state),
    )
    return cell.planted(alone, params)


def _gradients_compose(
    cell: MeasuredCell, case: Case, layers: Sequence[Case]
) -> Iterator[Claim]:
    whole, above = cell.backward(case), None
    params = cell.canonical_gradients(case, whole)
    for k in reversed(range(len(layers))):
        layer, slots = _hearing(layers[k], above), _slots(case, k)
        own = cell.backward(layer)
        above = own.inputs
        alone = cell.canonical_gradients(layer, own)
        yield from each_parameter(equal, params[slots], alone, where=f", layer {k}")
        for name, found, right in zip(STATES, whole.state, own.state, strict=False):
            yield equal(f"gradient of {name} of layer {k}", found[slots], right)
    yield equal("gradient of inputs", whole.inputs, above)


def _hearing(layer: Case, above: Any) -> Case:
    """Return the layer with the gradient that the layer above it has sent down."""
    if above is None:
        return layer
    carried = {**layer.carried, "grad_outputs": (above,)}
    return layer.but(grad_outputs=above.value, carried=carried)


def _slots(case: Case, k: int) -> slice:
    """Return where layer ``k`` stands among the states and parameters."""
    return slice(k * case.spec.directions, (k + 1) * case.spec.directions)


LAWS = (layers_compose,)
