"""A layer of MLX, called for a case on the processor, with gradients by ``mx.vjp``."""

from collections.abc import Callable, Sequence
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten

from refcheck.adapters.arrays import AnswerError, copied, described
from refcheck.case import Case
from refcheck.cell import (
    Array,
    Gradients,
    Reply,
    Shapes,
    Signature,
    Spec,
    Watched,
)
from refcheck.errors import TargetError, Unsupported

Build = Callable[[Spec], Any]


class MlxCell:
    """One live layer for each spec, its parameters updated in place."""

    def __init__(self, build: Build, states: int, signature: Signature) -> None:
        """Build nothing yet."""
        self.signature = signature
        self._build, self._states = build, states
        self._live: dict[Spec, Any] = {}

    def fresh(self) -> "MlxCell":
        """Return the same target with no live layer carried over."""
        return MlxCell(self._build, self._states, self.signature)

    def tried(self, spec: Spec, name: str) -> None:
        """Call the layer once.

        Raises:
            TargetError: if that fails.
        """
        x = mx.zeros((3, 4, spec.input_size), dtype=getattr(mx, spec.dtype))
        try:
            with mx.stream(mx.cpu):
                mx.eval(self._read(self._at(spec)(x)))
        except Exception as error:
            says = (str(error).strip().splitlines() or [""])[0]
            message = (
                f"{name} failed in a trial call: {type(error).__name__}: {says}. "
                "Expected layer(x, hidden) -> all h, or with a cell -> (all h, all c)."
            )
            raise TargetError(message) from error

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``.

        Raises:
            Unsupported: if it cannot be built so.
        """
        return Shapes(shapes(self._at(spec)), self._states, spec.hidden_size)

    def forward(self, case: Case) -> Reply:
        """Call the layer."""
        return self.forward_watching(case).reply

    def forward_watching(self, case: Case) -> Watched:
        """Call the layer, and keep the arguments and the raw results."""
        with mx.stream(mx.cpu):
            layer = self._ready(case)
            inputs, state = _handed(case)
            returned = self._read(layer(inputs, *state))
            mx.eval(returned)
            left = {"inputs": np.array(inputs).swapaxes(0, 1)}
            left |= {f"state.{k}": np.array(s)[None] for k, s in enumerate(state)}
            left |= {f"params.{n}": np.array(a) for n, a in named(layer).items()}
        return Watched(_reply(returned), left, lambda: _reply(returned))

    def backward(self, case: Case) -> Gradients:
        """Pull gradients back through a call."""
        with mx.stream(mx.cpu):
            layer = self._ready(case)
            inputs, state = _handed(case)
            names, arrays = list(case.params), named(layer)

            def run(*given: Any) -> Sequence[Any]:
                own = zip(names, given, strict=False)
                layer.update(tree_unflatten(list(own)))
                return self._read(layer(*given[len(names) :]))

            primals = [*(arrays[name] for name in names), inputs, *state]
            seeds = [case.grad_outputs.swapaxes(0, 1), *(g[0] for g in case.grad_state)]
            try:
                _, found = mx.vjp(run, primals, [*map(array_of, seeds)])
                pulled = [copied(np.array(gradient)) for gradient in found]
            finally:
                layer.update(tree_unflatten(list(arrays.items())))
        params = dict(zip(names, pulled, strict=False))
        d_inputs, *d_state = pulled[len(names) :]
        return Gradients(
            params, d_inputs.swapaxes(0, 1), tuple(d[None] for d in d_state)
        )

    def _ready(self, case: Case) -> Any:
        if case.lengths is not None:
            message = "the target takes no lengths."
            raise Unsupported(message)
        layer = self._at(case.spec)
        own = [(name, array_of(array)) for name, array in case.params.items()]
        layer.update(tree_unflatten(own))
        return layer

    def _at(self, spec: Spec) -> Any:
        if spec.depth > 1 or spec.batch_first or spec.dropout:
            message = f"a layer of MLX has one direction and no options, not {spec}"
            raise Unsupported(message)
        if spec not in self._live:
            layer = self._build(spec)
            layer.set_dtype(getattr(mx, spec.dtype))
            self._live[spec] = layer
        return self._live[spec]

    def _read(self, answer: Any) -> list[Any]:
        """Return all outputs, and the last of the states of all steps.

        Raises:
            AnswerError: if that is not what came back.
        """
        every = answer if isinstance(answer, tuple) else (answer,)
        if len(every) != self._states or any(a.ndim != 3 for a in every):
            found = [tuple(getattr(a, "shape", ())) or described(a) for a in every]
            message = (
                f"the layer returned {found}, expected {self._states} of (N, T, H)."
            )
            raise AnswerError(message)
        return [every[0], *(states[:, -1] for states in every)]


def shapes(layer: Any) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a layer's parameters by name."""
    return {name: tuple(a.shape) for name, a in named(layer).items()}


def array_of(array: Array) -> Any:
    """Return an array of MLX with these numbers: left alone it makes them float32."""
    return mx.array(array, dtype=getattr(mx, array.dtype.name))


def named(layer: Any) -> dict[str, Any]:
    """Return a layer's parameters by name."""
    return dict(tree_flatten(layer.parameters()))


def _handed(case: Case) -> tuple[Any, list[Any]]:
    """Return inputs (N, T, D), and each state (N, H) that is given."""
    state = [array_of(s[0]) for s in case.state or ()]
    return array_of(case.inputs.swapaxes(0, 1)), state


def _reply(returned: Sequence[Any]) -> Reply:
    outputs, *state = (copied(np.array(r)) for r in returned)
    return Reply(outputs.swapaxes(0, 1), tuple(s[None] for s in state))
