"""The textbook run on numbers that carry their rounding errors.

One run gives both what is right and how far any right implementation may be from it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Padding, Params, Reply, Signature, Spec
from refcheck.layout import CANONICAL_GATES
from refcheck.reference import sequence
from refcheck.rounding import FORMATS, Format, Measured, exact

Formats = Callable[[str], Format]  # of a dtype's name


class Textbook:
    """The reference for one kind of cell, in the names of one target."""

    def __init__(
        self,
        signature: Signature,
        formats: Callable[[str], Format] = FORMATS.__getitem__,
    ) -> None:
        """Follow the kind and the layout of ``signature``, in its formats.

        Raises:
            TypeError: if either is unknown.
        """
        if signature.kind is None or signature.layout is None:
            message = "a law about the textbook must require Capability.LAYOUT"
            raise TypeError(message)
        self.kind, self.layout = signature.kind, signature.layout
        self.equations = signature.equations
        self._padding = signature.padding
        self._format = formats

    def params(self, spec: Spec, own: Mapping[str, Array]) -> list[Params]:
        """Return the target's parameters as the textbook's, layer by layer.

        What its code adds to a bias is part of the textbook's.
        """
        params = self.gradients(spec, own)
        return [self._shifted(p, 1.0) for p in params] if self.layout.added else params

    def own(self, spec: Spec, params: Sequence[Params]) -> dict[str, Array]:
        """Return the textbook's parameters in the target's names.

        A second bias that has no place there is added to the first.
        """
        if self.layout.second:
            params = [self._gathered(p) for p in params]
        if self.layout.added:
            params = [self._shifted(p, -1.0) for p in params]
        return self.layout.from_canonical(self.kind, spec, params)

    def gradients(self, spec: Spec, own: Mapping[str, Array]) -> list[Params]:
        """Return gradients of the target's parameters as those of the textbook's."""
        return self.layout.to_canonical(self.kind, spec, own)

    def own_gradients(self, spec: Spec, params: Sequence[Params]) -> dict[str, Array]:
        """Return gradients of the textbook's parameters as those of the target's.

        Nothing is added to a bias's gradient, nor is that of a second bias.
        """
        return self.layout.from_canonical(self.kind, spec, params)

    def forward(self, case: Case) -> tuple[Reply, Any]:
        """Return outputs and final state, Measured, and the tapes for ``backward``."""
        state = None if case.state is None else self.carried("state", case)
        with np.errstate(all="ignore"):
            reply, tapes = sequence.forward(
                self.kind,
                self.exact(case),
                self.rounded("inputs", case),
                state,
                case.lengths,
                directions=case.spec.directions,
                equations=self.equations,
            )
        if self._leaves(Padding.REPEATED, case):
            reply = reply._replace(outputs=_repeated(case, case.lengths, reply.outputs))
        if self._leaves(Padding.UNTOUCHED, case):
            on, _ = self.forward(case.but(lengths=None))
            outputs = _where(_reads(case), reply.outputs, on.outputs)
            reply = reply._replace(outputs=outputs)
        return reply, tapes

    def backward(self, case: Case, tapes: Any) -> Gradients:
        """Return the gradients, Measured, in the target's names."""
        pulls = self.rounded("grad_outputs", case)
        if self._leaves(Padding.REPEATED, case):
            pulls = _collected(case, case.lengths, pulls)
        with np.errstate(all="ignore"):
            found = sequence.backward(
                self.kind,
                self.exact(case),
                tapes,
                pulls,
                self.carried("grad_state", case),
            )
        own = self.own_gradients(case.spec, found.params)
        gradients = Gradients(own, found.inputs, found.state)
        if self._leaves(Padding.UNTOUCHED, case):
            return self._with_pulls_past_the_end(case, gradients)
        return gradients

    def _leaves(self, padding: Padding, case: Case) -> bool:
        """Return whether this is what outputs past the end of rows are."""
        return self._padding is padding and case.lengths is not None

    def _with_pulls_past_the_end(self, case: Case, before: Gradients) -> Gradients:
        """Add the gradients that enter at outputs past the end, if there are any."""
        past = np.where(_reads(case), 0, case.grad_outputs)
        if not past.any():
            return before
        still = tuple(np.zeros_like(g) for g in case.grad_state)
        read = {n: v for n, v in case.carried.items() if n in ("inputs", "state")}
        on = case.but(lengths=None, grad_outputs=past, grad_state=still, carried=read)
        after = self.backward(on, self.forward(on)[1])
        return Gradients(
            {name: d + after.params[name] for name, d in before.params.items()},
            before.inputs + after.inputs,
            tuple(a + b for a, b in zip(before.state, after.state, strict=True)),
        )

    def _shifted(self, p: Params, sign: float) -> Params:
        """Return the parameters with what the target's code adds, or without it."""
        if p.bias_ih is None:
            return p
        shift = [sign * self.layout.added.get(gate, 0.0) for gate in self._gates]
        rows = np.repeat(shift, p.weight_hh.shape[0] // len(shift)).astype(
            p.bias_ih.dtype
        )
        return p._replace(bias_ih=p.bias_ih + rows)

    def _gathered(self, p: Params) -> Params:
        """Return the parameters without second biases of gates that have none."""
        if p.bias_hh is None:
            return p
        without = [gate not in self.layout.second for gate in self._gates]
        rows = np.repeat(without, p.weight_hh.shape[0] // len(without))
        return p._replace(bias_ih=p.bias_ih + np.where(rows, p.bias_hh, 0))

    @property
    def _gates(self) -> str:
        return CANONICAL_GATES[self.kind.gates]

    def exact(self, case: Case) -> list[Params]:
        """Return the case's parameters, which are what they are, layer by layer."""
        form = self._format(case.spec.dtype)
        own = {name: exact(array, form) for name, array in case.params.items()}
        return self.params(case.spec, own)

    def rounded(self, name: str, case: Case) -> Measured:
        """Return the case's inputs, or gradient of outputs, with the error it has."""
        (source,) = case.carried.get(name, (None,))
        return self._arriving(getattr(case, name), source, case)

    def carried(self, name: str, case: Case) -> tuple[Measured, ...]:
        """Return the case's state, or gradient of it, with the errors it came with."""
        arrays = getattr(case, name)
        sources = case.carried.get(name, arrays)
        pairs = zip(arrays, sources, strict=True)
        return tuple(self._arriving(a, s, case) for a, s in pairs)

    def _arriving(self, array: Array, source: Any, case: Case) -> Measured:
        form, error = self._format(case.spec.dtype), getattr(source, "allowance", None)
        return (
            exact(array, form) if error is None else Measured(array, error, format=form)
        )


def _repeated(case: Case, lengths: Array, outputs: Measured) -> Measured:
    """Return outputs that repeat the last one past the end of each row.

    What reads backwards meets the padding first, with no output to repeat: zeros.
    """
    steps = np.arange(case.time)[:, None]
    last = np.maximum(np.minimum(steps, lengths - 1), 0)
    again = outputs[last, np.arange(case.batch)]
    return _where(_forward(case), again, outputs)


def _collected(case: Case, lengths: Array, pulls: Measured) -> Measured:
    """Return gradients of outputs where those of repetitions enter at the last one."""
    steps, ends = np.arange(case.time)[:, None, None], lengths[:, None]
    past = _where(steps >= ends, pulls, 0.0).sum(axis=0)
    return _where((steps == ends - 1) & _forward(case), pulls + past, pulls)


def _reads(case: Case) -> Array:
    """Return which steps of which rows are read (T, N, 1)."""
    lengths: Any = case.lengths
    read: Array = (np.arange(case.time)[:, None] < lengths)[:, :, None]
    return read


def _forward(case: Case) -> Array:
    """Return which outputs (O,) are of the forward direction."""
    return np.arange(case.grad_outputs.shape[2]) < case.spec.hidden_size


def _where(mask: Array, a: Any, b: Any) -> Measured:
    found: Any = np.where(mask, a, b)
    return found
