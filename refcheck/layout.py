"""Where a target keeps the textbook's parameters: names, gate order, axes, as data.

A layout converts exactly, by slicing, joining and transposing alone.  It therefore
serves values, gradients, and arrays that carry error bounds alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from refcheck.blocks import Blocks, apart, in_turns, reordered
from refcheck.cell import Array, Kind, Params, Spec

CANONICAL_GATES = {1: "a", 3: "rzn", 4: "ifgo"}  # by the number of gates
KINDS = tuple(kind for kind in Kind if kind.recurrent)
Shape = tuple[int, ...]
Named = Mapping[str, Shape]


@dataclass(frozen=True)
class Layout:
    """The names are templates over {layer} and {suffix}; no name, no such parameter.

    A layout with one bias keeps it where the textbook has ``bias_ih``, and ``bias_hh``
    is None: the one bias has the value and the gradient of ``bias_ih`` alone.
    """

    name: str
    weight_ih: str
    weight_hh: str
    bias_ih: str
    bias_hh: str = ""
    reverse: str = "_reverse"  # the suffix of the backward direction
    prefix: str = ""  # in front of each name: "lstm." for a module inside a module
    transposed: bool = False  # matrices are (D, G*H), not (G*H, D)
    gates: Mapping[Kind, str] = field(default_factory=dict)  # where not canonical
    blocks: Blocks = field(default_factory=Blocks)  # where they are unusual
    cell_first: bool = False  # the state is (c, h), not (h, c)

    def to_canonical(
        self, kind: Kind, spec: Spec, own: Mapping[str, Array]
    ) -> list[Params]:
        """Return the textbook's parameters: l0, l0_reverse, l1 and so on."""
        source, target = self._order(kind), CANONICAL_GATES[kind.gates]

        def converted(array: Array) -> Array:
            upright = array.T if self.transposed else array
            blocks = apart(upright, source) if self.blocks.interleaved else upright
            return reordered(blocks, source, target)

        placed = [
            Params(**{part: converted(own[name]) for part, name in names.items()})
            for names in self.names(spec)
        ]
        return [self.blocks.turned(params, target) for params in placed]

    def from_canonical(
        self, kind: Kind, spec: Spec, params: Sequence[Params]
    ) -> dict[str, Array]:
        """Return the textbook's parameters, or their gradients, in the target's names.

        Raises:
            ValueError: if they hold a bias for which this layout has no place.
        """
        source, target = CANONICAL_GATES[kind.gates], self._order(kind)
        own = {}
        turned = [self.blocks.turned(p, source) for p in params]
        for names, given in zip(self.names(spec), turned, strict=True):
            held = {part: a for part, a in given._asdict().items() if a is not None}
            if held.keys() != names.keys():
                message = f"the {self.name} layout has {set(names)}, not {set(held)}."
                raise ValueError(message)
            for part, array in held.items():
                placed = reordered(array, source, target)
                placed = in_turns(placed, target) if self.blocks.interleaved else placed
                own[names[part]] = placed.T if self.transposed else placed
        return own

    def names(self, spec: Spec) -> list[dict[str, str]]:
        """Return, for each layer and direction, field of Params -> own name."""
        templates = {"weight_ih": self.weight_ih, "weight_hh": self.weight_hh}
        if spec.bias:
            templates |= {"bias_ih": self.bias_ih, "bias_hh": self.bias_hh}
        return [
            {
                part: self.prefix + template.format(layer=layer, suffix=suffix)
                for part, template in templates.items()
                if template
            }
            for layer in range(spec.num_layers)
            for suffix in ("", self.reverse)[: spec.directions]
        ]

    def shapes(self, kind: Kind, spec: Spec) -> dict[str, Shape]:
        """Return the shape that each of the target's parameters must have."""
        rows, width = kind.gates * spec.hidden_size, spec.hidden_size
        expected: dict[str, Shape] = {}
        for k, names in enumerate(self.names(spec)):
            below = spec.input_size if k < spec.directions else width * spec.directions
            full = {"weight_ih": (rows, below), "weight_hh": (rows, width)}
            for part, name in names.items():
                shape = full.get(part, (rows,))
                expected[name] = shape[::-1] if self.transposed else shape
        return expected

    def matches(self, kind: Kind, spec: Spec, shapes: Named) -> str:
        """Return why parameters of these shapes do not map, or an empty string."""
        expected = self.shapes(kind, spec)
        if spec.depth * len(self.names(spec)[0]) > len(expected):
            names = _listed(TORCH.shapes(kind, spec))
            return (
                f"{self.name} names the parameters of one layer and direction; "
                f"for several, name them {names}"
            )
        for name, shape in expected.items():
            if name not in shapes:
                return (
                    f"there is no parameter {name} {shape} among {_listed(shapes)}; "
                    f"name them as {self.name} does, or leave out --like"
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

    def _order(self, kind: Kind) -> str:
        return self.gates.get(kind, CANONICAL_GATES[kind.gates])


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
        first = layout.names(spec)[0]["weight_ih"]
        found = next((name for name in shapes if name.endswith(first)), first)
        placed = replace(layout, prefix=found.removesuffix(first))
        complaint = placed.matches(kind, spec, shapes)
        if not complaint:
            return placed, ""
        complaints.append((found not in shapes, complaint))
    return None, min(complaints, key=lambda known: known[0])[1]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
