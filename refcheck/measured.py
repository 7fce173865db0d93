"""A cell whose results carry their allowances, and the textbook beside it.

This is what a law is given.  Every call of the target goes through here: it is watched,
shapes are checked before values, and what comes back is Measured.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from refcheck import answered, oracle, provisional
from refcheck.calling import (
    Misshapen,
    TargetRaised,
    watched,
)
from refcheck.case import Case
from refcheck.cell import (
    Array,
    Capability,
    Cell,
    Gradients,
    Params,
    Reply,
    Signature,
    Watched,
)
from refcheck.kept import Kept
from refcheck.rounding import FORMATS, Format, declared
from refcheck.scan import format_of
from refcheck.sensitivity import assumed_error
from refcheck.textbook import Textbook
from refcheck.trained import Trained
from refcheck.watch import Unwatched, Watch

WATCHED = {
    "forward_watching": Capability.WATCHING,
    "backward_watching": Capability.WATCHING_BACKWARD,
}
READ, PULLED = ("inputs", "state"), ("grad_outputs", "grad_state")


class MeasuredCell:
    """The target as laws see it."""

    factor = 1.0  # how many times as wide as derived allowances are taken
    arithmetic: Sequence[str] = ()  # what the user declared of single precision

    def __init__(self, cell: Cell, watch: Watch | None = None) -> None:
        """Measure ``cell``; every call of it is announced to ``watch``."""
        self.cell = cell
        self.signature: Signature = _seen(cell).usual
        self.watch = watch or Unwatched()
        self.law = ""  # on whose behalf the target is called
        self.asked: Case | None = None  # the case that the law was asked on
        self._once = Kept().once
        self._scanned: MeasuredCell | None = None

    @property
    def derived(self) -> bool:
        """Whether allowances follow from the textbook; otherwise they are assumed."""
        return self.signature.kind is not None and self.signature.layout is not None

    @property
    def book(self) -> Textbook:
        """The textbook for cells of this kind and layout.

        Raises:
            TypeError: if they are unknown; a law about it must require LAYOUT.
        """
        return Textbook(self.signature, self.format_of)

    def format_of(self, dtype: str) -> Format:
        """Return the format: with the widest budget of activations, unless scanned."""
        return declared(FORMATS[dtype], self.arithmetic)

    def scanned(self) -> "MeasuredCell":
        """Return the target with the budget that a scan of its activations shows.

        For laws that compare with the textbook itself.  Where a law puts 0 in the
        place of σ(-50), the widest budget is what that costs.
        """
        if self._scanned is None:
            self._scanned = _Scanned(self.cell, self.watch)
        other = self._scanned
        other.law, other.asked, other.signature = self.law, self.asked, self.signature
        other.arithmetic = self.arithmetic
        return other

    # the target -----------------------------------------------------------------

    def forward(self, case: Case) -> Reply:
        """Return outputs and final state, the target's first answer to this case."""
        return self._once("forward", case, lambda: self.again(case))

    def backward(self, case: Case) -> Gradients:
        """Return the gradients, the target's first answer to this case."""
        return self._once("backward", case, lambda: self.backward_again(case))

    def again(self, case: Case) -> Reply:
        """Call the target, whether or not it has seen this case."""
        return self._replied(case, self.call(case, lambda: self.cell.forward(case)))

    def backward_again(self, case: Case) -> Gradients:
        """Call the target for gradients, whether or not it has seen this case."""
        return self._pulled(case, self.call(case, lambda: self.cell.backward(case)))

    def fresh(self) -> "MeasuredCell":
        """Return the same target with no live object carried over."""
        other = MeasuredCell(self.cell.fresh(), self.watch)
        other.law, other.arithmetic = self.law, self.arithmetic
        return other

    def call(self, case: Case, run: Callable[[], Any]) -> Any:
        """Call the target in any other way, under the watch.

        Raises:
            TargetRaised: if it raises.
            Lost: if its process is lost.
        """
        return watched(self.watch, self.law, self.asked or case, run)

    def watching(self, case: Case) -> Watched:
        """Call the target and keep its arguments and raw results; nothing measured."""
        return self._extra(case, lambda cell: cell.forward_watching(case))

    def watching_backward(self, case: Case) -> Mapping[str, Array]:
        """Call the target for gradients and return the arguments as it left them."""
        return self._extra(case, lambda cell: cell.backward_watching(case))

    def with_gradients(self, case: Case) -> Reply:
        """Return outputs and final state of a call that records gradients."""
        return self._replied(case, self._extra(case, lambda c: c.with_gradients(case)))

    def training(self, seed: int | None = None) -> "MeasuredCell":
        """Return the target in training mode as a cell.

        What it drops follows from the seed, so that equal calls give equal results,
        and it is of unknown kind.  Without a seed it drops nothing.
        """
        other = MeasuredCell(Trained(self.cell, self.signature, seed), self.watch)
        other.law, other.asked = self.law, self.asked
        return other

    def chain_backward(self, early: Case, late: Case) -> Gradients:
        """Return the gradients of ``late`` alone, run from the detached early state."""
        found = self._extra(late, lambda cell: cell.chain_backward(early, late))
        return self._pulled(late, found)

    def accumulated(self, case: Case, times: int) -> Gradients:
        """Return what ``times`` backward passes have left behind, added up."""
        found = self._extra(case, lambda cell: cell.accumulated(case, times))
        return self._pulled(case, found)

    def pulled_again(self, case: Case, other: Case) -> Gradients:
        """Return the gradients of a call that those of ``other`` were pulled from."""
        found = self._extra(case, lambda cell: cell.pulled_again(case, other))
        return self._pulled(case, found)

    def copied(self, case: Case, way: str) -> Reply:
        """Return what a copy of the target returns, which was made in this way."""
        return self._replied(case, self._extra(case, lambda c: c.copied(case, way)))

    def _extra(self, case: Case, run: Callable[[Any], Any]) -> Any:
        return self.call(case, lambda: run(self.cell))

    # the textbook ---------------------------------------------------------------

    def canonical(self, case: Case) -> list[Params]:
        """Return the case's parameters as the textbook's, layer by layer."""
        return self.book.params(case.spec, case.params)

    def canonical_gradients(self, case: Case, found: Gradients) -> list[Params]:
        """Return gradients of the parameters as the textbook's, layer by layer."""
        return self.book.gradients(case.spec, found.params)

    def planted(self, case: Case, params: Sequence[Params]) -> Case:
        """Return the case with the textbook's parameters ``params`` in place."""
        own = self.book.own(case.spec, params)
        return case.but(params={n: own[n].astype(case.spec.dtype) for n in own})

    def textbook(self, case: Case) -> Reply:
        """Return the textbook's outputs and final state, until the oracle is asked."""
        found = self.budget(case)
        ask = partial(oracle.forward, self.book, case, found)
        return provisional.reply(found, case, partial(self._once, "oracle", case, ask))

    def textbook_gradients(self, case: Case) -> Gradients:
        """Return the textbook's gradients, in the target's names, likewise."""
        found = self.gradient_budget(case)
        ask = partial(oracle.backward, self.book, case, found)
        once = partial(self._once, "oracle's gradients", case, ask)
        return provisional.gradients(found, case, once)

    def budget(self, case: Case) -> Reply:
        """Return the same with what any right implementation may be off by.

        What the case carries from elsewhere is in it; in the textbook it is not.
        """
        return self._unrolled(case)[0]

    def gradient_budget(self, case: Case) -> Gradients:
        """Return the gradients with what any right implementation may be off by."""

        def pulled() -> Gradients:
            return self.book.backward(case, self._unrolled(case)[1])

        return self._once("textbook", case, pulled, (*READ, *PULLED))

    # how ------------------------------------------------------------------------

    def _unrolled(self, case: Case) -> tuple[Reply, Any]:
        """Run the textbook forward."""
        return self._once("unrolled", case, partial(self.book.forward, case), READ)

    def _replied(self, case: Case, found: Reply) -> Reply:
        errors = partial(self.budget, case)
        if not self.derived:
            errors = self._assumed(case, found, self.cell.forward)
        return answered.reply(self.signature, case, found, errors)

    def _pulled(self, case: Case, found: Gradients) -> Gradients:
        errors = partial(self.gradient_budget, case)
        if not self.derived:
            errors = self._assumed(case, found, self.cell.backward)
        return answered.gradients(case, found, errors)

    def _assumed(self, case: Case, found: Any, run: Any) -> Any:
        def call(moved: Case) -> Any:
            return self.call(moved, partial(run, moved))

        def errors() -> Any:
            return assumed_error(case, found, call)

        return partial(self._once, f"assumed {run.__name__}", case, errors)


class _Scanned(MeasuredCell):
    """A cell with a budget of its own for each dtype."""

    def __init__(self, cell: Cell, watch: Watch) -> None:
        super().__init__(cell, watch)
        self._formats: dict[str, Format] = {}

    def format_of(self, dtype: str) -> Format:
        if dtype not in self._formats:
            form = FORMATS[dtype]  # unless the scan shows better
            with contextlib.suppress(TargetRaised, Misshapen):
                form = format_of(self.fresh(), dtype)
            self._formats[dtype] = declared(form, self.arithmetic)
        return self._formats[dtype]


def _seen(cell: Cell) -> Signature:
    """Return the signature, and whether the target can be watched at its calls."""
    target = getattr(cell, "cell", cell)  # behind declared conventions
    offered = cell.signature.capabilities
    for method, capability in WATCHED.items():
        if hasattr(target, method):
            offered |= capability
    return replace(cell.signature, capabilities=offered)
