"""How a torch module is called, and what its answer means.

A ``Call`` is data; ``torch_trials.py`` finds the one that a module understands.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from refcheck.adapters.torch_answers import Answer, packed, read
from refcheck.adapters.torch_tensors import array, tensor
from refcheck.case import Case
from refcheck.cell import Array, Reply
from refcheck.errors import Unsupported


class Form(Enum):
    """How the arrays of the state are handed over."""

    ONE = "state"
    TUPLE = "(h, c)"
    SPREAD = "h, c"  # each an argument of its own


class Given(NamedTuple):
    """The arguments of one call, in the module's own axes."""

    inputs: Tensor
    state: tuple[Tensor, ...] | None
    rows: dict[str, Tensor]  # what says where rows end, by argument or "packed"


@dataclass(frozen=True)
class Call:
    """A calling convention: ``forward(inputs, state, lengths)``, and its variants."""

    sequence: bool = True  # else the module is one step, and is called T times
    batch_first: bool = False
    states: int = 1  # arrays that make up the state
    rank: int = 3  # axes of each: (L, N, H) or (N, H)
    form: Form = Form.ONE
    arguments: tuple[str, ...] = ()  # those of ``forward`` that take the state
    positional: bool = True  # ... and come straight after the inputs
    default: bool = False  # None says "no state"; otherwise zeros are handed over
    lengths: str = ""  # the argument that takes lengths, or "packed"
    mask: str = ""  # the argument that takes a mask
    mask_numbers: bool = False  # a mask of 1 and 0, not of True and False
    reset: str = ""  # the method that makes a module forget the state that it keeps

    @property
    def pads(self) -> bool:
        """Whether the module itself fills the outputs past the end of a row."""
        return bool(self.mask) or self.lengths not in ("", "packed")

    # arguments ----------------------------------------------------------------------

    def given(self, case: Case) -> Given:
        """Return the arguments that ``case`` describes."""
        inputs = tensor(self.own_axes(case.inputs), case.strides)
        state = case.state
        if state is None and self.arguments and not self.default:
            shape = (case.spec.depth, case.batch, case.spec.hidden_size)
            state = (np.zeros(shape, case.inputs.dtype),) * self.states
        rows = {} if case.lengths is None else self._rows(case, case.lengths)
        if state is None:
            return Given(inputs, None, rows)
        states = tuple(tensor(self.own_state(s), case.strides) for s in state)
        return Given(inputs, states, rows)

    def own_axes(self, batched: Array) -> Array:
        """Swap (T, N, ·) and (N, T, ·) if the module has the batch axis first."""
        swapped = self.batch_first and batched.ndim > 1
        return np.swapaxes(batched, 0, 1) if swapped else batched

    def own_state(self, state: Array) -> Array:
        """Return a state (L, N, H) as the module takes it."""
        flat = self.rank == 2 and state.ndim == 3 and len(state) == 1
        return state[0] if flat else state

    def canonical_state(self, state: Array) -> Array:
        """Return a state as (L, N, H) if (N, H) is how it goes in and comes out."""
        return state[None] if self.rank == 2 and state.ndim == 2 else state

    def _rows(self, case: Case, lengths: Array) -> dict[str, Tensor]:
        if self.lengths and not (case.masked and self.mask):
            return {self.lengths: tensor(lengths)}
        if not self.mask:
            message = "the target takes neither lengths nor a mask."
            raise Unsupported(message)
        if ((lengths < 0) | (lengths > case.time)).any():
            message = f"a mask of {case.time} steps cannot say {lengths.tolist()}."
            raise Unsupported(message)
        mask = np.arange(case.time)[:, None] < lengths
        dtype = case.inputs.dtype if self.mask_numbers else bool
        return {self.mask: tensor(self.own_axes(mask).astype(dtype))}

    # the call -----------------------------------------------------------------------

    def run(self, module: nn.Module, given: Given) -> Answer:
        """Call ``module`` once, or once for each step."""
        inputs, state, _ = given
        time = inputs.shape[1 if self.batch_first and inputs.dim() > 1 else 0]
        if self.reset:
            getattr(module, self.reset)()
        if self.sequence:
            return self._read(self._whole(module, given), time)
        outputs, carried = [], state
        for t in range(time):
            positional, named = self._handed(carried)
            answer = self._read(module(inputs[t], *positional, **named), time)
            outputs += answer.outputs
            carried = tuple(answer.state)
        return Answer(outputs, list(carried or ()), time)

    def _whole(self, module: nn.Module, given: Given) -> Any:
        inputs, state, rows = given
        positional, named = self._handed(state)
        if self.lengths != "packed" or not rows:
            return module(inputs, *positional, **named, **rows)
        rows_joined = pack_padded_sequence(
            inputs, rows["packed"], self.batch_first, enforce_sorted=False
        )
        return module(rows_joined, *positional, **named)

    def _handed(
        self, state: tuple[Tensor, ...] | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the state as positional and as named arguments."""
        values: tuple[Any, ...]
        if not self.arguments:
            values = ()
        elif state is None:
            values = (None,)
        elif self.form is Form.SPREAD:
            values = state
        else:
            one = self.form is Form.ONE and len(state) == 1
            values = state if one else (state,)
        if self.positional:
            return values, {}
        return (), dict(zip(self.arguments, values, strict=False))

    # the answer ---------------------------------------------------------------------

    def _read(self, found: Any, time: int) -> Answer:
        return read(found, time, sequence=self.sequence, states=self.states)

    def tensors(self, answer: Answer) -> list[Tensor]:
        """Return outputs and states as tensors, packed sequences padded with zeros."""
        outputs = [
            pad_packed_sequence(y, self.batch_first, total_length=answer.time)[0]
            if packed(y)
            else y
            for y in answer.outputs
        ]
        return outputs + answer.state

    def reply(self, answer: Answer) -> Reply:
        """Return copies of what was returned, shapes as they are."""
        arrays = [array(t) for t in self.tensors(answer)]
        outputs, state = arrays[: len(answer.outputs)], arrays[len(answer.outputs) :]
        return Reply(
            self.own_axes(outputs[0]) if self.sequence else np.stack(outputs),
            tuple(self.canonical_state(s) for s in state),
        )

    def seeds(self, case: Case) -> list[Tensor]:
        """Return the gradients that enter at outputs and states, in their order."""
        outputs = (
            [self.own_axes(case.grad_outputs)]
            if self.sequence
            else list(case.grad_outputs)
        )
        states = [self.own_state(g) for g in case.grad_state]
        return [tensor(a, case.strides) for a in outputs + states]
