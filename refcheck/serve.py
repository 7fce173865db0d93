"""A Python target behind the worker protocol: ``refcheck serve TARGET``."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import msgspec
import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Cell, Signature
from refcheck.errors import TargetError, Unsupported
from refcheck.exact_arrays import array, numbers
from refcheck.layout import Layout
from refcheck.protocol import (
    OFFERS,
    VERSION,
    Answered,
    Build,
    Built,
    Bye,
    Done,
    Failed,
    Forward,
    Free,
    Hello,
    Names,
    Numbers,
    Problem,
    Pulled,
    Request,
    Step,
    Vjp,
    Welcome,
)

Arrays = Sequence[Numbers] | None


class Server:
    """The target, and the cells that were built of it."""

    def __init__(self, cell: Cell) -> None:
        """Serve ``cell``.

        Raises:
            TargetError: if it is a clipping function.
        """
        kind = cell.signature.kind
        if kind is not None and not kind.recurrent:
            message = f"{cell.signature.name} clips gradients, expected a cell."
            raise TargetError(message)
        self._cell, self._built = cell, dict[int, tuple[Cell, Any]]()

    def run(self, requests: BinaryIO, replies: BinaryIO) -> None:
        """Answer one request after the other, until ``bye`` or the end."""
        while line := requests.readline():
            request: Request = msgspec.json.decode(line, type=Request)
            payload = requests.read(getattr(request, "payload", 0))
            behind = bytearray()
            reply = self.answer(request, payload, behind)
            replies.write(msgspec.json.encode(reply) + b"\n" + behind)
            replies.flush()
            if isinstance(request, Bye):
                return

    def answer(self, request: Request, payload: bytes, behind: bytearray) -> Any:
        """Return the reply to ``request``; its large arrays are put into ``behind``."""
        try:
            return self._answer(request, payload, behind)
        except Unsupported as error:
            behind.clear()
            return Failed(request.id, Problem("unsupported", str(error)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - told to the caller
            behind.clear()
            said = f"{type(error).__name__}: {error}"
            return Failed(request.id, Problem("failed", said))

    def _answer(self, request: Request, payload: bytes, behind: bytearray) -> Any:
        match request:
            case Hello(id):
                return welcome(id, self._cell.signature)
            case Build(id, number, spec):
                cell = self._cell.fresh()
                shapes = cell.shapes(spec)
                self._built[number] = (cell, spec)
                params = {name: list(shape) for name, shape in shapes.params.items()}
                return Built(id, params, shapes.states, shapes.output_size)
            case Forward() | Step():
                return self._forward(request, payload, behind)
            case Vjp():
                return self._pulled(request, payload, behind)
            case Free(id, number):
                self._built.pop(number, None)
        return Done(request.id)

    def _forward(
        self, request: Forward | Step, payload: bytes, behind: bytearray
    ) -> Answered:
        cell, case = self._case(request, payload)
        one = isinstance(request, Step)
        reply = cell.forward(case.but(inputs=case.inputs[None]) if one else case)
        outputs = reply.outputs[0] if one else reply.outputs
        return Answered(
            request.id,
            numbers(outputs, behind),
            [numbers(s, behind) for s in reply.state],
            len(behind),
        )

    def _pulled(self, request: Vjp, payload: bytes, behind: bytearray) -> Pulled:
        cell, case = self._case(request, payload)
        found = cell.backward(
            case.but(
                grad_outputs=array(request.grad_outputs, payload),
                grad_state=_arrays(request.grad_state, payload) or (),
            )
        )
        return Pulled(
            request.id,
            {name: numbers(a, behind) for name, a in found.params.items()},
            numbers(found.inputs, behind),
            [numbers(s, behind) for s in found.state],
            len(behind),
        )

    def _case(self, request: Any, payload: bytes) -> tuple[Cell, Case]:
        cell, spec = self._built[request.cell]
        lengths = getattr(request, "lengths", None)
        return cell, Case(
            spec=spec,
            params={name: array(a, payload) for name, a in request.params.items()},
            inputs=array(request.inputs, payload),
            state=_arrays(request.state, payload),
            lengths=None if lengths is None else array(lengths, payload),
            grad_outputs=np.zeros(0),
            grad_state=(),
        )


def welcome(number: int, signature: Signature) -> Welcome:
    """Return what a target with this signature says to ``hello``."""
    has = signature.capabilities
    offers: list[Any] = [n for n, capability in OFFERS.items() if capability in has]
    kind, layout = signature.kind, signature.layout
    padding: Any = signature.padding and signature.padding.value
    resizable = Capability.RESIZABLE in has
    said: Mapping[str, Any] = {}
    if kind is not None and layout is not None:
        said = {
            "gates": layout.gates.get(kind, ""),
            "transposed": layout.transposed,
            "names": _names(layout),
        }
    return Welcome(
        number,
        VERSION,
        signature.name,
        "Python",
        offers,
        kind=kind and kind.value,  # type: ignore[arg-type]
        dtypes=signature.usual.dtypes,  # type: ignore[arg-type]
        padding=padding,
        fixed=None if resizable else signature.fixed,
        **said,
    )


def private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return the streams of the conversation; what is printed goes to stderr."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return requests, replies


def _names(layout: Layout) -> Names:
    parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    named = {part: getattr(layout, part) for part in parts}
    full = {part: layout.prefix + name if name else "" for part, name in named.items()}
    return Names(**full, reverse=layout.reverse)


def _arrays(found: Arrays, payload: bytes) -> tuple[Array, ...] | None:
    return None if found is None else tuple(array(a, payload) for a in found)
