"""What a module returned, read as outputs and state."""

from typing import Any, NamedTuple

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence


class AnswerError(TypeError):
    """What a module returned cannot be read as outputs and state."""


class Answer(NamedTuple):
    """What one call returned, unconverted."""

    outputs: list[Any]  # of the whole sequence, or of each step
    state: list[Any]
    time: int


def read(found: Any, time: int, *, sequence: bool, states: int) -> Answer:
    """Return what ``forward`` returned as outputs and ``states`` arrays of state.

    Raises:
        AnswerError: if it is neither (output, state), nor (h, c) of a step, nor h.
    """
    several = isinstance(found, tuple | list) and not packed(found)
    parts = list(found) if several else [found]
    if len(parts) == 2 and isinstance(parts[1], tuple | list):
        parts[1:] = parts[1]
    elif len(parts) == 2 and parts[1] is None:
        parts.pop()
    if not sequence and len(parts) == states:
        parts = [parts[0], *parts]  # the output of a step is its h
    if not parts or not all(isinstance(p, Tensor) or packed(p) for p in parts):
        message = f"forward returned {described(found)}, expected (output, state)."
        raise AnswerError(message)
    return Answer(parts[:1], parts[1:], time)


def packed(found: Any) -> bool:
    """Whether it is a PackedSequence, which is a tuple too."""
    return isinstance(found, PackedSequence)


def described(found: Any) -> str:
    """Return a few words for what a module returned."""
    if isinstance(found, Tensor):
        return f"a tensor of shape {tuple(found.shape)}"
    if isinstance(found, tuple | list) and not packed(found):
        return f"({', '.join(described(part) for part in found)})"
    return "None" if found is None else f"an object of type {type(found).__name__}"
