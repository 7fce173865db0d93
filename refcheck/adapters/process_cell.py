"""A worker behind the protocol of Cell.

One cell in the worker serves all calls of one spec, so that a stale cache or a leaking
state shows; a worker that was started again builds it anew.
"""

import weakref
from collections.abc import Mapping
from typing import Any

from refcheck.adapters import process_messages, process_steps
from refcheck.adapters.process_worker import Worker
from refcheck.case import Case
from refcheck.cell import Capability, Gradients, Reply, Shapes, Signature, Spec
from refcheck.errors import Lost
from refcheck.protocol import Build, Built

Live = dict[Spec, tuple[int, int]]  # which cell it is, in which life of the worker


class ProcessCell:
    """The cells of one worker, one for each spec."""

    def __init__(self, worker: Worker, signature: Signature) -> None:
        """Ask ``worker``, which has said hello."""
        self.signature = signature
        self._worker, self._live = worker, Live()
        self._built: dict[Spec, Built] = {}
        self._steps = not signature.offers(Capability.SEQUENCE)
        weakref.finalize(self, _unwanted, worker, self._live)

    def fresh(self) -> "ProcessCell":
        """Return the same target with no live object carried over."""
        return ProcessCell(self._worker, self.signature)

    def close(self) -> None:
        """Let the worker go."""
        self._worker.leave()

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``: the kind's own, where the kind is known.

        Raises:
            Unsupported: if the worker says that it cannot be built so.
            Lost: if building it is the end of the worker.
        """
        kind, layout = self.signature.kind, self.signature.layout
        known = kind is not None and layout is not None
        try:
            self._at(spec)
        except Lost:
            if not known:
                raise  # else it is lost again, with the case, in the call that needs it
        if kind is not None and layout is not None:
            width = spec.hidden_size * spec.directions
            return Shapes(layout.shapes(kind, spec), kind.states, width)
        built = self._built[spec]
        params = {name: tuple(shape) for name, shape in built.params.items()}
        return Shapes(params, built.states, built.output_size)

    def forward(self, case: Case) -> Reply:
        """Ask for the whole sequence, or for one step after the other."""
        if self._steps:
            return process_steps.unrolled(self._step, case)
        return self._asked(process_messages.forward, case, process_messages.replied)

    def backward(self, case: Case) -> Gradients:
        """Ask for the gradients of the sequence, or of one step after the other."""
        if self._steps:
            return process_steps.pulled(self._step, self._pull, case)
        return self._pull(case)

    def _step(self, case: Case) -> Reply:
        return self._asked(process_messages.step, case, process_messages.replied)

    def _pull(self, case: Case) -> Gradients:
        return self._asked(process_messages.vjp, case, process_messages.pulled(case))

    def _asked(self, request: Any, case: Case, read: Any) -> Any:
        """Send the request that ``case`` makes, and return what comes back."""
        cell = self._at(case.spec)
        payload = bytearray() if self._worker.binary else None
        message = request(self._worker.number(), cell, case, payload)
        return self._worker.ask(message, bytes(payload or b""), read)

    def _at(self, spec: Spec) -> int:
        """Return the number of the cell for ``spec``, built if there is none."""
        self._worker.free()
        self._worker.ready()
        life, cell = self._live.get(spec, (0, 0))
        if life != self._worker.lives:
            self._live.pop(spec, None)
            cell = self._worker.number()  # no other cell has it
            self._built[spec] = self._worker.ask(Build(cell, cell, spec))
            self._live[spec] = (self._worker.lives, cell)
        return cell


def _unwanted(worker: Worker, live: Mapping[Spec, tuple[int, int]]) -> None:
    """Have the worker forget the cells of an object that nobody holds any more."""
    worker.unwanted.extend(live.values())
