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
from refcheck.cell import Capability, Cell, Declared, Kind, Padding, Signature, Spec
from refcheck.diagnosis.lineup import LineUp
from refcheck.diagnosis.suspects import suspects
from refcheck.errors import RefcheckError, TargetError
from refcheck.landmarks import generic
from refcheck.outcome import Item, Probed
from refcheck.probing import called, declaring, evidence
from refcheck.probing.elimination import (
    LONGER,
    PLAIN,
    Elimination,
    eliminated,
    tell_activations_apart,
)
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


def undeclared(cell: Any) -> bool:
    """Whether nobody says what a cell is, while its parameters can be set."""
    known: Signature = cell.signature
    return known.kind is None and known.offers(Capability.PARAMETERS)


def understood(cell: Any, watch: Watch) -> tuple[Cell, Probed | None]:
    """Return a cell of which nothing is declared under what is found of it.

    Where that is not one thing, or contradicts what its parameters' names say, or no
    convention can state it, the cell stays of unknown kind.
    """
    known: Signature = cell.signature
    if not undeclared(cell):
        return cell, None
    found = _searched(cell, watch, thorough=False)
    setting = found.setting
    report = Probed(
        known.name,
        setting.kind.value if setting else "",
        evidence.sentence(found.settings),
        tuple(evidence.items(found.settings, setting)) if setting else (),
        _by_name(found, setting, watch) if setting else (),
        contradictions=tuple(_contradictions(found, None, watch)),
    )
    if setting is None or report.contradictions:
        return cell, report
    return seeing(blind(cell), setting), report


def _by_name(found: Found, setting: Setting, watch: Watch) -> tuple[str, ...]:
    """Return the conventions that state a setting, where names may tell a part."""
    known, spec, shapes = _shapes(found, watch)
    kind, layout = evidence.by_name(setting, spec, shapes)
    like = replace(known, kind=kind, layout=layout) if kind is setting.kind else None
    return declaring.conventions(setting, like)


def _shapes(found: Found, watch: Watch) -> tuple[Signature, Spec, Any]:
    """Return what is known of a target, sizes, and the shapes of its parameters."""
    target = measured(found.cell, None, found.dtype, watch)
    case = PLAIN.plain(generic(LONGER, SEED), target)
    if case is None:
        message = f"{target.signature.name} cannot be built with usual sizes."
        raise TargetError(message)
    shapes = {name: array.shape for name, array in case.params.items()}
    return found.cell.signature, case.spec, shapes


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
    """Search in each dtype, the widest first, until a setting agrees.

    The textbook's activations come first: where one setting with them agrees, others
    are tried in its place alone.  If nothing agrees, the widest dtype tells most.
    """
    tries: list[Found] = []
    for careful in (False, True) if thorough else (False,):
        for dtype in cell.signature.usual.dtypes:
            target = measured(cell, None, dtype, watch)
            result = eliminated(target, dtype, thorough=careful)
            found = Found(cell, (), result, dtype)
            if result.left or result.why:
                if found.setting and thorough and not careful:
                    tell_activations_apart(result, target)
                return found
            tries.append(found)
    wide = [one for one in tries if one.dtype == tries[0].dtype]
    return wide[-1]


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
    if found.setting is not None:
        _, spec, shapes = _shapes(found, watch)
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
