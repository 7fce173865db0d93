"""An ONNX operator behind the protocol of Cell."""

from dataclasses import replace
from typing import Any, NamedTuple, NoReturn

import numpy as np

from refcheck.adapters.arrays import generic
from refcheck.adapters.onnx_calls import feeds, given, left, reply
from refcheck.adapters.onnx_models import Model, built
from refcheck.adapters.onnx_operator import STATES, Operator
from refcheck.adapters.onnx_runtimes import Load, Runtime
from refcheck.case import Case
from refcheck.cell import Reply, Shapes, Signature, Spec, Watched
from refcheck.errors import Unsupported
from refcheck.onnx_layout import OnnxLayout


class Source(NamedTuple):
    """What is run, and by what."""

    operator: Operator
    runtime: Load
    file: Model | None = None  # a user's own model


class Placed(NamedTuple):
    """A loaded model."""

    model: Model
    runtime: Runtime


class OnnxCell:
    """One operator; each spec and set of inputs has a session of its own."""

    def __init__(self, source: Source, signature: Signature) -> None:
        """Run ``source``; nothing is loaded yet."""
        self.source, self.signature = source, signature
        self._live: dict[tuple[Any, ...], Placed] = {}

    def fresh(self) -> "OnnxCell":
        """Return the same target with no session carried over."""
        return OnnxCell(self.source, self.signature)

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``.

        Raises:
            Unsupported: if a node cannot be built so.
        """
        fixed = self.signature.fixed
        if spec.num_layers > 1 or spec.dropout:
            message = f"one node of ONNX has one layer and no dropout, not {spec}"
            raise Unsupported(message)
        if fixed and spec != replace(fixed, dtype=spec.dtype):
            message = f"{self.signature.name} is {fixed}, not {spec}"
            raise Unsupported(message)
        operator = self.source.operator
        layout = OnnxLayout(peepholes=operator.peepholes)
        width = spec.hidden_size * spec.directions
        return Shapes(layout.shapes(operator.own_kind, spec), operator.states, width)

    def forward(self, case: Case) -> Reply:
        """Run the model once."""
        return self.forward_watching(case).reply

    def forward_watching(self, case: Case) -> Watched:
        """Run the model, and keep the arguments and the raw results."""
        operator = self.source.operator
        model, runtime = self._place(case)
        arrays = given(operator, model, case)
        outputs = runtime.run(feeds(model, arrays))

        def read() -> Reply:
            return reply(operator, model, case, outputs)

        return Watched(read(), left(model, case, arrays), read)

    def backward(self, _: Case) -> NoReturn:
        """Refuse: runtimes of ONNX compute no gradients.

        Raises:
            Unsupported: always.
        """
        message = "runtimes of ONNX compute no gradients"
        raise Unsupported(message)

    def complaint(self, spec: Spec, *, state: bool = True) -> str:
        """Return why the runtime does not run ``spec``, or an empty string."""
        shapes = self.shapes(spec)
        one_state = (spec.depth, 2, spec.hidden_size)
        case = Case(
            spec,
            {n: generic(s, 0).astype(spec.dtype) for n, s in shapes.params.items()},
            generic((2, 2, spec.input_size), 1).astype(spec.dtype),
            (np.zeros(one_state, spec.dtype),) * shapes.states if state else None,
            None,
            np.zeros((2, 2, shapes.output_size)),
            (np.zeros(one_state),) * shapes.states,
        )
        try:
            found = self.forward(case)
        except Exception as error:  # noqa: BLE001 - a runtime raises what it likes
            return f"{type(error).__name__}: {error}".strip().rstrip(".")
        expected = case.grad_outputs.shape
        wrong = found.outputs.shape != expected
        return f"Y came back as {found.outputs.shape}, not {expected}" if wrong else ""

    def _place(self, case: Case) -> Placed:
        there = {"X", *case.params}
        there |= {"sequence_lens"} if case.lengths is not None else set()
        there |= set(STATES[: len(case.state)]) if case.state else set()
        key = (replace(case.spec, input_size=0), *sorted(there))
        if key not in self._live:
            model = self.source.file or built(
                self.source.operator,
                there,
                case.spec.dtype,
                self.source.operator.built_as(case.spec),
            )
            self._live[key] = Placed(model, self.source.runtime(model.serialised))
        return self._live[key]
