"""A cell on Keras: layers that are built for a spec, and called for a case."""

from typing import Any

from refcheck.adapters.keras_calls import (
    Live,
    arguments,
    assign,
    backend,
    gradients,
    read_back,
    reply,
    seeds,
)
from refcheck.adapters.keras_layers import Blueprint, state_sizes, weights
from refcheck.case import Case
from refcheck.cell import Gradients, Kind, Reply, Shapes, Signature, Spec, Watched
from refcheck.errors import Unsupported


class KerasCell:
    """A class of layers: one live layer for each spec, updated in place."""

    batch_first = True  # sequences are handed over as (N, T, D)

    def __init__(self, blueprint: Blueprint, signature: Signature) -> None:
        """Build nothing yet."""
        self.blueprint, self.signature = blueprint, signature
        self._live: dict[tuple[Spec, int | None], Live] = {}

    def fresh(self) -> "KerasCell":
        """Return the same target with no live layer carried over."""
        return KerasCell(self.blueprint, self.signature)

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``.

        Raises:
            Unsupported: if it cannot be built so.
        """
        live = self._at(spec, 1)
        width = spec.hidden_size * spec.directions
        return Shapes(
            shapes(live.layer, self.signature.kind), len(state_sizes(live.layer)), width
        )

    def forward(self, case: Case) -> Reply:
        """Call the layer as in inference."""
        return self.forward_watching(case).reply

    def forward_watching(self, case: Case) -> Watched:
        """Call the layer, and keep the arguments and the raw results."""
        live = self._ready(case)
        with backend().precision(case.spec.dtype):
            given = arguments(live, case)
            returned = live.calls.called(given)
        return Watched(
            reply(live, returned), read_back(live, given), lambda: reply(live, returned)
        )

    def backward(self, case: Case) -> Gradients:
        """Pull gradients back through a call as in inference."""
        live = self._ready(case)
        with backend().precision(case.spec.dtype):
            found = live.calls.pulled(arguments(live, case), seeds(case))
        return gradients(live, found)

    def _ready(self, case: Case) -> Live:
        live = self._at(case.spec, case.batch)
        with backend().precision(case.spec.dtype):
            assign(live, case.spec, case.params)
        return live

    def _at(self, spec: Spec, batch: int) -> Live:
        """Return the live layer; one that is stateful is built for a batch size."""
        key = (spec, batch if self.blueprint.options.get("stateful") else None)
        if key not in self._live:
            if spec.num_layers > 1 or spec.batch_first or spec.dropout:
                message = f"Keras has one layer, its batch always first, not {spec}"
                raise Unsupported(message)
            layer = built(self.blueprint, *key)
            named = weights(layer, self.signature.kind)
            calls = backend().Calls(layer)
            self._live[key] = Live(layer, named, calls, spec.directions)
        return self._live[key]


def built(plan: Blueprint, spec: Spec, batch: int | None) -> Any:
    """Return a new layer; one that is stateful is built for a batch size."""
    with backend().precision(spec.dtype):
        return plan.built(spec, batch if plan.options.get("stateful") else None)


def shapes(layer: Any, kind: Kind | None) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights by name."""
    return {
        name: tuple(weight.variable.shape[weight.row is not None :])
        for name, weight in weights(layer, kind).items()
    }
