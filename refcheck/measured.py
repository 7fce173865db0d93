"""A cell whose results carry their allowances, and the textbook beside it.

This is what a law is given.  Every call of the target goes through here: the watch
hears of it, its exceptions are told from refcheck's own, shapes are checked before
values, and what comes back is Measured.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from refcheck import oracle, provisional
from refcheck.case import Case
from refcheck.cell import (
    Capability,
    Cell,
    Gradients,
    Params,
    Reply,
    Shapes,
    Signature,
    Spec,
    Watched,
)
from refcheck.errors import Lost
from refcheck.rounding import FORMATS, Format, Known, Measured, Reported, declared
from refcheck.scan import format_of
from refcheck.sensitivity import assumed_error
from refcheck.textbook import Textbook
from refcheck.watch import Unwatched, Watch

KEPT = 512  # results that laws may share, before the oldest are dropped


class TargetRaised(Exception):  # noqa: N818 - what the target did, not our error
    """The target raised an exception; it stands in ``__cause__``."""


class Misshapen(Exception):  # noqa: N818 - what the target did, not our error
    """The target returned an array of the wrong shape."""


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
        self._kept: dict[tuple[Any, ...], tuple[Case, Any]] = {}
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
        self.watch.before(self.law, self.asked or case)
        try:
            with np.errstate(all="ignore"):
                return run()
        except Lost:
            raise  # no answer to anything, not a refusal either
        except (Exception, SystemExit) as error:
            message = f"{type(error).__name__}: {error}"
            raise TargetRaised(message) from error
        finally:
            self.watch.after()

    def watching(self, case: Case) -> Watched:
        """Call the target and keep its arguments and raw results; nothing measured."""
        return self._extra(case, lambda cell: cell.forward_watching(case))

    def with_gradients(self, case: Case) -> Reply:
        """Return outputs and final state of a call that records gradients."""
        return self._replied(case, self._extra(case, lambda c: c.with_gradients(case)))

    def training(self, seed: int | None = None) -> "MeasuredCell":
        """Return the target in training mode as a cell.

        What it drops follows from the seed, so that equal calls give equal results,
        and it is of unknown kind.  Without a seed it drops nothing.
        """
        other = MeasuredCell(_Training(self, seed), self.watch)
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

        return self._once("textbook", case, pulled)

    # how ------------------------------------------------------------------------

    def _unrolled(self, case: Case) -> tuple[Reply, Any]:
        """Run the textbook forward, once for cases that differ in their pulls alone."""
        read = (case.params, case.inputs, case.state, case.lengths)
        errors = (case.carried.get("inputs"), case.carried.get("state"))
        run = partial(self.book.forward, case)
        return self._once("unrolled", case, run, *read, *errors)

    def _once(self, what: str, case: Case, run: Callable[[], Any], *parts: Any) -> Any:
        """Return the result for this case, or for one with the same ``parts`` of it."""
        key = (what, *map(id, parts or (case,)))
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (case, run())
        return self._kept[key][1]

    def _replied(self, case: Case, reply: Reply) -> Reply:
        _require_shape("outputs", reply.outputs, case.grad_outputs.shape)
        if self.signature.offers(Capability.FINAL_STATE):
            _require_count("states", reply.state, len(case.grad_state))
        for k, (s, g) in enumerate(zip(reply.state, case.grad_state, strict=False)):
            _require_shape(f"state {k}", s, g.shape)
        errors = partial(self.budget, case)
        if not self.derived:
            errors = self._assumed(case, reply, self.cell.forward)
        outputs = Reported(reply.outputs, lambda: _bound(errors().outputs))
        return Reply(outputs, _states(reply.state, errors))

    def _pulled(self, case: Case, found: Gradients) -> Gradients:
        _require_shape("gradient of inputs", found.inputs, case.inputs.shape)
        for name, array in case.params.items():
            _require_shape(f"gradient of {name}", found.params[name], array.shape)
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


class _Training:
    """A cell that is called in training mode, random numbers seeded."""

    def __init__(self, cell: MeasuredCell, seed: int | None) -> None:
        unknown = replace(cell.signature, kind=None, layout=None)
        self.signature = cell.signature if seed is None else unknown
        self._cell, self._seed = cell, seed

    def shapes(self, spec: Spec) -> Shapes:
        return self._cell.cell.shapes(spec)

    def forward(self, case: Case) -> Reply:
        return self._trained(case)[0]

    def backward(self, case: Case) -> Gradients:
        return self._trained(case)[1]

    def fresh(self) -> "_Training":
        return _Training(self._cell.fresh(), self._seed)

    def _trained(self, case: Case) -> tuple[Reply, Gradients]:
        target: Any = self._cell.cell
        return target.train_backward(case, self._seed or 0)


def _seen(cell: Cell) -> Signature:
    """Return the signature, and whether the target can be watched at its calls."""
    signature = cell.signature
    if not hasattr(cell, "forward_watching"):
        return signature
    return replace(signature, capabilities=signature.capabilities | Capability.WATCHING)


def _states(state: Any, errors: Callable[[], Any]) -> tuple[Measured, ...]:
    def of(k: int) -> Known:
        return _bound(errors().state[k])

    return tuple(Reported(s, partial(of, k)) for k, s in enumerate(state))


def _bound(error: Any) -> Known:
    """Return an allowance: of the textbook's array, or as it was assumed."""
    if not isinstance(error, Measured):
        return Known(error)
    return Known(error.allowance, error.doubts)


def _require_shape(label: str, array: Any, expected: tuple[int, ...]) -> None:
    found = tuple(np.shape(array))
    if found != tuple(expected):
        message = f"{label} has shape {found}, expected {tuple(expected)}"
        raise Misshapen(message)


def _require_count(label: str, found: Sequence[Any], expected: int) -> None:
    if len(found) != expected:
        message = f"{len(found)} {label} came back, expected {expected}"
        raise Misshapen(message)
