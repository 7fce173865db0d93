"""What is this cell?  All that experiments tell, with the evidence for each item.

Nothing is averaged: where no setting agrees, or two, or another than was declared, that
is said.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from refcheck.cell import Capability, Declared, Kind, Padding, Signature
from refcheck.diagnosis.lineup import LineUp
from refcheck.diagnosis.suspects import suspects
from refcheck.errors import RefcheckError, TargetError
from refcheck.landmarks import generic
from refcheck.outcome import Item, Probed
from refcheck.probing import called, declaring, evidence
from refcheck.probing.elimination import LONGER, PLAIN
from refcheck.probing.found import Found, searched
from refcheck.probing.setting import named
from refcheck.probing.sight import Load, measured
from refcheck.watch import Watch

FAULT_SECONDS = 2.0  # to look for the fault of a cell that is like nothing known
SEED = 3000
FEW = 3  # cases that it is looked at on


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
        tuple(_contradictions(found, padding)),
        declarable=setting is None or setting.usual,
        notes=tuple(_fault(found, watch)),
        seconds=time.monotonic() - started,
    )


def _found(load: Load, declared: Declared, watch: Watch) -> Found:
    """Search for settings; where none agrees, with the batch axis first, too."""
    cell = load(declared)
    kind = cell.signature.kind
    if kind is not None and not kind.recurrent:
        message = f"{cell.signature.name} is no recurrent cell, but {kind.value}."
        raise RefcheckError(message)
    found = searched(cell, watch)
    if found.settings.left or "batch_first" in declared.options:
        return found
    options = {**declared.options, "batch_first": True}
    try:
        turned = load(replace(declared, options=options))
    except RefcheckError:
        return found
    again = searched(turned, watch)
    return again._replace(build=("batch_first=True",)) if again.settings.left else found


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


def _contradictions(found: Found, padding: Padding | None) -> Iterator[str]:
    known: Signature = found.cell.signature
    spec, shapes = found.settings.spec, found.settings.shapes
    if found.setting is not None:
        yield from evidence.contradictions(found.setting, known, spec, shapes)
    if padding and known.padding and padding is not known.padding:
        yield (
            f"as declared, or as its framework says, outputs past the end of a row are "
            f"{known.padding.value}, found {padding.value}"
        )


def _fault(found: Found, watch: Watch) -> Iterator[str]:
    """Yield which known fault a cell has that agrees with no setting."""
    nearest = found.settings.nearest
    if found.settings.left or nearest is None:
        return
    usual = replace(named(nearest.setting), sigma="sigmoid", phi="tanh", psi="tanh")
    target = measured(found.cell, usual, found.dtype, watch)
    lineup = LineUp(target, FAULT_SECONDS)
    lineup.show_plain(("", case) for case in _cases(target))
    for like in lineup.likenesses(suspects(target.signature, (), {}))[:1]:
        suspect = like.suspect
        yield (
            f"it behaves exactly as {usual.kind.value} with {suspect.id} "
            f"({like.agreed} of {like.of} looks): {suspect.says}"
        )


def _cases(target: Any) -> Iterator[Any]:
    recipes = (generic(LONGER, SEED + k) for k in range(FEW))
    cases = (PLAIN.plain(recipe, target) for recipe in recipes)
    yield from (case for case in cases if case is not None)
