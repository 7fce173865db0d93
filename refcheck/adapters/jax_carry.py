"""How a target of JAX takes its arrays, and the way from canonical form and back.

A carry is any tree of arrays: (c, h) for Flax, a named tuple for Haiku, an array alone.
Axes are moved or added, never dropped to make an answer fit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import PyTreeDef

from refcheck.adapters.arrays import AnswerError
from refcheck.adapters.jax_calls import Run

Call = Callable[..., tuple[Any, Any, Any]]


class Built(NamedTuple):
    """What a library's adapter makes of the target for one spec.

    ``call(params, kept, carry, inputs, lengths)`` returns the carry, the outputs, and
    what is kept; ``start(params, rows)`` is the carry of a step that is given none.
    """

    params: dict[str, tuple[int, ...]]
    kept: Any
    call: Call
    start: Callable[[Any, int], Any] | None = None


@dataclass(frozen=True)
class Form:
    """How the target has its carry and its sequences."""

    carry: PyTreeDef | None  # of one direction; None if it neither takes nor returns it
    step: bool = False
    cell_first: bool = False  # (c, h), not (h, c)
    both: bool = False  # a carry for each direction
    batch_first: bool = False  # sequences are (N, T, ·)
    vmapped: bool = False  # one row at a time: the adapter maps it over rows
    lengths: bool = False
    default: bool = True  # the carry can be left out

    @property
    def states(self) -> int:
        """Arrays that make up the state."""
        return 0 if self.carry is None else self.carry.num_leaves

    def run(self, built: Built) -> Run:
        """Return ``built.call`` in canonical form."""
        call = jax.vmap(built.call, (None, None, 0, 0, None)) if self.vmapped else None

        def run(
            params: Any, kept: Any, inputs: Any, state: Any, lengths: Any
        ) -> tuple[Any, tuple[Any, ...], Any]:
            carry = None if state is None else self.packed(state)
            if carry is None and built.start is not None:
                carry = built.start(params, inputs.shape[0])
            final, outputs, kept = (call or built.call)(
                params, kept, carry, self._swapped(inputs), lengths
            )
            outputs = self._swapped(outputs)
            if self.both and lengths is not None:
                outputs = _cut(outputs, lengths)
            return outputs, self.unpacked(final), kept

        return run

    def packed(self, state: tuple[Any, ...]) -> Any:
        """Return states (L, N, H) as the target takes them."""
        ordered = state[::-1] if self.cell_first else state
        carries = [
            jax.tree.unflatten(self.carry, [s[k] for s in ordered])
            for k in range(1 + self.both)
        ]
        return tuple(carries) if self.both else carries[0]

    def unpacked(self, carry: Any) -> tuple[Any, ...]:
        """Return what the target returned as states (L, N, H).

        Raises:
            AnswerError: if that is another tree than it takes.
        """
        if carry is None:
            return ()
        parts = list(carry) if self.both else [carry]
        found = [jax.tree.structure(part) for part in parts]
        if any(tree != self.carry for tree in found):
            message = f"the carry came back as {found[0]}, expected {self.carry}."
            raise AnswerError(message)
        leaves = [jax.tree.leaves(part) for part in parts]
        state = tuple(jnp.stack(arrays) for arrays in zip(*leaves, strict=True))
        return state[::-1] if self.cell_first else state

    def _swapped(self, sequence: Any) -> Any:
        return jnp.swapaxes(sequence, 0, 1) if self.batch_first else sequence


def _cut(outputs: Any, lengths: Any) -> Any:
    """Return outputs (T, N, O) with zeros past the ends of rows.

    There the backward half goes on from x[0] into the padding, from its end: that has
    seen both sides, and no contract speaks of it.
    """
    steps = jnp.arange(outputs.shape[0])
    return jnp.where((steps[:, None] < lengths)[..., None], outputs, 0)


def cell_comes_first(step: Callable[..., Any], *arguments: Any) -> bool | None:
    """Return whether a step's output is the second of two arrays that it carries.

    ``step`` returns (carry, output).  An output that is neither tells nothing: None.
    """
    *carry, output = jax.make_jaxpr(step)(*arguments).jaxpr.outvars
    if len(carry) != 2 or output not in carry:
        return None
    return output is carry[1]
