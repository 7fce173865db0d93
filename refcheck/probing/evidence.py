"""What was found, in sentences: for each item, and for the whole."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from refcheck.cell import Kind, Signature, Spec
from refcheck.layout import TORCH, TORCH_CELL, recognised
from refcheck.outcome import Item
from refcheck.probing.elimination import Elimination, Tried
from refcheck.probing.setting import Setting, named, told
from refcheck.probing.stages import STAGES

SHAPED = ("matrices", "biases")  # items that shapes tell, and experiments confirm
NAMES = {"PyTorch's": (TORCH, TORCH_CELL)}  # whose names of parameters say an order


def items(found: Elimination, setting: Setting) -> Iterator[Item]:
    """Yield what a setting says, each with how far off all others were."""
    said = [(told(named(t.setting)), t.ratio) for t in found.tried]
    for name, value in told(setting).items():
        rest = [ratio for one, ratio in said if one.get(name, value) != value]
        yield Item(name, value, _others(rest, shaped=name in SHAPED))


def _others(ratios: Sequence[float], *, shaped: bool) -> str:
    if not ratios:
        return "by the shapes" if shaped else "nothing else was tried"
    count = f"{len(ratios)} other setting{'s' * (len(ratios) > 1)}"
    nearest = float(np.min(ratios))
    if not np.isfinite(nearest):
        return f"{count} give other shapes, or raise"
    return f"{count} off by {nearest:.0e} times what rounding explains, or more"


def sentence(found: Elimination) -> str:
    """Say how the search ended: one setting, none or several."""
    if found.why:
        return found.why
    of_stages = [t for t in found.tried if t.stage < len(STAGES)]
    count = f"{len(of_stages)} settings were tried"
    if len(found.left) == 1:
        agreed = f"exactly one agrees within what rounding explains on {found.cases}"
        return f"{count}; {agreed} of {found.cases} cases"
    if found.left:
        one, other, *_ = found.left
        unlike = _unlike(told(one), told(other))
        return f"{count}, and {len(found.left)} agree on every case: {unlike}"
    return f"{count}, and it agrees with none; {_nearest(found.nearest)}"


def _nearest(nearest: Tried | None) -> str:
    if nearest is None:
        return "none came near"
    setting = named(nearest.setting)
    words = ", ".join(f"{name} {value}" for name, value in told(setting).items())
    stage = nearest.stage
    where = STAGES[stage].says if stage < len(STAGES) else "all of it counts"
    off = f"off by {nearest.ratio:.0e} times what rounding explains"
    return f"the nearest is {words}, {off} at first where {where}"


def contradictions(
    found: Elimination,
    known: Signature,
    spec: Spec | None,
    shapes: Mapping[str, tuple[int, ...]],
) -> Iterator[str]:
    """Yield where what was found is not what was declared, or what names say."""
    if len(found.left) > 1:
        yield sentence(found)
    if len(found.left) != 1:
        return
    (setting,) = found.left
    kind, layout = known.kind, known.layout
    if kind is not None and layout is not None and kind.textbook:
        unlike = _unlike(told(Setting(kind, layout)), told(setting))
        if unlike:
            yield f"declared, or said by its class, and found: {unlike}"
        return
    if kind is None and spec is not None:
        yield from _by_name(setting, spec, shapes)


def _by_name(
    setting: Setting, spec: Spec, shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[str]:
    """Yield what the names of parameters say that is not so."""
    usual = {Kind.GRU_RESET_BEFORE: Kind.GRU}.get(setting.kind, setting.kind)
    for whose, layouts in NAMES.items():
        layout, _ = recognised(usual, spec, shapes, layouts)
        if layout is None:
            continue
        unlike = _unlike(told(Setting(usual, layout)), told(setting))
        if unlike:
            yield f"its parameters have {whose} names, which say otherwise: {unlike}"


def _unlike(one: dict[str, str], other: dict[str, str]) -> str:
    """Return the items in which two settings differ: what the first says, and other."""
    every = dict.fromkeys((*one, *other))
    unlike = [n for n in every if one.get(n, "") != other.get(n, "")]
    return "; ".join(
        f"{n} {one.get(n, 'none')}, or {other.get(n, 'none')}" for n in unlike
    )
