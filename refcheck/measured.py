"""A cell whose results carry their allowances, and the textbook beside it.

This is what a law is given.  Every call of the target goes through here: the watch
hears of it, its exceptions are told from refcheck's own, shapes are checked before
values, and what comes back is Measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import (
    Array,
    Capability,
    Cell,
    Gradients,
    Params,
    Reply,
    Shapes,
    Signature,
    Spec,
    Textbook,
    Watched,
)
from refcheck.reference import sequence
from refcheck.rounding import FORMATS, Measured, exact
from refcheck.sensitivity import assumed_error
from refcheck.watch import Unwatched, Watch

KEPT = 512  # results that laws may share, before the oldest are dropped


class TargetRaised(Exception):  # noqa: N818 - what the target did, not our error
    """The target raised an exception; it stands in ``__cause__``."""


class Misshapen(Exception):  # noqa: N818 - what the target did, not our error
    """The target returned an array of the wrong shape."""


class MeasuredCell:
    """The target as laws see it."""

    def __init__(self, cell: Cell, watch: Watch | None = None) -> None:
        """Measure ``cell``; every call of it is announced to ``watch``."""
        self.cell = cell
        self.signature: Signature = cell.signature
        self.watch = watch or Unwatched()
        self.law = ""  # on whose behalf the target is called
        self.asked: Case | None = None  # the case that the law was asked on
        self._kept: dict[tuple[Any, ...], tuple[Case, Any]] = {}

    @property
    def derived(self) -> bool:
        """Whether allowances follow from the textbook; otherwise they are assumed."""
        return self.signature.kind is not None and self.signature.layout is not None

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
        other.law = self.law
        return other

    def call(self, case: Case, run: Callable[[], Any]) -> Any:
        """Call the target in any other way, under the watch.

        Raises:
            TargetRaised: if it raises.
        """
        self.watch.before(self.law, self.asked or case)
        try:
            with np.errstate(all="ignore"):
                return run()
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

    def train_backward(self, case: Case, seed: int) -> tuple[Reply, Gradients]:
        """Run in training mode with this seed; plain arrays, since dropout is on."""
        return self._extra(case, lambda cell: cell.train_backward(case, seed))

    def training(self, seed: int) -> "MeasuredCell":
        """Return the target in training mode as a cell, of unknown kind.

        What it drops follows from the seed, so that equal calls give equal results.
        """
        return MeasuredCell(_Training(self, seed), self.watch)

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
        layout, kind = self.signature.layout, self.signature.kind
        if layout is None or kind is None:
            message = "a law about parameters must require Capability.LAYOUT"
            raise TypeError(message)
        return layout.to_canonical(kind, case.spec, case.params)

    def planted(self, case: Case, params: Sequence[Params]) -> Case:
        """Return the case with the textbook's parameters ``params`` in place."""
        layout, kind = self.signature.layout, self.signature.kind
        if layout is None or kind is None:
            message = "a law about parameters must require Capability.LAYOUT"
            raise TypeError(message)
        own = layout.from_canonical(kind, case.spec, params)
        return case.but(params={n: own[n].astype(case.spec.dtype) for n in own})

    def textbook(self, case: Case) -> Reply:
        """Return the textbook's outputs and final state, with their allowances."""
        return self._unrolled(case)[0]

    def textbook_gradients(self, case: Case) -> Gradients:
        """Return the textbook's gradients, in the target's names, with allowances."""
        return self._once("textbook", case, lambda: self._pulled_back(case))

    # how ------------------------------------------------------------------------

    def _once(self, what: str, case: Case, run: Callable[[], Any], *parts: Any) -> Any:
        """Return the result for this case, or for one with the same ``parts`` of it."""
        key = (what, *map(id, parts or (case,)))
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (case, run())
        return self._kept[key][1]

    def _unrolled(self, case: Case) -> tuple[Reply, Any]:
        """Run the textbook forward, once for cases that differ in their pulls alone."""
        read = (case.params, case.inputs, case.state, case.lengths)
        errors = (case.carried.get("inputs"), case.carried.get("state"))
        return self._once("unrolled", case, lambda: self._unroll(case), *read, *errors)

    def _unroll(self, case: Case) -> tuple[Reply, Any]:
        form = FORMATS[case.spec.dtype]
        layout, kind = self.signature.layout, self.signature.kind
        if layout is None or kind is None:
            message = "the textbook speaks of cells whose kind and layout are known"
            raise TypeError(message)
        own = {name: exact(a, form) for name, a in case.params.items()}
        params = layout.to_canonical(kind, case.spec, own)
        state = None if case.state is None else _carried("state", case)
        with np.errstate(all="ignore"):
            return sequence.forward(
                kind,
                params,
                _rounded("inputs", case),
                state,
                case.lengths,
                directions=case.spec.directions,
            )

    def _pulled_back(self, case: Case) -> Gradients:
        kind, layout = self.signature.kind, self.signature.layout
        if layout is None or kind is None:
            message = "the textbook speaks of cells whose kind and layout are known"
            raise TypeError(message)
        form = FORMATS[case.spec.dtype]
        _, tapes = self._unrolled(case)
        own = {name: exact(a, form) for name, a in case.params.items()}
        with np.errstate(all="ignore"):
            found: Textbook = sequence.backward(
                kind,
                layout.to_canonical(kind, case.spec, own),
                tapes,
                _rounded("grad_outputs", case),
                _carried("grad_state", case),
            )
        params = layout.from_canonical(kind, case.spec, found.params)
        return Gradients(params, found.inputs, found.state)

    def _replied(self, case: Case, reply: Reply) -> Reply:
        _require_shape("outputs", reply.outputs, case.grad_outputs.shape)
        if self.signature.offers(Capability.FINAL_STATE):
            _require_count("states", reply.state, len(case.grad_state))
        for k, (s, g) in enumerate(zip(reply.state, case.grad_state, strict=False)):
            _require_shape(f"state {k}", s, g.shape)
        if self.derived:
            return Reply(
                _carrying(reply.outputs, lambda: self.textbook(case).outputs),
                tuple(
                    _carrying(s, lambda k=k: self.textbook(case).state[k])
                    for k, s in enumerate(reply.state)
                ),
            )
        errors = self._assumed(case, reply, self.cell.forward)
        return Reply(
            Measured(reply.outputs, lambda: errors().outputs),
            tuple(
                Measured(s, lambda k=k: errors().state[k])
                for k, s in enumerate(reply.state)
            ),
        )

    def _pulled(self, case: Case, found: Gradients) -> Gradients:
        _require_shape("gradient of inputs", found.inputs, case.inputs.shape)
        for name, array in case.params.items():
            _require_shape(f"gradient of {name}", found.params[name], array.shape)
        errors = self._assumed(case, found, self.cell.backward)

        def error(pick: Callable[[Gradients], Any]) -> Callable[[], Any]:
            if self.derived:
                return lambda: pick(self.textbook_gradients(case)).allowance
            return lambda: pick(errors())

        return Gradients(
            {
                name: Measured(a, error(lambda g, name=name: g.params[name]))
                for name, a in found.params.items()
            },
            Measured(found.inputs, error(lambda g: g.inputs)),
            tuple(
                Measured(s, error(lambda g, k=k: g.state[k]))
                for k, s in enumerate(found.state)
            ),
        )

    def _assumed(self, case: Case, found: Any, run: Any) -> Callable[[], Any]:
        key = f"assumed {run.__name__}"
        return lambda: self._once(
            key,
            case,
            lambda: assumed_error(case, found, lambda c: self.call(c, lambda: run(c))),
        )


class _Training:
    """A cell that is called in training mode, random numbers seeded."""

    def __init__(self, cell: MeasuredCell, seed: int) -> None:
        self.signature = replace(cell.signature, kind=None, layout=None)
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
        return target.train_backward(case, self._seed)


def _carrying(value: Array, textbook: Callable[[], Any]) -> Measured:
    return Measured(value, lambda: textbook().allowance)


def _require_shape(label: str, array: Any, expected: tuple[int, ...]) -> None:
    found = tuple(np.shape(array))
    if found != tuple(expected):
        message = f"{label} has shape {found}, expected {tuple(expected)}"
        raise Misshapen(message)


def _require_count(label: str, found: Sequence[Any], expected: int) -> None:
    if len(found) != expected:
        message = f"{len(found)} {label} came back, expected {expected}"
        raise Misshapen(message)


def _rounded(name: str, case: Case) -> Measured:
    """Return the case's inputs, or gradient of outputs, with the error they carry."""
    (source,) = case.carried.get(name, (None,))
    error = getattr(source, "allowance", None)
    return Measured(getattr(case, name), error, format=FORMATS[case.spec.dtype])


def _carried(name: str, case: Case) -> tuple[Measured, ...]:
    """Return the case's state, or gradient of it, with the errors it came with."""
    form = FORMATS[case.spec.dtype]
    arrays = getattr(case, name)
    errors = [getattr(a, "allowance", None) for a in case.carried.get(name, arrays)]
    return tuple(
        Measured(a, e, format=form) for a, e in zip(arrays, errors, strict=True)
    )
