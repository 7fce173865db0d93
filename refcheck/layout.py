"""Where a target keeps the textbook's parameters: names, gate order, axes, as data.

A layout converts exactly, by slicing, joining and transposing alone.  It therefore
serves values, gradients, and arrays that carry error bounds alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from refcheck.blocks import Blocks, apart, in_turns, reordered
from refcheck.cell import Array, Kind, Params, Spec

CANONICAL_GATES = {1: "a", 3: "rzn", 4: "ifgo"}  # by the number of gates
KINDS = tuple(kind for kind in Kind if kind.textbook)
Shape = tuple[int, ...]
Named = Mapping[str, Shape]


@dataclass(frozen=True)
class Layout:
    """The names are templates over {layer} and {suffix}; no name, no such parameter.

    A template of several names, separated by spaces, has an array for each gate.  One
    name for both weights is one matrix that holds them side by side.  A layout
    with one bias keeps it where the textbook has ``bias_ih``, and ``bias_hh`` is None:
    the one bias has the value and the gradient of ``bias_ih`` alone.
    """

    name: str
    weight_ih: str
    weight_hh: str
    bias_ih: str
    bias_hh: str = ""
    forward: str = ""  # the suffix of the forward direction
    reverse: str = "_reverse"  # and of the backward direction
    prefix: str = ""  # in front of each name: "lstm." for a module inside a module
    transposed: bool = False  # matrices are (D, G*H), not (G*H, D)
    gates: Mapping[Kind, str] = field(default_factory=dict)  # where not canonical
    second: str = ""  # the gates that have a bias_hh, where not all of them have
    added: Mapping[str, float] = field(default_factory=dict)  # by its code, to a bias
    blocks: Blocks = field(default_factory=Blocks)  # where they are unusual
    cell_first: bool = False  # the state is (c, h), not (h, c)

    def to_canonical(
        self, kind: Kind, spec: Spec, own: Mapping[str, Array]
    ) -> list[Params]:
        """Return the textbook's arrays: l0, l0_reverse, l1 and so on.

        They may be values or gradients.  A gate without a second bias has zeros there.
        """
        placed = [
            Params(**{p: self._canonical(kind, p, n, own) for p, n in parts.items()})
            for parts in self.names(spec)
        ]
        gates = CANONICAL_GATES[kind.gates]
        return [self.blocks.turned(params, gates) for params in placed]

    def from_canonical(
        self, kind: Kind, spec: Spec, params: Sequence[Params]
    ) -> dict[str, Array]:
        """Return the textbook's arrays in the target's names.

        Raises:
            ValueError: if they hold a bias for which this layout has no place.
        """
        own: dict[str, Array] = {}
        canonical = CANONICAL_GATES[kind.gates]
        turned = [self.blocks.turned(p, canonical) for p in params]
        for names, given in zip(self.names(spec), turned, strict=True):
            held = {part: a for part, a in given._asdict().items() if a is not None}
            if held.keys() != names.keys():
                message = f"the {self.name} layout has {set(names)}, not {set(held)}."
                raise ValueError(message)
            for part, array in held.items():
                for name, gates in self._held(kind, part, names[part]):
                    placed = self._placed(array, canonical, gates)
                    if name in own:  # one matrix, with weight_ih on its left
                        placed = np.concatenate([own[name], placed], axis=1)
                    own[name] = placed
        return {n: a.T if self.transposed else a for n, a in own.items()}

    def _placed(self, array: Array, source: str, target: str) -> Array:
        """Return blocks of rows as the target stacks them."""
        placed = reordered(array, source, target)
        return in_turns(placed, target) if self.blocks.interleaved else placed

    def _canonical(
        self, kind: Kind, part: str, names: Sequence[str], own: Mapping[str, Array]
    ) -> Array:
        held = self._held(kind, part, names)
        arrays = [own[name].T if self.transposed else own[name] for name, _ in held]
        gates = "".join(gates for _, gates in held)
        if self.joined and part.startswith("weight"):
            size = arrays[0].shape[0] // len(gates)
            columns = slice(-size) if part == "weight_ih" else slice(-size, None)
            arrays = [array[:, columns] for array in arrays]
        stacked = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        if self.blocks.interleaved:
            stacked = apart(stacked, gates)
        return reordered(stacked, gates, CANONICAL_GATES[kind.gates])

    @property
    def summed(self) -> bool:
        """Whether each gate has two biases."""
        return bool(self.bias_hh) and not self.second

    @property
    def joined(self) -> bool:
        """Whether one matrix holds both weights."""
        return self.weight_ih == self.weight_hh

    def names(self, spec: Spec) -> list[dict[str, tuple[str, ...]]]:
        """Return, for each layer and direction, field of Params -> own names."""
        templates = {"weight_ih": self.weight_ih, "weight_hh": self.weight_hh}
        if spec.bias:
            templates |= {"bias_ih": self.bias_ih, "bias_hh": self.bias_hh}
        return [
            {
                part: tuple(
                    self.prefix + name.format(layer=layer, suffix=suffix)
                    for name in template.split()
                )
                for part, template in templates.items()
                if template
            }
            for layer in range(spec.num_layers)
            for suffix in (self.forward, self.reverse)[: spec.directions]
        ]

    def _held(
        self, kind: Kind, part: str, names: Sequence[str]
    ) -> list[tuple[str, str]]:
        """Return each name with the gates that it holds, in its order."""
        gates = self.gates.get(kind, CANONICAL_GATES[kind.gates])
        if part == "bias_hh" and self.second:
            gates = self.second
        return list(zip(names, gates if len(names) > 1 else (gates,), strict=False))

    def shapes(self, kind: Kind, spec: Spec) -> dict[str, Shape]:
        """Return the shape that each of the target's parameters must have."""
        width = spec.hidden_size
        expected: dict[str, Shape] = {}
        for k, names in enumerate(self.names(spec)):
            below = spec.input_size if k < spec.directions else width * spec.directions
            columns: dict[str, Shape] = {"weight_ih": (below,), "weight_hh": (width,)}
            if self.joined:
                columns["weight_hh"] = (below + width,)
            for part, several in names.items():
                for name, gates in self._held(kind, part, several):
                    shape = (len(gates) * width, *columns.get(part, ()))
                    expected[name] = shape[::-1] if self.transposed else shape
        return expected

    def matches(self, kind: Kind, spec: Spec, shapes: Named) -> str:
        """Return why parameters of these shapes do not map, or an empty string."""
        expected = self.shapes(kind, spec)
        one = self.shapes(kind, replace(spec, num_layers=1, bidirectional=False))
        if spec.depth * len(one) > len(expected):
            names = _listed(TORCH.shapes(kind, spec))
            return (
                f"{self.name} names the parameters of one layer and direction; "
                f"for several, name them {names}"
            )
        for name, shape in expected.items():
            if name not in shapes:
                return (
                    f"there is no parameter {name} {shape} among {_listed(shapes)}; "
                    f"name them as {self.name} does, or leave out --like: "
                    "refcheck probe then says which is which"
                )
            if tuple(shapes[name]) != shape:
                return self._misshapen(name, kind, spec, shapes)
        surplus = [name for name in shapes if name not in expected]
        if surplus:
            return (
                f"the textbook's {kind.value} has nothing like {_listed(surplus)}; "
                "leave out --like, or these parameters"
            )
        return ""

    def _misshapen(self, name: str, kind: Kind, spec: Spec, shapes: Named) -> str:
        expected = self.shapes(kind, spec)[name]
        said = f"{name} has shape {tuple(shapes[name])}, expected {expected}"
        fits = {k.value: self.shapes(k, spec).items() <= shapes.items() for k in KINDS}
        others = " or ".join(name for name, fitting in fits.items() if fitting)
        if others:
            return f"{said} for {kind.value}; declare --like {others}"
        stacked = "columns" if self.transposed else "rows"
        return f"{said} for {kind.value}; are the gates stacked by {stacked}?"


TORCH = Layout(
    "torch.nn",
    weight_ih="weight_ih_l{layer}{suffix}",
    weight_hh="weight_hh_l{layer}{suffix}",
    bias_ih="bias_ih_l{layer}{suffix}",
    bias_hh="bias_hh_l{layer}{suffix}",
)
TORCH_CELL = Layout(
    "torch.nn's cells", "weight_ih", "weight_hh", bias_ih="bias_ih", bias_hh="bias_hh"
)
CANONICAL = replace(TORCH_CELL, name="the canonical form")


def recognised(
    kind: Kind, spec: Spec, shapes: Named, among: Iterable[Layout]
) -> tuple[Layout | None, str]:
    """Return the layout that these parameters have, else why the likeliest fails.

    The parameters may belong to a module inside a module: a prefix that all of them
    share is part of the layout that is returned.
    """
    complaints = []
    for layout in among:
        first = layout.names(spec)[0]["weight_ih"][0]
        found = next((name for name in shapes if name.endswith(first)), first)
        placed = replace(layout, prefix=found.removesuffix(first))
        complaint = placed.matches(kind, spec, shapes)
        if not complaint:
            return placed, ""
        complaints.append((found not in shapes, complaint))
    return None, min(complaints, key=lambda known: known[0])[1]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
