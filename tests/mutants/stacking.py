"""Stacks whose layers are not cells on top of one another."""

from collections.abc import Callable, Sequence

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Params, Reply, State
from refcheck.reference.cell import ReferenceCell


def _depth(case: Case) -> int:
    return case.spec.num_layers


class StateOfTheFirstLayerEverywhere(ReferenceCell):
    """Every layer starts from the state that was meant for the first."""

    def forward(self, case: Case) -> Reply:
        if case.state is None:
            return super().forward(case)
        first = [k % case.spec.directions for k in range(case.spec.depth)]
        return super().forward(case.but(state=tuple(s[first] for s in case.state)))


class StatesOfLayersReversed(ReferenceCell):
    """Final states come back from the top layer down."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        return reply._replace(state=tuple(self.reversed(s, case) for s in reply.state))

    def reversed(self, state: Array, case: Case) -> Array:
        layers = state.reshape(_depth(case), case.spec.directions, *state.shape[1:])
        return layers[::-1].reshape(state.shape)


class MiddleLayersAreTheSecond(ReferenceCell):
    """Layers between the first and the last are built with the second's weights."""

    def params(self, case: Case) -> list[Params]:
        params, n = super().params(case), case.spec.directions
        if _depth(case) < 3:
            return params
        return [*params[: 2 * n], *params[n : 2 * n], *params[3 * n :]]


class WeightsOfTheTopLayerScaled(ReferenceCell):
    """A stack scales the weights above its first layer by its depth."""

    def params(self, case: Case) -> list[Params]:
        params, n = super().params(case), case.spec.directions
        share = np.asarray(1 / _depth(case), case.inputs.dtype)
        above = [p._replace(weight_ih=p.weight_ih * share) for p in params[n:]]
        return [*params[:n], *above]


class GradientStopsAtTheTopLayer(ReferenceCell):
    """The outputs of lower layers are detached."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        if _depth(case) == 1:
            return found
        top = f"_l{_depth(case) - 1}"
        params = {n: g if top in n else g * 0 for n, g in found.params.items()}
        return Gradients(params, found.inputs * 0, found.state)


class LayersReadEachOther(ReferenceCell):
    """The layers of a stack share one c: each starts from the mean over layers."""

    def forward(self, case: Case) -> Reply:
        if case.state is None or _depth(case) == 1:
            return super().forward(case)
        return super().forward(case.but(state=self.shared(case.state)))

    def shared(self, state: Sequence[Array]) -> State:
        h, c = state
        return h, np.broadcast_to(c.mean(axis=0), c.shape).astype(c.dtype)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "state-of-the-first-layer-for-the-stack": lambda: StateOfTheFirstLayerEverywhere(
        Kind.LSTM
    ),
    "states-of-layers-reversed": lambda: StatesOfLayersReversed(Kind.GRU),
    "middle-layers-are-the-second": lambda: MiddleLayersAreTheSecond(Kind.LSTM),
    "weights-above-the-first-layer-scaled": lambda: WeightsOfTheTopLayerScaled(
        Kind.RNN_RELU
    ),
    "gradient-stops-at-the-top-layer": lambda: GradientStopsAtTheTopLayer(Kind.LSTM),
    "layers-share-one-memory": lambda: LayersReadEachOther(Kind.LSTM),
}
