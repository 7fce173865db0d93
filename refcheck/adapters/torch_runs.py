"""One call of a live module, and the gradients that are pulled back through it.

What the module gets are copies, so that it cannot write into a case; what it returns is
copied at once, and has the shape and dtype that the module gave it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from refcheck.adapters.torch_answers import Answer, AnswerError, described
from refcheck.adapters.torch_calls import Call, Given
from refcheck.adapters.torch_tensors import array, bare
from refcheck.case import Case
from refcheck.cell import Array, Gradients, Reply


class Placed(NamedTuple):
    """The live object of one spec."""

    module: nn.Module
    call: Call
    params: Mapping[str, nn.Parameter]
    complaint: str = ""  # why these are not the parameters that the spec asks for


class Run(NamedTuple):
    """One call: who was called, with what, and the answer."""

    placed: Placed
    given: Given
    answer: Answer

    def reply(self) -> Reply:
        """Return copies of what was returned, as it is now."""
        return self.placed.call.reply(self.answer)

    def left(self, case: Case) -> dict[str, Array]:
        """Return copies of the arguments of ``case``, as the module left them."""
        call, given = self.placed.call, self.given
        left = {"inputs": call.own_axes(array(given.inputs))}
        for k, s in enumerate(given.state or () if case.state else ()):
            left[f"state.{k}"] = call.canonical_state(array(s))
        for name, rows in given.rows.items():
            ends = call.own_axes(array(rows))
            left["lengths"] = ends.sum(axis=0) if name == call.mask else ends
        params = self.placed.params.items()
        return left | {f"params.{name}": array(p) for name, p in params}

    def pulled(self, case: Case, *, retain: bool = False) -> Gradients:
        """Return the gradients of the arguments, none of them accumulated.

        What the call has recorded is kept if ``retain``, to be pulled from once more.
        """
        projections = _projections(self.placed.call, self.answer, case)
        leaves = [t for t in self._arguments() if t.requires_grad]
        found: tuple[Tensor | None, ...] = (None,) * len(leaves)
        if projections:
            found = torch.autograd.grad(
                projections, leaves, retain_graph=retain, allow_unused=True
            )
        gradients = {id(t): g for t, g in zip(leaves, found, strict=True)}
        return self._gathered(lambda t: gradients.get(id(t)))

    def accumulated(self, case: Case, times: int) -> Gradients:
        """Return what as many calls and backward passes leave in ``grad``."""
        placed, given, answer = self
        for k in range(times):
            if k:
                answer = placed.call.run(placed.module, given)
            projections = _projections(placed.call, answer, case)
            if projections:
                torch.autograd.backward(projections)
        found = self._gathered(lambda t: t.grad)
        for parameter in placed.params.values():
            parameter.grad = None
        return found

    def _arguments(self) -> list[Tensor]:
        state = self.given.state or ()
        return [*self.placed.params.values(), self.given.inputs, *state]

    def _gathered(self, gradient: Callable[[Tensor], Tensor | None]) -> Gradients:
        """Return each argument's gradient: zeros for one that the answer ignores."""
        call, given = self.placed.call, self.given

        def found(t: Tensor) -> Array:
            g = gradient(t)
            return array(torch.zeros_like(t) if g is None else g)

        return Gradients(
            {name: found(p) for name, p in self.placed.params.items()},
            call.own_axes(found(given.inputs)),
            tuple(call.canonical_state(found(s)) for s in given.state or ()),
        )


def started(
    placed: Placed, case: Case, *, leaves: bool, carried: tuple[Tensor, ...] | None
) -> Run:
    """Call the module as ``case`` says; ``leaves`` record gradients."""
    _set(placed.params, case.params)
    given = placed.call.given(case)
    if carried is not None:
        given = given._replace(state=carried)
    if leaves:
        for t in (given.inputs, *(given.state or ())):
            t.requires_grad_()
    return Run(placed, given, placed.call.run(placed.module, given))


def _projections(call: Call, answer: Answer, case: Case) -> list[Tensor]:
    """Return each answer times the gradient that enters there: scalars to pull from.

    The products with 1 are exact, so that this rounds nothing; to hand the entering
    gradients to autograd instead makes it import SymPy, which takes longer than a run
    of most laws.
    """
    found = []
    for t, g in zip(call.tensors(answer), call.seeds(case), strict=False):
        if not t.requires_grad:
            continue
        if t.shape != g.shape:
            message = f"forward returned {described(t)}, expected {tuple(g.shape)}."
            raise AnswerError(message)
        found.append((t * g).sum())
    return found


def _set(params: Mapping[str, nn.Parameter], values: Mapping[str, Array]) -> None:
    """Update the parameters in place: the objects stay, so that a stale cache shows."""
    with torch.no_grad():
        for name, parameter in params.items():
            value = bare(values[name])
            if value.shape != parameter.shape:
                found = f"{tuple(parameter.shape)}, not {tuple(value.shape)}"
                message = f"{name} has shape {found}."
                raise ValueError(message)
            parameter.copy_(value)
