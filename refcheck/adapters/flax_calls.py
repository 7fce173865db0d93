"""How modules of Flax are called, linen's and nnx's alike.

    cell(carry, x_t) -> (carry, y_t)
    rnn(inputs, initial_carry=, seq_lengths=, return_carry=True) -> (carry, outputs)
    module(inputs) -> outputs, and what it takes of a carry and of lengths

The carry of an LSTM is (c, h), unless a cell's output shows that it is (h, c).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from refcheck.adapters.arrays import AnswerError
from refcheck.adapters.class_options import (
    CARRIES,
    parameters,
    takes_the_carry_first,
)
from refcheck.adapters.jax_carry import Built, Form, cell_comes_first
from refcheck.adapters.jax_cell import Build
from refcheck.cell import Kind, Spec

TIME, ROWS = 7, 3  # of a trial call
BACKWARDS = ("it reads backwards: the adapter turns the rows of a sequence about",)


class Parts(NamedTuple):
    """A module, taken apart so that it is a pure function.

    ``apply(params, kept, *arguments, **named)`` returns the answer and what is kept.
    """

    params: dict[str, tuple[int, ...]]
    kept: Any
    apply: Callable[..., tuple[Any, Any]]
    start: Callable[[Any, int], Any] | None  # the carry of so many rows


class Slots(NamedTuple):
    """Which arguments of a sequence module take what."""

    carry: str = ""
    lengths: str = ""
    returns: str = ""  # the option that asks for the final carry

    @classmethod
    def of(cls, call: Any) -> "Slots":
        """Read the signature of ``__call__``."""
        names = list(parameters(call))[1:]  # the first takes the inputs
        carries = [n for n in names if set(n.split("_")) & set(CARRIES)]
        return cls(
            carry=next((n for n in carries if not n.startswith("return")), ""),
            lengths=next((n for n in names if "len" in n), ""),
            returns=next((n for n in carries if n.startswith("return")), ""),
        )


class Turns(NamedTuple):
    """Whether a module reads a sequence from its end, and returns it in its order.

    It is handed each row turned about, so that it reads it forward; its padding stays
    at the end, turned about too, as in Flax.
    """

    backwards: bool = False
    ordered: bool = False  # outputs stand where their inputs stood, not as read
    axis: int = 1  # of time

    @classmethod
    def of(cls, module: Any) -> "Turns":
        """Read what Flax's own RNN was built with."""
        backwards = bool(module.reverse)
        ordered = backwards and bool(module.keep_order)
        return cls(backwards, ordered, 0 if module.time_major else 1)

    def turned(self, sequence: Any, lengths: Any) -> Any:
        """Return a sequence with each row reversed, and its padding apart."""
        time, rows = sequence.shape[self.axis], sequence.shape[1 - self.axis]
        ends = jnp.full(rows, time) if lengths is None else lengths
        at = (jnp.arange(time)[::-1, None] + ends[None]) % max(time, 1)
        at = at if self.axis == 0 else at.T
        return jnp.take_along_axis(sequence, at[:, :, None], axis=self.axis)


def called(
    module: Any, parts: Callable[[Spec], Parts], kind: Kind | None, turns: Turns
) -> tuple[Build, Callable[[Spec], Form]]:
    """Return how a module is built for a spec, and the form that its carry has."""
    steps = takes_the_carry_first(type(module).__call__) is True
    slots = Slots.of(type(module).__call__)

    def build(spec: Spec) -> Built:
        made = parts(spec)
        return step(made) if steps else sequence(made, slots, turns)

    def form(spec: Spec) -> Form:
        if steps:
            return step_form(build(spec), spec, kind)
        first = not getattr(module, "time_major", False)
        return sequence_form(build(spec), spec, slots, batch_first=first)

    return build, form


def step(parts: Parts) -> Built:
    """Return a cell's call."""

    def call(params: Any, kept: Any, carry: Any, inputs: Any, _: Any) -> Any:
        answer, kept = parts.apply(params, kept, carry, inputs)
        if not isinstance(answer, tuple) or len(answer) != 2:
            message = (
                f"the cell returned {_described(answer)}, expected (carry, output)."
            )
            raise AnswerError(message)
        return *answer, kept

    return Built(parts.params, parts.kept, call, parts.start)


def sequence(parts: Parts, slots: Slots, turns: Turns) -> Built:
    """Return the call of a module that loops over time."""

    def call(params: Any, kept: Any, carry: Any, inputs: Any, lengths: Any) -> Any:
        inputs = turns.turned(inputs, lengths) if turns.backwards else inputs
        named = {slots.carry: carry, slots.lengths: lengths}
        named = {name: value for name, value in named.items() if value is not None}
        named |= {slots.returns: True} if slots.returns else {}
        answer, kept = parts.apply(params, kept, inputs, **named)
        carry, outputs = _read(answer)
        outputs = turns.turned(outputs, lengths) if turns.ordered else outputs
        return carry, outputs, kept

    return Built(parts.params, parts.kept, call)


def step_form(built: Built, spec: Spec, kind: Kind | None) -> Form:
    """Return how a cell has its carry: as it starts, or else as Flax's own cells."""
    params, x = _some(built, spec, (ROWS, spec.input_size))
    h = jax.ShapeDtypeStruct((ROWS, spec.hidden_size), spec.dtype)
    if built.start is not None:
        carry = jax.eval_shape(lambda p: built.start(p, ROWS), params)
    else:
        carry = (h, h) if kind is Kind.LSTM else h

    def once(params: Any, kept: Any, carry: Any, x: Any) -> Any:
        return built.call(params, kept, carry, x, None)[:2]

    tree = jax.tree.structure(carry)
    first = cell_comes_first(once, params, built.kept, carry, x)
    return Form(
        tree,
        step=True,
        cell_first=tree.num_leaves == 2 and first is not False,
        default=built.start is not None,
    )


def sequence_form(built: Built, spec: Spec, slots: Slots, *, batch_first: bool) -> Form:
    """Return how a module has its carry: as it comes back where none is given."""
    axes = (ROWS, TIME) if batch_first else (TIME, ROWS)
    params, x = _some(built, spec, (*axes, spec.input_size))
    carry, _, _ = jax.eval_shape(built.call, params, built.kept, None, x, None)
    known = carry is not None and slots.carry
    one = carry[0] if spec.bidirectional and known else carry
    tree = jax.tree.structure(one) if known else None
    return Form(
        tree,
        cell_first=tree is not None and tree.num_leaves == 2,
        both=spec.bidirectional,
        batch_first=batch_first,
        lengths=bool(slots.lengths),
    )


def _read(answer: Any) -> tuple[Any, Any]:
    """Return (carry, outputs) of what a sequence module returned."""
    parts = answer if isinstance(answer, tuple) else (answer,)
    outputs = [p for p in parts if getattr(p, "ndim", 0) == 3]
    if len(parts) > 2 or len(outputs) != 1:
        message = (
            f"returned {_described(answer)}, expected (carry, outputs) or outputs."
        )
        raise AnswerError(message)
    others = [p for p in parts if p is not outputs[0]]
    return (others[0] if others else None), outputs[0]


def _some(built: Built, spec: Spec, shape: tuple[int, ...]) -> tuple[Any, Any]:
    dtype = jnp.dtype(spec.dtype)
    params = {n: jax.ShapeDtypeStruct(s, dtype) for n, s in built.params.items()}
    return params, jax.ShapeDtypeStruct(shape, dtype)


def _described(answer: Any) -> str:
    return str(jax.tree.map(lambda a: getattr(a, "shape", type(a).__name__), answer))
