"""A case as a person reads it: the sizes, then what is not zero, as small tables."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from refcheck.reporters.numbers import SHOWN, is_array, rounded, texts, zero

MOST = 48  # entries that a table may have; a larger array is only described
WIDTH = 61  # columns beside the label
TITLE = 24  # columns for the names of arrays
PLAIN = {  # options of a spec that go without saying
    "num_layers": 1,
    "bidirectional": False,
    "bias": True,
    "batch_first": False,
    "dropout": 0.0,
}
SEQUENCE, LAYERS = ("t", "row"), ("layer", "row")  # what the leading axes count


class Named(NamedTuple):
    """An array of the document, and the name under which it is printed."""

    name: str
    array: Mapping[str, Any]
    axes: Sequence[str] = ()


def case_lines(case: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that tell ``case`` whole."""
    yield from sizes(case)
    arrays = [*_arguments(case), *_arrays("", case.get("extra", {}))]
    for named in arrays:
        if not zero(named.array):
            yield from _table(named)
    zeros = [named.name for named in arrays if zero(named.array)]
    if zeros:
        names = ", ".join(zeros) if len(zeros) < len(arrays) else "every array"
        yield from textwrap.wrap(f"all zero: {names}", WIDTH)
    if any(rounded(named.array) for named in arrays):
        yield f"rounded to {SHOWN} digits here; the stored case is exact"
    beside = [f"{k}={v!r}" for k, v in _scalars("", case.get("extra", {}))]
    if beside:
        yield from textwrap.wrap(f"drawn beside it: {', '.join(beside)}", WIDTH)


def sizes(case: Mapping[str, Any]) -> list[str]:
    """Return the lines that tell the sizes and options of ``case``."""
    said = _of_cell(case) if "inputs" in case else _of_clipper(case)
    return textwrap.wrap(", ".join(said), WIDTH)


def _of_clipper(case: Mapping[str, Any]) -> list[str]:
    spec = case["spec"]
    return [f"bound {case['bound']:g}", f"norm p={spec['norm_type']:g}", spec["dtype"]]


def _of_cell(case: Mapping[str, Any]) -> list[str]:
    spec = case["spec"]
    time, batch = case["inputs"]["shape"][:2]
    sizes = f"T={time} N={batch} D={spec['input_size']} H={spec['hidden_size']}"
    options = [f"{k}={spec[k]}" for k in PLAIN if spec.get(k, PLAIN[k]) != PLAIN[k]]
    said = [sizes, spec["dtype"], *options]
    if case.get("strides", "contiguous") != "contiguous":
        said.append(f"strides {case['strides']}")
    if case.get("lengths"):
        what = "mask of lengths" if case.get("masked") else "lengths"
        said.append(f"{what} {' '.join(texts(case['lengths']))}")
    if case.get("state") is None:
        said.append("no initial state")
    return said


def _arguments(case: Mapping[str, Any]) -> Iterator[Named]:
    yield from _arrays("gradient", case.get("grads", []))
    if "inputs" not in case:
        return
    yield from _arrays("", case["params"])
    yield Named("inputs", case["inputs"], SEQUENCE)
    for name, state in zip("hc", case.get("state") or (), strict=False):
        yield Named(f"initial {name}", state, LAYERS)
    yield Named("gradient of outputs", case["grad_outputs"], SEQUENCE)
    for name, state in zip("hc", case["grad_state"], strict=False):
        yield Named(f"gradient of final {name}", state, LAYERS)


def _arrays(name: str, value: Any) -> Iterator[Named]:
    """Yield every array inside a nested value, by its path."""
    if is_array(value):
        yield Named(name, value)
        return
    for path, inner in _items(name, value):
        yield from _arrays(path, inner)


def _scalars(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield everything else inside a nested value, by its path."""
    if is_array(value):
        return
    if not isinstance(value, Mapping | list):
        yield name, value
    for path, inner in _items(name, value):
        yield from _scalars(path, inner)


def _items(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"{name} {key}".strip(), inner) for key, inner in value.items())
    if isinstance(value, list):
        yield from ((f"{name}[{k}]", inner) for k, inner in enumerate(value))


def _table(named: Named) -> Iterator[str]:
    shape, entries = named.array["shape"], texts(named.array)
    title = f"{named.name} ({', '.join(map(str, shape))})"
    if not entries or len(entries) > MOST:
        yield f"{title}: too large to be printed here"
        return
    beside = list(_rows(named, entries, WIDTH - TITLE))
    broken = len(beside) * _columns(shape) > len(entries)
    if broken or len(title) > TITLE - 2:
        yield title
        yield from (f"  {row}" for row in _rows(named, entries, WIDTH - 2))
        return
    for k, row in enumerate(beside):
        yield f"{'' if k else title:<{TITLE}}{row}"


def _rows(named: Named, entries: Sequence[str], room: int) -> Iterator[str]:
    """Yield the last axis as rows; those of a sequence or a state are named."""
    shape, width = named.array["shape"], max(map(len, entries))
    columns = _columns(shape)
    for k in range(0, len(entries), columns):
        place = _place(named.axes, shape, k // columns)
        row = [entry.rjust(width) for entry in entries[k : k + columns]]
        fit = max(1, (room - len(place) + 2) // (width + 2))
        for first in range(0, columns, fit):
            yield (" " * len(place) if first else place) + "  ".join(
                row[first : first + fit]
            )


def _columns(shape: Sequence[int]) -> int:
    return shape[-1] if shape else 1


def _place(axes: Sequence[str], shape: Sequence[int], row: int) -> str:
    """Name one of several rows of an array with three axes."""
    if not axes or len(shape) != 3 or shape[0] * shape[1] == 1:
        return ""
    first, second = divmod(row, shape[1])
    return f"{axes[0]}={first} {axes[1]}={second}:  "
