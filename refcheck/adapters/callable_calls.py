"""How a callable is called, and what its answer means.

A ``Call`` is data; ``callable_trials.py`` finds the one that a target understands.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from refcheck.adapters.arrays import AnswerError, copied, described, handed, stacked
from refcheck.adapters.callable_arguments import Argument
from refcheck.adapters.callable_axes import Axes
from refcheck.case import Case
from refcheck.cell import Array, Reply
from refcheck.errors import Unsupported

Function = Callable[..., Any]


class Given(NamedTuple):
    """The arguments of one call, in the target's own axes; they belong to it alone."""

    params: Any
    inputs: Array  # time in front
    state: Sequence[Any] | None
    lengths: Array | None


class Answer(NamedTuple):
    """What one call has returned, unconverted, and copies made at once."""

    outputs: Sequence[Any]  # of each step, or one of the sequence
    state: Sequence[Any]
    reply: Reply


@dataclass(frozen=True)
class Call:
    """A calling convention: ``f(params, inputs, state, lengths)``, or some of these.

    A step is called T times.  A target without an argument for the state keeps it for
    itself.
    """

    arguments: tuple[Argument, ...]
    step: bool = True
    axes: Axes = Axes.ROWS
    states: int = 1  # arrays that make up the state
    wrapped: bool = False  # a state of one array is handed over as (h,)
    filled: bool = False  # "no lengths" is said with full ones, not with None

    def takes(self, role: str) -> int:
        """Return how many arguments take what has this role."""
        return sum(a.role == role for a in self.arguments)

    def given(self, case: Case, params: Any) -> Given:
        """Return the arguments that ``case`` describes."""
        state, lengths = case.state, case.lengths
        if lengths is None and self.filled:
            lengths = np.full(case.batch, case.time)
        return Given(
            params,
            handed(self.axes.own_sequence(case.inputs), case.strides),
            state and [handed(self.axes.own_state(s), case.strides) for s in state],
            None if lengths is None else handed(lengths),
        )

    def packed(self, state: Sequence[Any] | None) -> list[Any]:
        """Return the state as the arguments that it is handed over in."""
        places = self.takes("state")
        if state is None or places == 0:
            return [None] * places
        if places == 1:
            one = len(state) == 1 and not self.wrapped
            return [state[0] if one else tuple(state)]
        if len(state) != places:
            message = f"the target takes {places} states, not {len(state)}."
            raise Unsupported(message)
        return list(state)

    def run(
        self, function: Function, given: Given, kept: Callable[[], Sequence[Any]]
    ) -> Answer:
        """Call ``function`` once, or once for each step; ``kept`` is a hidden state."""
        outputs, copies, state = [], [], given.state
        for _, answer in self.calls(function, given):
            output, state = answer
            outputs.append(output)
            copies.append(copied(output))
        state = state or kept()
        return Answer(outputs, state, self._reply(copies, [copied(s) for s in state]))

    def calls(
        self, function: Function, given: Given
    ) -> Iterator[tuple[Given, tuple[Any, Sequence[Any]]]]:
        """Yield what each call was given, and its output and state."""
        for inputs in given.inputs if self.step else [given.inputs]:
            part = given._replace(inputs=inputs)
            output, state = self.read(self.called(function, part))
            yield part, (output, state)
            given = given._replace(state=state)

    def called(self, function: Function, given: Given, *more: Any) -> Any:
        """Call ``function`` once; ``more`` follows what a forward call takes."""
        values = {
            "params": iter([given.params]),
            "inputs": iter([given.inputs]),
            "state": iter(self.packed(given.state)),
            "lengths": iter([given.lengths]),
        }
        positional, named = [], {}
        for argument in self.arguments:
            value = next(values[argument.role])
            if argument.keyword and not more:
                named[argument.name] = value
            else:
                positional.append(value)
        return function(*positional, *more, **named)

    def reread(self, answer: Answer) -> Reply:
        """Convert what a call returned once more."""
        return self._reply(
            [copied(y) for y in answer.outputs], [copied(s) for s in answer.state]
        )

    def _reply(self, outputs: list[Array], state: list[Array]) -> Reply:
        joined = stacked(outputs) if self.step else outputs[0]
        return Reply(
            self.axes.sequence(joined), tuple(self.axes.state(s) for s in state)
        )

    def read(self, answer: Any) -> tuple[Any, Sequence[Any]]:
        """Return the output and the state; the output of a step may be its h."""
        parts = list(answer) if isinstance(answer, tuple) else [answer]
        output, state = parts[0] if parts else None, flat(parts[1:])
        if self.step and self.states == 2 == len(parts) and len(state) == 1:
            state = parts
        if self.step and not state and self.takes("state"):
            state = parts
        if self.takes("state") and not state:
            message = f"returned {described(answer)}, expected (output, state)"
            raise AnswerError(message)
        return output, state


def flat(parts: Sequence[Any]) -> list[Any]:
    """Return (h, c), [(h, c)] and [h, c] as [h, c]; [None] is nothing."""
    if len(parts) == 1 and isinstance(parts[0], tuple | list):
        return list(parts[0])
    return [] if len(parts) == 1 and parts[0] is None else list(parts)
