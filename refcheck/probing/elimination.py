"""Settings are tried, and those that the target disagrees with are left behind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from refcheck.calling import TargetRaised
from refcheck.case import Case
from refcheck.cell import Capability, Kind, Reply, Spec
from refcheck.judge import judge
from refcheck.landmarks import BASE, generic
from refcheck.law import equal
from refcheck.probing.forms import Shapes
from refcheck.probing.setting import Setting, named
from refcheck.probing.stages import STAGES, silenced, squashings, starts
from refcheck.rounding import Known, Measured, Reported
from refcheck.strategies import Cases
from refcheck.textbook import Textbook

PLAIN = Cases(lengths=False, layers=False, directions=False, batch_first=None)
FIRST = BASE.but(time=1, batch=3, with_lengths=False)
LONGER = FIRST.but(time=4)  # where no state is taken: f and z show from step 2 on
CONFIRMING = (  # on which whoever is left has to agree
    *(LONGER.but(scale=scale) for scale in (0, 1, 3, 0, 2)),
    LONGER.but(with_state=False),
)
SEED = 1000
NOTHING = Spec(1, 1)


class Tried(NamedTuple):
    """A setting, and how far from it the target was where it was tried last."""

    setting: Setting
    ratio: float  # the error over what rounding explains
    alike: bool  # it goes on
    stage: int


class Compared(NamedTuple):
    """A target beside a setting: the error over what rounding explains."""

    ratio: float
    alike: bool


@dataclass
class Elimination:
    """All that was tried, and who is left."""

    tried: list[Tried] = field(default_factory=list)
    left: list[Setting] = field(default_factory=list)
    cases: int = 0  # on which whoever is left agrees
    why: str = ""  # nothing was tried
    spec: Spec = NOTHING  # of the cell that was tried, and its parameters' shapes
    shapes: Shapes = field(default_factory=dict)

    @property
    def nearest(self) -> Tried | None:
        """Whoever came furthest, and was nearest there."""
        unlike = [tried for tried in self.tried if not tried.alike]
        return min(unlike, key=lambda t: (-t.stage, t.ratio), default=None)


def eliminated(cell: Any, dtype: str, *, thorough: bool = True) -> Elimination:
    """Return who is left of all settings, for a measured cell in one dtype.

    Unless this is ``thorough``, activations are the textbook's.
    """
    measured = cell.fresh()
    measured.signature = replace(cell.signature, dtypes=(dtype,))
    found = Elimination()
    takes = measured.signature.offers(Capability.INITIAL_STATE)
    case = PLAIN.plain(generic(FIRST if takes else LONGER, SEED), measured)
    if case is None or case.spec.depth > 1:
        found.why = "it has several layers or directions; probe a cell that has one"
        return found
    shapes = {name: a.shape for name, a in case.params.items()}
    found.spec, found.shapes = case.spec, shapes
    found.left = list(starts(_states(measured, case), case.spec, shapes))
    if not found.left:
        said = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        found.why = f"the shapes of its parameters fit no known cell: {said or 'none'}"
    for k, stage in enumerate(STAGES):
        branches = [stage.branch(one, case.spec, shapes) for one in found.left]
        every = _once(chain.from_iterable(branches))
        wanted = (s for s in every if thorough or named(s).usual)
        pairs = [(s, silenced(case, s, stage.parts)) for s in wanted]
        _ask(found, measured, pairs, k)
    for k, recipe in enumerate(CONFIRMING):
        other = PLAIN.plain(generic(recipe, SEED + 1 + k), measured)
        if other is not None:
            _ask(found, measured, [(s, other) for s in found.left], len(STAGES) + k)
    found.left = [named(setting) for setting in found.left]
    return found


def tell_activations_apart(found: Elimination, cell: Any) -> None:
    """Try other activations for whoever is left, where only the textbook's were."""
    case = PLAIN.plain(generic(LONGER, SEED), cell)
    (setting,) = found.left
    plain = replace(setting, kind=Kind.RNN_TANH) if setting.kind.gates == 1 else setting
    every = [setting, *(s for s in squashings(plain) if named(s) != setting)]
    _ask(found, cell, [(s, case) for s in every if case], len(STAGES))


def compared(cell: Any, setting: Setting, case: Case) -> Compared:
    """Return how far the target is from a setting on a case."""
    return _compared(cell, setting, case, _reply(cell, case))


def _ask(
    found: Elimination, cell: Any, pairs: Iterable[tuple[Setting, Case]], stage: int
) -> None:
    """Try settings, each on its case, and keep those that the target agrees with."""
    replies: dict[tuple[bytes, ...], Reply | None] = {}
    left = []
    for setting, case in pairs:
        key = tuple(a.tobytes() for a in case.params.values())
        if key not in replies:
            replies[key] = _reply(cell, case)
        ratio, alike = _compared(cell, setting, case, replies[key])
        found.tried.append(Tried(setting, ratio, alike, stage))
        left += [setting] if alike else []
    found.left = left
    found.cases += bool(left)


def _compared(cell: Any, setting: Setting, case: Case, reply: Reply | None) -> Compared:
    """Compare a reply; None, where the target raised, is like nothing.

    Both sides have the allowance of the target: what is right comes from the textbook
    in double precision, which may be off itself.
    """
    if reply is None:
        return Compared(np.inf, alike=False)
    turned = slice(None, None, -1 if setting.layout.cell_first else 1)
    there = case.but(state=case.state and case.state[turned])
    book = Textbook(setting.signature(cell.signature), cell.format_of)
    right, _ = book.forward(there)
    sides = [("outputs", reply.outputs, right.outputs)]
    if cell.signature.offers(Capability.FINAL_STATE):
        sides += zip("hc", reply.state[turned], right.state, strict=False)
    verdicts = [judge(equal(n, _reported(a, b), b)) for n, a, b in sides]
    ratio = max(verdict.ratio for verdict in verdicts)
    return Compared(ratio, not any(verdict.violated for verdict in verdicts))


def _reported(found: Any, right: Measured) -> Reported:
    return Reported(np.asarray(found), lambda: Known(right.allowance, right.doubts))


def _reply(cell: Any, case: Case) -> Reply | None:
    try:
        reply: Reply = cell.call(case, lambda: cell.cell.forward(case))
    except TargetRaised:
        return None
    return reply


def _states(cell: Any, case: Case) -> int:
    """Return how many arrays of state are seen; 0 if none is."""
    seen = Capability.INITIAL_STATE | Capability.FINAL_STATE
    return len(case.grad_state) if cell.signature.capabilities & seen else 0


def _once(settings: Iterable[Setting]) -> Iterator[Setting]:
    seen: set[str] = set()
    for setting in settings:
        key = repr(setting)
        if key not in seen:
            seen.add(key)
            yield setting
