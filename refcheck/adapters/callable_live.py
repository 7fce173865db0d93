"""One live object, the parameters it is called with, and the calls of it."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from refcheck.adapters.arrays import copied, handed
from refcheck.adapters.callable_backward import Pulls, entering, pulled
from refcheck.adapters.callable_calls import Answer, Call, Given
from refcheck.adapters.callable_params import Params, Shape
from refcheck.adapters.callable_sources import Source
from refcheck.adapters.stateful import Memory, arrays_of
from refcheck.case import Case
from refcheck.cell import Array, Gradients, Spec


@dataclass(frozen=True)
class Target:
    """All that is known of how the target is built and called."""

    source: Source
    call: Call
    memory: Memory
    params: Params | None  # handed over with each call
    own: tuple[str, ...] = ()  # attributes that are parameters

    def live(self, spec: Spec) -> "Live":
        """Return a live object; raise Unsupported if it cannot be built."""
        return Live(self, self.source.live(spec), spec)


class Live:
    """A live object; arrays that it is given for parameters are always the same ones.

    What a target derives from its parameters and keeps is therefore seen to be stale.
    """

    def __init__(self, target: Target, thing: Any, spec: Spec) -> None:
        """Call ``thing``, which was built for ``spec``."""
        self.thing = thing
        self._target, self._spec = target, spec
        self._function = target.source.function(thing)
        names = [n for n in target.memory.attributes if hasattr(thing, n)]
        first = {n: copy.deepcopy(getattr(thing, n)) for n in names}
        self._memory = replace(target.memory, first=first)
        self._held: dict[str, tuple[dict[str, Array], Any]] = {}  # by strides

    def shapes(self) -> Mapping[str, Shape]:
        """Return the shape of each parameter, in the target's own names."""
        if self._target.params is not None:
            return self._target.params.shapes(self._spec)
        own = {n: getattr(self.thing, n) for n in self._target.own}
        return {n: tuple(a.shape) for n, a in own.items()}

    def begin(self, case: Case) -> Given:
        """Put parameters and initial state in place, and return the arguments."""
        container = self._placed(case)
        given = self._target.call.given(case, container)
        self._memory.begin(self.thing, given.state)
        return given

    def run(self, given: Given) -> Answer:
        """Call the target on arguments that ``begin`` has made."""
        kept = lambda: self._memory.kept(self.thing)  # noqa: E731
        return self._target.call.run(self._function, given, kept)

    def pulls(self, case: Case) -> Pulls:
        """Return the gradients that enter."""
        return entering(self._target.call, case)

    def pull(self, given: Given, pulls: Pulls) -> Gradients:
        """Pull gradients back by the target's own backward pass."""
        backward = self._target.source.backward(self.thing)
        if backward is None:
            message = "the target has no backward."
            raise TypeError(message)
        names = tuple(self.shapes())
        functions = (self._function, backward)
        return pulled(self._target.call, functions, given, pulls, names)

    def left(self, case: Case, given: Given) -> dict[str, Array]:
        """Return the arguments as the target has left them, in the case's axes."""
        axes = self._target.call.axes
        state: Sequence[Array] = given.state or ()
        left = {"inputs": axes.sequence(given.inputs)}
        left |= {f"state.{k}": axes.state(s) for k, s in enumerate(state)}
        left |= {} if given.lengths is None else {"lengths": given.lengths}
        for name in case.params:
            where = given.params if self._target.params else vars(self.thing)
            left[f"params.{name}"] = where[name]
        return {name: copied(array) for name, array in left.items()}

    def left_pulls(self, pulls: Pulls) -> dict[str, Array]:
        """Return the gradients that entered, likewise."""
        axes = self._target.call.axes
        left = {"grad_outputs": axes.sequence(pulls.outputs)}
        left |= {f"grad_state.{k}": axes.state(g) for k, g in enumerate(pulls.state)}
        return {name: copied(array) for name, array in left.items()}

    def _placed(self, case: Case) -> Any:
        if self._target.params is None:
            own = vars(self.thing) if case.params else {}
            for name, array in case.params.items():
                _put(name, array, own[name])
            return None
        if case.strides not in self._held:
            made = {n: handed(a, case.strides) for n, a in case.params.items()}
            self._held[case.strides] = made, self._target.params.container(made)
        arrays, container = self._held[case.strides]
        for name, array in case.params.items():
            _put(name, array, arrays[name])
            container[name] = arrays[name]  # the target may have put another there
        return container


def _put(name: str, array: Array, place: Array) -> None:
    if array.shape != place.shape:
        message = f"{name} has shape {place.shape}, expected {array.shape}."
        raise TypeError(message)
    place[...] = array


def unchanged(thing: Any, before: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the arrays of ``thing`` that are still as they were."""
    now = arrays_of(thing)
    return tuple(n for n, b in before.items() if n in now and now[n].tobytes() == b)
