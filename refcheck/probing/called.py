"""What the calls of a target show: rows that end early, empty rows, dtypes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.calling import Misshapen, TargetRaised
from refcheck.case import Case
from refcheck.cell import Capability, Padding, Reply, Signature
from refcheck.judge import judge
from refcheck.landmarks import generic
from refcheck.law import Claim, equal, identical
from refcheck.measured import MeasuredCell
from refcheck.outcome import Item
from refcheck.probing.elimination import LONGER, PLAIN, Compared, compared
from refcheck.probing.setting import Setting
from refcheck.watch import Watch

ENDS = (4, 2, 1)  # lengths of rows, of 4 steps
EMPTY = (4, 0, 1)
SEED = 2000
STANDS = {
    Padding.ZEROS: "zeros",
    Padding.REPEATED: "the last output before the end, repeated",
    Padding.UNTOUCHED: "what would stand there without lengths",
}
PADS = Capability.PADS | Capability.LENGTHS
ROWS = Capability.LENGTHS | Capability.MASKS
NOTHING = Compared(np.inf, alike=False)
Said = tuple[str, str]  # a value, and the evidence


def ended(cell: Any) -> tuple[Padding | None, Iterator[Item]]:
    """Return what stands past the end of a row, and items about rows that end early.

    Args:
        cell: a measured cell, of a kind that may be unknown.
    """
    if not cell.signature.capabilities & ROWS:
        nothing = "it takes neither lengths nor a mask"
        return None, iter([Item("rows that end early", "not offered", nothing)])
    padding, said = _padding(cell)
    items = [Item("outputs past the end", *said), Item("empty rows", *_empty(cell))]
    return padding, iter(items)


def past_the_end(cell: Any, watch: Watch) -> Iterator[str]:
    """Yield what stands past the end of a row, where that is declared by nobody.

    It is told and decides nothing: what nobody reads may be anything.
    """
    promised: Signature = cell.signature
    if promised.offers(Capability.PADDING_CONTRACT) or not promised.offers(PADS):
        return
    padding, _ = _padding(MeasuredCell(cell, watch))
    custom = "follow no known custom"
    if padding is not None:
        held = f"--convention padding={padding.value} holds the target to that"
        custom = f"are {STANDS[padding]}; {held}"
    yield f"nothing is declared of outputs past the end of a row: they {custom}"


def dtypes(cell: Any, setting: Setting | None, offered: Signature) -> Item:
    """Return in which dtypes the target agrees with a setting."""
    if setting is None:
        said = "as calls went well; nothing says how precise they are"
        return Item("dtypes", ", ".join(offered.dtypes), said)
    right, told = [], []
    for dtype in offered.dtypes:
        single = cell.fresh()
        single.signature = replace(cell.signature, dtypes=(dtype,))
        case = PLAIN.plain(generic(LONGER, SEED), single)
        found = compared(single, setting, case) if case else NOTHING
        right += [dtype] if found.alike else []
        how = "agrees, at" if found.alike else "is taken, and off by"
        told.append(f"{dtype} {how} {found.ratio:.2g} of what rounding explains")
    return Item("dtypes", ", ".join(right) or "none", "; ".join(told))


def _padding(cell: Any) -> tuple[Padding | None, Said]:
    try:
        case = _rows(cell, ENDS)
        found, whole = cell.forward(case), cell.forward(case.but(lengths=None))
    except (TargetRaised, Misshapen) as error:
        return None, ("rows of different lengths are refused", str(error))
    shows = {
        Padding.ZEROS: all(_holds(c) for c in _zeros(case, found)),
        Padding.REPEATED: all(_holds(c) for c in _repeated(case, found)),
        Padding.UNTOUCHED: all(_holds(c) for c in _untouched(case, found, whole)),
    }
    alike = [padding for padding, holds in shows.items() if holds]
    if len(alike) != 1:
        said = f"none of: {'; '.join(STANDS.values())}"
        return None, ("something else", f"lengths {_listed(case)} of 4: {said}")
    evidence = f"lengths {_listed(case)} of 4 steps, the other two told apart"
    return alike[0], (STANDS[alike[0]], evidence)


def _zeros(case: Case, found: Reply) -> Iterator[Claim]:
    for n, end in enumerate(_ends(case)):
        past = found.outputs[end:, n]
        yield identical("past", past, np.zeros_like(past.value))


def _repeated(case: Case, found: Reply) -> Iterator[Claim]:
    for n, end in enumerate(_ends(case)):
        last = found.outputs[end - 1 : end, n].value
        past = found.outputs[end:, n]
        yield identical("past", past, np.repeat(last, len(past.value), axis=0))


def _untouched(case: Case, found: Reply, whole: Reply) -> Iterator[Claim]:
    for n, end in enumerate(_ends(case)):
        yield equal("past", found.outputs[end:, n], whole.outputs[end:, n])


def _empty(cell: Any) -> Said:
    """Return the rule for rows of length 0."""
    evidence = f"lengths {', '.join(map(str, EMPTY))} of 4 steps"
    try:
        case = _rows(cell, EMPTY)
        found, whole = cell.forward(case), cell.forward(case.but(lengths=None))
    except (TargetRaised, Misshapen) as error:
        return "refused", f"{evidence}: {error}"
    if not found.state or case.state is None:
        return "unknown", "no state goes in and comes out"
    rules = {
        "keep the initial state": case.state,
        "end with a state of zeros": tuple(0 * s for s in case.state),
        "end where the padding ends": tuple(s.value for s in whole.state),
    }
    row = EMPTY.index(0)
    for rule, states in rules.items():
        pairs = zip(found.state, states, strict=True)
        if all(_holds(identical("s", a[:, row], b[:, row])) for a, b in pairs):
            return rule, evidence
    return "something else", f"{evidence}: none of {'; '.join(rules)}"


def _rows(cell: Any, ends: tuple[int, ...]) -> Case:
    recipe = generic(LONGER.but(batch=len(ends)), SEED)
    case: Case | None = PLAIN.plain(recipe, cell)
    if case is None:
        message = "it cannot be built with usual sizes"
        raise Misshapen(message)
    return case.but(lengths=np.array(ends))


def _ends(case: Case) -> Sequence[int]:
    return [] if case.lengths is None else list(case.lengths)


def _holds(claim: Claim) -> bool:
    return not judge(claim).violated


def _listed(case: Case) -> str:
    return ", ".join(map(str, _ends(case)))
