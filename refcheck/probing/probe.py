"""What is this cell?  Found by experiments, with the evidence for each item.

    refcheck probe TARGET     all that can be found, whatever is declared
    refcheck check TARGET     kind and layout alone, where nothing is declared

Nothing is averaged: where no setting agrees, or two, or another than was declared, that
is said, and ``check`` assumes nothing.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from refcheck.calling import Misshapen, TargetRaised
from refcheck.cell import Capability, Cell, Declared, Kind, Padding, Signature
from refcheck.diagnosis.lineup import LineUp
from refcheck.diagnosis.suspects import suspects
from refcheck.errors import RefcheckError, TargetError
from refcheck.landmarks import generic
from refcheck.outcome import Item, Probed
from refcheck.probing import called, declaring, evidence
from refcheck.probing.elimination import LONGER, PLAIN, Elimination, eliminated
from refcheck.probing.setting import Setting, named
from refcheck.probing.sight import Load, blind, measured, seeing
from refcheck.watch import Watch

FAULT_SECONDS = 2.0  # to look for the fault of a cell that is like nothing known
SEED = 3000
FEW = 3  # cases that it is looked at on


class Found(NamedTuple):
    """A target, how it had to be built, and what is left of all settings."""

    cell: Any
    build: tuple[str, ...]
    settings: Elimination
    dtype: str  # in which they were tried last

    @property
    def setting(self) -> Setting | None:
        """The one that is left, if it is one."""
        left = self.settings.left
        return left[0] if len(left) == 1 else None


def probed(load: Load, declared: Declared, name: str, watch: Watch) -> Probed:
    """Return all that experiments tell of a target.

    Args:
        load: returns the target under a declaration.
        declared: what is said of it: believed where it says how to call it, and
            compared with what is found where it says what it is.
        name: what the user calls it.
        watch: hears of every call.

    Raises:
        RefcheckError: if it is no recurrent cell.
    """
    started = time.monotonic()
    found = _found(load, declared, watch)
    cell, setting = found.cell, found.setting
    padding, ends = called.ended(measured(cell, setting, found.dtype, watch))
    shown = evidence.items(found.settings, setting) if setting else ()
    wide = measured(cell, None, found.dtype, watch)
    dtypes = called.dtypes(wide, setting, cell.signature)
    said: tuple[str, ...] = ()
    if setting is not None:
        like = _adapted(load, declared, setting.kind)
        said = (*declaring.conventions(setting, like), *_padded(like, padding))
    return Probed(
        name,
        setting.kind.value if setting else "",
        evidence.sentence(found.settings),
        (*shown, _axes(found), *ends, dtypes),
        said,
        found.build,
        tuple(_contradictions(found, padding, watch)),
        declarable=setting is None or setting.usual,
        notes=tuple(_fault(found, watch)),
        seconds=time.monotonic() - started,
    )


def understood(cell: Any, watch: Watch) -> tuple[Cell, Probed | None]:
    """Return a cell of which nothing is declared under what is found of it.

    Where that is not one thing, or contradicts what its parameters' names say, or no
    convention can state it, the cell stays of unknown kind.
    """
    known: Signature = cell.signature
    if known.kind is not None or not known.offers(Capability.PARAMETERS):
        return cell, None
    found = _searched(cell, watch, thorough=False)
    setting = found.setting
    against = tuple(_contradictions(found, None, watch))
    said = declaring.conventions(setting, None) if setting else ()
    report = Probed(
        known.name,
        setting.kind.value if setting else "",
        evidence.sentence(found.settings),
        tuple(evidence.items(found.settings, setting)) if setting else (),
        said,
        contradictions=against,
        declarable=setting is None or setting.usual,
    )
    if setting is None or against or not setting.usual:
        return cell, report
    return seeing(blind(cell), setting), report


def _found(load: Load, declared: Declared, watch: Watch) -> Found:
    """Search for settings; where none agrees, with the batch axis first, too."""
    cell = load(declared)
    kind = cell.signature.kind
    if kind is not None and not kind.recurrent:
        message = f"{cell.signature.name} is no recurrent cell, but {kind.value}."
        raise RefcheckError(message)
    found = _searched(cell, watch)
    if found.settings.left or "batch_first" in declared.options:
        return found
    options = {**declared.options, "batch_first": True}
    try:
        turned = load(replace(declared, options=options))
    except RefcheckError:
        return found
    again = _searched(turned, watch)
    return again._replace(build=("batch_first=True",)) if again.settings.left else found


def _searched(cell: Any, watch: Watch, *, thorough: bool = True) -> Found:
    """Search in each dtype, the widest first, until a setting agrees."""
    asked = [
        (dtype, careful)
        for careful in ((True,) if thorough else (False, True))
        for dtype in cell.signature.usual.dtypes
    ]
    for dtype, careful in asked:
        target = measured(cell, None, dtype, watch)
        found = Found(cell, (), eliminated(target, dtype, thorough=careful), dtype)
        if found.settings.left or found.settings.why:
            break
    return found


def _adapted(load: Load, declared: Declared, kind: Kind) -> Signature | None:
    """Return what an adapter makes of the target under a kind; None if nothing."""
    try:
        return load(replace(declared, like=kind, conventions=())).signature
    except TargetError:
        return None


def _padded(known: Signature | None, padding: Padding | None) -> Iterator[str]:
    if padding is not None and (known is None or known.padding is not padding):
        yield f"padding={padding.value}"


def _axes(found: Found) -> Item:
    cell = found.cell
    how = "trial calls went well so"
    if found.setting is not None:
        how = "it agrees so where T = 4 and N = 3"
    if cell.signature.offers(Capability.STEPS):
        return Item("axes", "one step (N, D) a call", how)
    first = bool(found.build) or getattr(cell, "batch_first", False)
    return Item("axes", "(N, T, D)" if first else "(T, N, D)", how)


def _contradictions(
    found: Found, padding: Padding | None, watch: Watch
) -> Iterator[str]:
    known: Signature = found.cell.signature
    case = PLAIN.plain(generic(LONGER, SEED), measured(found.cell, None, found.dtype, watch))
    shapes = {n: a.shape for n, a in case.params.items()} if case else {}
    spec = case.spec if case else None
    yield from evidence.contradictions(found.settings, known, spec, shapes)
    if padding and known.padding and padding is not known.padding:
        yield (
            f"declared, or said by its framework, and found: outputs past the end "
            f"{known.padding.value}, or {padding.value}"
        )


def _fault(found: Found, watch: Watch) -> Iterator[str]:
    """Yield which known fault a cell has that agrees with no setting."""
    nearest = found.settings.nearest
    if found.settings.left or nearest is None:
        return
    usual = replace(named(nearest.setting), sigma="sigmoid", phi="tanh", psi="tanh")
    target = measured(found.cell, usual, found.dtype, watch)
    lineup = LineUp(target, FAULT_SECONDS)
    try:
        lineup.show_plain(("", case) for case in _cases(target))
    except (TargetRaised, Misshapen):
        return
    for like in lineup.likenesses(suspects(target.signature, (), {})):
        suspect = like.suspect
        if like.agreed == like.of:
            yield (
                f"it behaves exactly as {usual.kind.value} with {suspect.id} "
                f"({like.agreed} of {like.of} looks): {suspect.says}"
            )
            return


def _cases(target: Any) -> Iterator[Any]:
    for k in range(FEW):
        case = PLAIN.plain(generic(LONGER, SEED + k), target)
        if case is not None:
            yield case
