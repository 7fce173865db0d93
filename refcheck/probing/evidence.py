"""What was found, in sentences: for each item, and for the whole."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from refcheck.cell import Kind, Signature, Spec
from refcheck.layout import TORCH, TORCH_CELL, Layout, recognised
from refcheck.outcome import Item
from refcheck.probing.elimination import Elimination, Tried
from refcheck.probing.setting import Setting, named, told
from refcheck.probing.stages import STAGES

EXPLAINED = " times what rounding explains"
SHAPED = ("matrices", "biases")  # items that shapes tell, and experiments confirm
AS_IN_TORCH = (TORCH, TORCH_CELL)  # names of parameters that say an order of gates


def items(found: Elimination, setting: Setting) -> Iterator[Item]:
    """Yield what a setting says, each with how far off all others were."""
    unlike = [t for t in found.tried if not t.alike]
    said = [(told(named(t.setting)), t.ratio) for t in unlike]
    for name, value in told(setting).items():
        rest = [ratio for one, ratio in said if one.get(name, value) != value]
        yield Item(name, value, _others(rest, shaped=name in SHAPED))


def _others(ratios: Sequence[float], *, shaped: bool) -> str:
    if not ratios:
        return "by the shapes" if shaped else "nothing else has such shapes"
    nearest = float(np.min(ratios))
    if not np.isfinite(nearest):
        return f"in {len(ratios)} others shapes differ, or it raises"
    off = f"off by {nearest:.0e} or more{EXPLAINED}"
    return (
        f"1 other is {off}" if len(ratios) == 1 else f"{len(ratios)} others are {off}"
    )


def sentence(found: Elimination) -> str:
    """Say how the search ended: one setting, none or several."""
    if found.why:
        return found.why
    count = f"{len({repr(t.setting) for t in found.tried})} settings were tried"
    if len(found.left) == 1:
        agreed = f"exactly one agrees within what rounding explains on {found.cases}"
        return f"{count}; {agreed} of {found.cases} cases"
    if found.left:
        one, other, *_ = found.left
        unlike = _unlike(told(one), told(other), "or")
        return f"{count}, and {len(found.left)} agree on every case: {unlike}"
    near = _nearest(found.nearest) if found.nearest else "none came near"
    return f"{count}, and it agrees with none; {near}"


def _nearest(nearest: Tried) -> str:
    setting = named(nearest.setting)
    said, stage = told(setting), nearest.stage
    gates = f" with gates {said['gates']}" if "gates" in said else ""
    where = STAGES[stage].says if stage < len(STAGES) else "all of it counts"
    off = f"off by {nearest.ratio:.0e}{EXPLAINED}"
    return f"the nearest is {said['kind']}{gates}, {off} at first where {where}"


def contradictions(
    setting: Setting,
    known: Signature,
    spec: Spec,
    shapes: Mapping[str, tuple[int, ...]],
) -> Iterator[str]:
    """Yield where what was found is not what was declared, or what names say."""
    kind, layout = known.kind, known.layout
    if kind is not None and layout is not None and kind.textbook:
        unlike = _unlike(told(Setting(kind, layout)), told(setting), "found")
        if unlike:
            yield f"as declared, or as its class says, {unlike}"
    if kind is None:
        kind, layout = by_name(setting, spec, shapes)
        named = layout and told(Setting(kind, layout))
        unlike = _unlike(named, told(setting), "found") if named else ""
        if unlike:
            yield f"by the names of its parameters, which are PyTorch's, {unlike}"


def by_name(
    setting: Setting, spec: Spec, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Kind, Layout | None]:
    """Return what such a cell is in PyTorch, if its parameters have the names there."""
    kind = {Kind.GRU_RESET_BEFORE: Kind.GRU}.get(setting.kind, setting.kind)
    return kind, recognised(kind, spec, shapes, AS_IN_TORCH)[0]


def _unlike(one: dict[str, str], other: dict[str, str], word: str) -> str:
    """Return the items in which two settings differ, with what either says."""
    every = dict.fromkeys((*one, *other))
    unlike = [n for n in every if one.get(n) != other.get(n)]
    return "; ".join(
        f"{n} {one.get(n, 'none')}, {word} {other.get(n, 'none')}" for n in unlike
    )
