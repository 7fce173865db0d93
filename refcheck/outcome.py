"""What a run found: the records that reporters read, as plain data."""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec


class Status(StrEnum):
    """How a law ended; only HELD counts as a pass."""

    HELD = "held"
    VIOLATED = "violated"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"
    INCONCLUSIVE = "inconclusive"
    NOTED = "noted"
    EXPECTED = "expected"
    STALE = "stale"


DECISIVE = frozenset({"agreement", "gradients"})  # they must have a conclusive case
BROKEN = frozenset({Status.VIOLATED, Status.CRASHED, Status.TIMED_OUT, Status.STALE})


class Finding(msgspec.Struct, frozen=True):
    """The entry in which two sides differ most, against what rounding explains."""

    label: str
    where: str  # "t=3, row 0, unit 1"
    left: float
    right: float
    error: float
    allowed: float
    says: str = ""  # instead of numbers: a wrong shape, an exception's message
    index: tuple[int, ...] = ()
    oracle: str = ""  # what has confirmed the right side; empty if no textbook has one
    parts: Mapping[str, float] = {}  # what the allowance is made of: shares

    @property
    def ratio(self) -> float:
        """The error over what is allowed; infinite where nothing is."""
        return self.error / self.allowed if self.allowed else math.inf


class Limit(msgspec.Struct, frozen=True):
    """The relative error from which on half of the entries would have shown it."""

    relative: float
    units: float  # the same, in units of roundoff of the dtype
    law: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """One law held against one cell."""

    law: str
    family: str
    status: Status
    statement: str = ""
    reason: str = ""
    cases: int = 0
    inconclusive: int = 0
    undecided: Mapping[str, int] = {}  # why, and on how many of the cases
    closest: float = 0.0  # the largest error as a share of its allowance
    finding: Finding | None = None
    case: Mapping[str, Any] | None = None  # the smallest case, a document
    case_id: str = ""
    worst: Finding | None = None
    worst_case: Mapping[str, Any] | None = None  # on which the error was largest
    worst_id: str = ""
    limits: Mapping[str, Limit] = {}  # by dtype
    seconds: float = 0.0


class Match(msgspec.Struct, frozen=True):
    """A known fault or convention that the target behaves as."""

    bug: str  # its id; two of them with + between
    says: str
    agrees_on: int  # cases on which nothing tells it from the target
    of: int
    seen_in: Sequence[str] = ()  # addresses of threads
    setting: str = ""  # what to type, so that the target conforms, if it is meant
    laws: Sequence[str] = ()  # that are violated for this reason


class Diagnosis(msgspec.Struct, frozen=True):
    """What the target was compared with, after a violation, and what came of it."""

    matches: Sequence[Match]
    compared: int  # known faults and conventions
    place: str = ""  # of the first wrong number, if there is no match


class Item(msgspec.Struct, frozen=True):
    """One thing that a probe has found out, and how."""

    name: str
    value: str
    evidence: str = ""


class Probed(msgspec.Struct, frozen=True):
    """What a target is found to be, without being told."""

    target: str
    kind: str  # empty if it agrees with nothing that is known, or with too much
    says: str  # one sentence: what the evidence is, or what is in the way
    items: Sequence[Item] = ()
    conventions: Sequence[str] = ()  # that state it, beside the kind
    build: Sequence[str] = ()  # and how it has to be built: NAME=VALUE
    contradictions: Sequence[str] = ()  # sentences
    by_name: str = ""  # the kind that the names of its parameters say, if any do
    declarable: bool = True  # whether kind and conventions say all that was found
    notes: Sequence[str] = ()
    seconds: float = 0.0

    @property
    def flags(self) -> str:
        """What to type, so that ``check`` takes the target for what was found."""
        words = [f"--like {self.kind}"]
        words += [f"--set {pair}" for pair in self.build]
        words += [f"--convention {name}" for name in self.conventions]
        return " ".join(words)


class Power(msgspec.Struct, frozen=True):
    """Of the known faults on record for such a cell: what a run would have seen."""

    known: int
    missed: Sequence[str] = ()

    @property
    def caught(self) -> int:
        """How many would have been seen."""
        return self.known - len(self.missed)


class Report(msgspec.Struct, frozen=True):
    """A whole run."""

    version: str
    target: str
    kind: str
    seed: int
    profile: str
    outcomes: Sequence[Outcome]
    notes: Sequence[str] = ()
    environment: Mapping[str, str] = {}
    complete: bool = True  # no law left out by time, by --fail-fast or by Ctrl-C
    strict: bool = False
    seconds: float = 0.0
    diagnosis: Diagnosis | None = None
    probed: Probed | None = None  # where nothing was declared
    power: Power | None = None

    @property
    def verdict(self) -> str:
        """conforms, violates or inconclusive."""
        statuses = [o.status for o in self.outcomes]
        if any(s in BROKEN for s in statuses):
            return "violates"
        undecided = any(
            o.status is Status.INCONCLUSIVE and o.family in DECISIVE
            for o in self.outcomes
        )
        if undecided or Status.HELD not in statuses or not self.complete:
            return "inconclusive"
        if self.probed is not None and self.probed.contradictions:
            return "inconclusive"
        return "conforms"

    @property
    def limits(self) -> Mapping[str, Limit]:
        """The smallest limit in each dtype, of laws about what the cell computes."""
        found: dict[str, Limit] = {}
        for outcome in self.outcomes:
            if outcome.status is Status.HELD and outcome.family in DECISIVE | {
                "probes"
            }:
                for dtype, limit in outcome.limits.items():
                    known = found.get(dtype, limit)
                    found[dtype] = min(known, limit, key=lambda one: one.relative)
        return found

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 violates, 4 inconclusive."""
        return {"conforms": 0, "violates": 1, "inconclusive": 4}[self.verdict]
