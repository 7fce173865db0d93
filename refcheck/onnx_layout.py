"""Where ONNX's RNN, LSTM and GRU keep the textbook's parameters.

    W (directions, G*H, D)   R (directions, G*H, H)   B (directions, 2*G*H)
    P (directions, 3*H): peepholes, where an LSTM has them

B holds the biases of W, then those of R.  Gates are stacked i o f c (LSTM), P in the
order i o f, and z r h (GRU).  Source: the ONNX operator schemas, opset 22.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from refcheck.blocks import Blocks, reordered
from refcheck.cell import Array, Kind, Params, Spec
from refcheck.layout import CANONICAL_GATES

GATES = {1: "a", 3: "zrn", 4: "iofg"}  # by the number of gates, c being our g
PEEPHOLES = "iof"  # the candidate has none
BIASES = ("bias_ih", "bias_hh")


@dataclass(frozen=True)
class OnnxLayout:
    """All directions in one array each, so that several layers have no place.

    Conventions are declared of it as of any ``Layout``.
    """

    summed: ClassVar[bool] = True  # each gate has two biases
    second: ClassVar[str] = ""  # and none has one alone
    added: ClassVar[Mapping[str, float]] = {}  # by the code of a target, to a bias
    name: str = "ONNX"
    peepholes: bool = False
    gates: Mapping[Kind, str] = field(default_factory=dict)  # where not ONNX's
    blocks: Blocks = field(default_factory=Blocks)
    cell_first: bool = False

    def to_canonical(
        self, kind: Kind, spec: Spec, own: Mapping[str, Array]
    ) -> list[Params]:
        """Return the textbook's parameters: forward, then reverse."""
        gates = CANONICAL_GATES[kind.gates]
        found = [self._direction(kind, spec, own, k) for k in range(spec.directions)]
        return [self.blocks.turned(params, gates) for params in found]

    def _direction(
        self, kind: Kind, spec: Spec, own: Mapping[str, Array], k: int
    ) -> Params:
        source, target = self._order(kind), CANONICAL_GATES[kind.gates]
        rows = kind.gates * spec.hidden_size
        parts = [own["W"][k], own["R"][k]]
        if spec.bias:
            parts += [own["B"][k][:rows], own["B"][k][rows:]]
        params = Params(*(reordered(part, source, target) for part in parts))
        if not self.peepholes:
            return params
        return params._replace(peephole=reordered(own["P"][k], PEEPHOLES, target))

    def from_canonical(
        self, kind: Kind, spec: Spec, params: Sequence[Params]
    ) -> dict[str, Array]:
        """Return the textbook's parameters, or their gradients, as ONNX stores them."""
        source, target = CANONICAL_GATES[kind.gates], self._order(kind)
        turned = [self.blocks.turned(p, source) for p in params]

        def stacked(part: str, becomes: str = target) -> Array:
            parts = [getattr(p, part) for p in turned]
            return np.stack([reordered(a, source, becomes) for a in parts])

        own = {"W": stacked("weight_ih"), "R": stacked("weight_hh")}
        if spec.bias:
            own["B"] = np.concatenate([stacked(part) for part in BIASES], axis=1)
        if self.peepholes:
            own["P"] = stacked("peephole", PEEPHOLES)
        return own

    def names(self, spec: Spec) -> list[dict[str, tuple[str, ...]]]:
        """Return, for each direction, field of Params -> own names; peepholes apart."""
        names: dict[str, tuple[str, ...]] = {"weight_ih": ("W",), "weight_hh": ("R",)}
        if spec.bias:
            names |= dict.fromkeys(BIASES, ("B",))
        return [names] * spec.directions

    def shapes(self, kind: Kind, spec: Spec) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter."""
        count, h = spec.directions, spec.hidden_size
        rows = kind.gates * h
        shapes: dict[str, tuple[int, ...]] = {
            "W": (count, rows, spec.input_size),
            "R": (count, rows, h),
        }
        if spec.bias:
            shapes["B"] = (count, 2 * rows)
        if self.peepholes:
            shapes["P"] = (count, 3 * h)
        return shapes

    def _order(self, kind: Kind) -> str:
        return self.gates.get(kind, GATES[kind.gates])
