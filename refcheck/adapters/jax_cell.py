"""A target of JAX behind the protocol of Cell."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from refcheck.adapters.arrays import AnswerError, stacked
from refcheck.adapters.jax_calls import Answer, Steps, Whole, precision
from refcheck.adapters.jax_carry import Built, Form
from refcheck.case import Case
from refcheck.cell import (
    Array,
    Capability,
    Gradients,
    Reply,
    Shapes,
    Signature,
    Spec,
    Watched,
)
from refcheck.errors import Unsupported

Build = Callable[[Spec], Built]


@dataclass(frozen=True)
class Live:
    """What is called for one spec: compiled functions, and what the target keeps."""

    shapes: Shapes
    called: Steps | Whole
    complaint: str = ""  # why these are not the parameters that the spec asks for


class JaxCell:
    """A pure function, or a module as one, compiled for each shape that it meets."""

    def __init__(self, build: Build, form: Form, signature: Signature) -> None:
        """Call what ``build`` makes of the target, in its ``form``."""
        self.signature = signature
        self._build, self._form = build, form
        self._live: dict[Spec, Live] = {}

    @property
    def batch_first(self) -> bool:
        """Whether sequences are handed over as (N, T, D)."""
        return self._form.batch_first

    def fresh(self) -> "JaxCell":
        """Return the same target with nothing compiled, and nothing kept."""
        return JaxCell(self._build, self._form, self.signature)

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``: the kind's own, where the kind is known.

        Raises:
            Unsupported: if it cannot be built so.
        """
        return self._at(spec).shapes

    def forward(self, case: Case) -> Reply:
        """Call the target."""
        with precision(case.spec.dtype):
            return self._reply(self._called(case, *_given(case)))

    def forward_watching(self, case: Case) -> Watched:
        """Call as ``forward`` does, and keep the arguments and the raw results."""
        with precision(case.spec.dtype):
            given = jax.tree.map(jax.numpy.array, _given(case))
            answer = self._called(case, *given)
            params, inputs, state, lengths = given
            left = {"inputs": inputs} | {f"params.{n}": a for n, a in params.items()}
            left |= {f"state.{k}": s for k, s in enumerate(state or ())}
            left |= {} if lengths is None else {"lengths": lengths}
            after = {name: np.array(a) for name, a in left.items()}
            return Watched(self._reply(answer), after, lambda: self._reply(answer))

    def backward(self, case: Case) -> Gradients:
        """Pull gradients back through a call, by ``jax.vjp``."""
        with precision(case.spec.dtype):
            seeds = case.grad_outputs, case.grad_state[: self._form.states]
            pulled = self._ready(case).pull(*_given(case), seeds)
            return Gradients(
                {name: np.array(pulled.params[name]) for name in case.params},
                np.array(pulled.inputs),
                tuple(np.array(d) for d in pulled.state),
            )

    def _called(self, case: Case, *given: Any) -> Answer:
        return self._ready(case).forward(*given)

    def _ready(self, case: Case) -> Steps | Whole:
        live = self._at(case.spec)
        if live.complaint:
            raise TypeError(live.complaint)
        if case.lengths is not None and not self._form.lengths:
            message = "the target takes no lengths."
            raise Unsupported(message)
        return live.called

    def _reply(self, answer: Answer) -> Reply:
        outputs = [np.array(y) for y in answer.outputs]
        joined = stacked(outputs) if self._form.step else outputs[0]
        return Reply(joined, tuple(np.array(s) for s in answer.state))

    def _at(self, spec: Spec) -> Live:
        if spec not in self._live:
            self._require(spec)
            with precision(spec.dtype):
                self._live[spec] = self._made(spec)
        return self._live[spec]

    def _made(self, spec: Spec) -> Live:
        built = self._build(spec)
        called = (Steps if self._form.step else Whole)(
            self._form.run(built), built.kept
        )
        kind, layout = self.signature.kind, self.signature.layout
        if kind is None or layout is None:
            width = outputs_of(built, self._form, spec).shape[-1]
            return Live(Shapes(built.params, self._form.states, width), called)
        why = layout.matches(kind, spec, built.params).partition(";")[0]
        width = spec.hidden_size * spec.directions
        return Live(Shapes(layout.shapes(kind, spec), kind.states, width), called, why)

    def _require(self, spec: Spec) -> None:
        has, fixed = self.signature.offers, self.signature.fixed
        known = fixed or Spec(spec.input_size, spec.hidden_size)
        if has(Capability.RESIZABLE):
            d, h = spec.input_size, spec.hidden_size
            known = replace(known, input_size=d, hidden_size=h)
        if has(Capability.NO_BIAS):
            known = replace(known, bias=spec.bias)
        if spec != replace(known, dtype=spec.dtype):
            message = f"{self.signature.name} cannot be built as {spec}."
            raise Unsupported(message)


def outputs_of(built: Built, form: Form, spec: Spec) -> Any:
    """Return shape and dtype of the outputs of a trial call, without computing them.

    Time, rows and sizes differ, so that axes that are exchanged do not fit.

    Raises:
        Exception: whatever the target raises.
    """
    sizes = {spec.input_size, spec.hidden_size}
    time, rows = [n for n in (7, 3, 11, 13, 17) if n not in sizes][:2]
    dtype = np.dtype(spec.dtype)
    shapes = [(spec.depth, rows, spec.hidden_size)] * form.states
    inputs = (rows, spec.input_size) if form.step else (time, rows, spec.input_size)

    def some(shape: tuple[int, ...]) -> Any:
        return jax.ShapeDtypeStruct(shape, dtype)

    params = {name: some(shape) for name, shape in built.params.items()}
    state = tuple(map(some, shapes)) if form.states else None
    run = form.run(built)
    outputs, *_ = jax.eval_shape(run, params, built.kept, some(inputs), state, None)
    if getattr(outputs, "ndim", None) != len(inputs):
        found = getattr(outputs, "shape", type(outputs).__name__)
        message = f"the outputs are {found}, expected {(*inputs[:-1], 'O')}."
        raise AnswerError(message)
    return outputs


def _given(case: Case) -> tuple[dict[str, Array], Array, Any, Array | None]:
    return dict(case.params), case.inputs, case.state, case.lengths
