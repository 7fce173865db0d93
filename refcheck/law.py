"""Laws: equations about recurrent cells, stated as claims and judged elsewhere.

A law is a function from a cell and a case to claims.  It never compares, draws or
asserts: ``judge.py`` decides a claim, ``strategies.py`` draws the case, and
``runner.py`` brings the three together.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Any, NamedTuple, Protocol

from refcheck.cell import Capability, Kind, Signature


class Relation(Enum):
    """What a claim says of its two sides."""

    EQUAL = "="
    IDENTICAL = "≡"
    AT_MOST = "≤"
    DIFFERS = "≠"
    REFUSES = "refuses"


class Claim(NamedTuple):
    """One relation between two sides, to be judged."""

    relation: Relation
    label: str
    left: Any
    right: Any = None
    factor: float = 1.0  # by which the user widens what rounding explains


def equal(label: str, left: Any, right: Any) -> Claim:
    """Both sides agree, up to the allowances that they carry."""
    return Claim(Relation.EQUAL, label, left, right)


def identical(label: str, left: Any, right: Any) -> Claim:
    """Same shape, dtype and values, +0 and −0 alike, NaN where NaN."""
    return Claim(Relation.IDENTICAL, label, left, right)


def at_most(label: str, left: Any, right: Any) -> Claim:
    """No entry on the left exceeds the right, up to the allowances of both."""
    return Claim(Relation.AT_MOST, label, left, right)


def differs(label: str, left: Any, right: Any) -> Claim:
    """On at least one of the planted cases the sides differ beyond their allowances."""
    return Claim(Relation.DIFFERS, label, left, right)


def refuses(label: str, call: Callable[[], Any]) -> Claim:
    """The call ends in an exception, not in a result."""
    return Claim(Relation.REFUSES, label, call)


class Check(Protocol):
    """The body of a law: ``def law(cell: Subject, case: Case) -> Iterator[Claim]``."""

    __name__: str
    __doc__: str | None

    def __call__(self, cell: Any, case: Any) -> Iterator[Claim]:
        """Yield the claims that the law makes about ``cell`` on ``case``."""


class Cases(Protocol):
    """The cases that a law is asked on; see ``strategies.py`` and ``search.py``.

    A recipe is whatever these cases are made from; only they look inside.
    """

    @property
    def planted(self) -> bool:
        """Whether the law is existential: asked on a handful of cases, as a whole."""

    @property
    def most(self) -> int:
        """How many cases the default profile may take."""

    @property
    def thorough(self) -> bool:
        """Whether more landmarks are asked than of most laws."""

    def applies_to(self, signature: Signature) -> str:
        """Return why no such case exists for this cell, or an empty string."""

    def landmarks(self, signature: Signature, seed: int) -> Iterator[Any]:
        """Yield the recipes to begin with, most telling first."""

    def varied(self, recipe: Any, signature: Signature, dice: Random) -> Any:
        """Return one of these with other options, as the dice say."""

    def easier(self, recipe: Any, signature: Signature) -> Iterator[Any]:
        """Yield the recipe, and what to ask instead where it says nothing."""

    def handful(self, signature: Signature) -> Iterator[Any]:
        """Yield the recipes of an existential law."""

    def recipes(self, signature: Signature, met: Any) -> Any:
        """Return a strategy of recipes, after those that the law has ``met``."""

    def plain(self, recipe: Any, cell: Any) -> Any:
        """Return the case of a recipe, None if there is none."""

    def finished(self, case: Any, numbers: Any, cell: Any) -> Any:
        """Return the case with what the law draws beside it and makes of it."""


@dataclass(frozen=True)
class Law:
    """A statement that holds of every right cell of some kinds."""

    name: str
    statement: str
    check: Check
    cases: Cases
    requires: Capability
    kinds: frozenset[Kind | None] | None  # None: all cells, unknown kinds too
    strict: bool
    catches: tuple[str, ...]

    @property
    def family(self) -> str:
        """The idea it belongs to: the module that states it."""
        return self.check.__module__.rpartition(".")[2].replace("_", " ")

    @property
    def rationale(self) -> str:
        """Why it must hold, with its source."""
        return self.check.__doc__ or ""

    def excuse(self, signature: Signature) -> str:
        """Return why the law cannot be asked of such a cell, or an empty string."""
        if self.name in signature.by_adapter:
            return f"by the adapter: {signature.by_adapter[self.name]}"
        kind = signature.kind
        spoken_of = (
            kind is None or kind.recurrent if self.kinds is None else kind in self.kinds
        )
        if not spoken_of:
            return f"says nothing about the kind {kind.value if kind else 'unknown'}"
        missing = [c for c in self.requires if c not in signature.capabilities]
        if missing:
            names = ", ".join(str(c.name).lower().replace("_", " ") for c in missing)
            return f"the target does not offer: {names}"
        return self.cases.applies_to(signature)


def law(
    statement: str,
    *,
    cases: Cases,
    requires: Capability = Capability.FORWARD,
    kinds: Iterable[Kind | None] | None = None,
    strict: bool = False,
    catches: tuple[str, ...] = (),
) -> Callable[[Check], Law]:
    """Turn a function into the law that its name says (underscores become dashes)."""

    def stated(check: Check) -> Law:
        return Law(
            name=check.__name__.replace("_", "-"),
            statement=statement,
            check=check,
            cases=cases,
            requires=requires,
            kinds=None if kinds is None else frozenset(kinds),
            strict=strict,
            catches=catches,
        )

    return stated
