"""Where a target may keep its parameters, told by their shapes alone.

A form is a layout whose arrays are all placed: which matrices read the inputs, which
the state, and which arrays are biases.  In what order the gates stand in them is left
to experiments.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

from refcheck.cell import Kind, Spec
from refcheck.conventions import template_of
from refcheck.layout import CANONICAL_GATES, Layout
from refcheck.onnx_layout import OnnxLayout

Shapes = Mapping[str, tuple[int, ...]]
UNPLACED = re.compile(r"[{}\s]")  # what no template can hold


def forms(kind: Kind, spec: Spec, shapes: Shapes) -> Iterator[Any]:
    """Yield the layouts that parameters of these shapes may have, by shape alone."""
    onnx = OnnxLayout()
    if onnx.shapes(kind, spec) == dict(shapes):
        yield onnx
    if any(map(UNPLACED.search, shapes)):
        return
    for layout in _matrices(kind, spec, shapes):
        fitting = next(biased(layout, kind, spec, shapes), None)
        if fitting is not None:
            yield fitting


def biased(layout: Any, kind: Kind, spec: Spec, shapes: Shapes) -> Iterator[Any]:
    """Yield the layout with each choice of biases that fits; those it has come first.

    Two biases that are added to each other in every gate cannot be told apart, so that
    their order is tried for a GRU alone.
    """
    if isinstance(layout, OnnxLayout):
        yield layout
        return
    for bias_ih, bias_hh, second in _biases(layout, kind, shapes):
        chosen = replace(layout, bias_ih=bias_ih, bias_hh=bias_hh, second=second)
        if not chosen.matches(kind, spec, shapes):
            yield chosen


def several(layout: Any) -> bool:
    """Whether its names tell the layers of a stack apart."""
    return "{layer}" in getattr(layout, "weight_ih", "")


def rearranged(layout: Layout, part: str) -> Iterator[Layout]:
    """Yield the layout with the arrays of ``part``, one a gate, in each order."""
    for names in permutations(getattr(layout, part).split()):
        changes: dict[str, Any] = {part: " ".join(names)}
        yield replace(layout, **changes)


def _matrices(kind: Kind, spec: Spec, shapes: Shapes) -> Iterator[Layout]:
    """Yield layouts without biases that place every matrix."""
    size, d = spec.hidden_size, spec.input_size
    rows = kind.gates * size
    named = {template_of(n): s for n, s in shapes.items() if len(s) == 2}
    for across in (False, True):
        turned = {name: s[::-1] if across else s for name, s in named.items()}
        for ih, hh in _placed(turned, rows, size, d):
            yield Layout("its own form", ih, hh, "", transposed=across)


def _placed(
    matrices: Shapes, rows: int, size: int, d: int
) -> Iterator[tuple[str, str]]:
    """Yield the templates of the weights of inputs and of the state."""
    if list(matrices.values()) == [(rows, d + size)]:
        (name,) = matrices
        yield name, name
    if len(matrices) == 2:
        yield from permutations(matrices)
    gates = rows // size
    if gates > 1 and len(matrices) == 2 * gates:
        yield from _apart(matrices, size, d)


def _apart(matrices: Shapes, size: int, d: int) -> Iterator[tuple[str, str]]:
    """Yield the same for a cell with a matrix for each gate.

    Where D = H the shapes do not say which read the inputs: either half of the names.
    """
    half = len(matrices) // 2
    if d != size:
        ih = [n for n, s in matrices.items() if s == (size, d)]
        halves = [(ih, [n for n in matrices if n not in ih])]
    else:
        names = sorted(matrices)
        halves = [(names[:half], names[half:]), (names[half:], names[:half])]
    for ih, hh in halves:
        if len(ih) == half:
            yield " ".join(ih), " ".join(hh)


def _biases(layout: Layout, kind: Kind, shapes: Shapes) -> Iterator[tuple[str, ...]]:
    """Yield the templates of both biases, and which gates have a second one."""
    names = [template_of(n) for n, s in shapes.items() if len(s) == 1]
    gates = len(CANONICAL_GATES[kind.gates])
    if " " in layout.weight_ih:
        yield from _biases_apart(layout, names, gates)
        return
    if len(names) < 2:
        yield "".join(names), "", ""
        return
    yield names[0], names[1], ""
    if kind is Kind.GRU:
        yield names[1], names[0], ""
        yield names[0], names[1], "n"
        yield names[1], names[0], "n"


def _biases_apart(
    layout: Layout, names: Sequence[str], gates: int
) -> Iterator[tuple[str, ...]]:
    """Yield the same for biases of one gate each, in each order.

    With two for each gate, each bias goes with the matrix that its name goes with.
    """
    if len(names) == 2 * gates:
        yield from _beside(layout, names)
        return
    for order in permutations(names) if len(names) in {gates, gates + 1} else ():
        second = "".join(order[gates:])
        yield " ".join(order[:gates]), second, "n" if second else ""
    if not names:
        yield "", "", ""


def _beside(layout: Layout, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    stems = {_stem(name): name for name in names}
    ih, hh = (
        [stems[_stem(m)] for m in weights.split() if _stem(m) in stems]
        for weights in (layout.weight_ih, layout.weight_hh)
    )
    if len(ih) == len(hh) == len(names) // 2:
        yield " ".join(ih), " ".join(hh), ""


def _stem(name: str) -> str:
    """Return the part of a name that weights and bias of one map share."""
    return name.rpartition(".")[0]
