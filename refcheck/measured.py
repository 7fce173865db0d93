"""A cell whose results carry their allowances, and the textbook beside it.

This is what a law is given.  Every call of the target goes through here: it is watched,
shapes are checked before values, and what comes back is Measured.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from refcheck import oracle, provisional
from refcheck.calling import (
    Misshapen,
    TargetRaised,
    require_count,
    require_shape,
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
from refcheck.rounding import FORMATS, Format, Known, Measured, Reported, declared
from refcheck.scan import format_of
from refcheck.sensitivity import assumed_error
from refcheck.textbook import Textbook
from refcheck.trained import Trained
from refcheck.watch import Unwatched, Watch

WATCHED = {
    "forward_watching": Capability.WATCHING,
    "backward_watching": Capability.WATCHING_BACKWARD,
}
KEPT = 512  # results that laws may share, before the oldest are dropped
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
        self._kept: dict[Any, tuple[Case, Any]] = {}
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

    def _once(
        self, what: str, case: Case, run: Callable[[], Any], read: Sequence[str] = ()
    ) -> Any:
        """Return the result for this case, or for one with equal numbers in ``read``.

        The target is asked anew for each case; what follows from numbers alone, for any
        number of laws, is computed once.
        """
        key = (what, _numbers(case, read) if read else id(case))
        kept = self._kept.pop(key, None) or (case, run())
        while len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]  # used the longest ago
        self._kept[key] = kept
        return kept[1]

    def _replied(self, case: Case, reply: Reply) -> Reply:
        require_shape("outputs", reply.outputs, case.grad_outputs.shape)
        if self.signature.offers(Capability.FINAL_STATE):
            require_count("states", reply.state, len(case.grad_state))
        for k, (s, g) in enumerate(zip(reply.state, case.grad_state, strict=False)):
            require_shape(f"state {k}", s, g.shape)
        errors = partial(self.budget, case)
        if not self.derived:
            errors = self._assumed(case, reply, self.cell.forward)
        outputs = Reported(reply.outputs, lambda: _bound(errors().outputs))
        return Reply(outputs, _states(reply.state, errors))

    def _pulled(self, case: Case, found: Gradients) -> Gradients:
        require_shape("gradient of inputs", found.inputs, case.inputs.shape)
        for name, array in case.params.items():
            require_shape(f"gradient of {name}", found.params[name], array.shape)
        errors = partial(self.gradient_budget, case)
        if not self.derived:
            errors = self._assumed(case, found, self.cell.backward)

        def of(name: str) -> Known:
            return _bound(errors().params[name])

        params = {n: Reported(a, partial(of, n)) for n, a in found.params.items()}
        inputs = Reported(found.inputs, lambda: _bound(errors().inputs))
        return Gradients(params, inputs, _states(found.state, errors))

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


def _numbers(case: Case, fields: Sequence[str]) -> Any:
    """Return what the textbook makes of these fields depends on, as a key.

    What an array was carried with is told by its id: the case that is kept keeps it.
    """
    parts = [case.lengths, *case.params.values()]
    for name in fields:
        value = getattr(case, name)
        parts += value if isinstance(value, tuple) else [value]
    known = (None if a is None else (a.shape, a.dtype.str, a.tobytes()) for a in parts)
    return case.spec, *known, *(id(case.carried.get(name)) for name in fields)


def _states(state: Any, errors: Callable[[], Any]) -> tuple[Measured, ...]:
    def of(k: int) -> Known:
        return _bound(errors().state[k])

    return tuple(Reported(s, partial(of, k)) for k, s in enumerate(state))


def _bound(error: Any) -> Known:
    """Return an allowance: of the textbook's array, or as it was assumed."""
    if not isinstance(error, Measured):
        return Known(error)
    return Known(error.allowance, error.doubts)
