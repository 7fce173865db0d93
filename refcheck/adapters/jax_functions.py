"""Plain functions of JAX, called as NumPy's are, with gradients by ``jax.vjp``.

    step(params, x_t, state) -> (output, state)          x_t (N, D), state (N, H)
    step(x_t, state) -> (output, state)
    sequence(params, inputs, state, lengths) -> (outputs, state)

The state of an LSTM is the pair (h, c); a step may take and return the two apart.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import jax

from refcheck.adapters.callable_arguments import arguments
from refcheck.adapters.callable_calls import Call, Given
from refcheck.adapters.callable_params import KNOWN, Params, params_of
from refcheck.adapters.class_options import sizes
from refcheck.adapters.jax_adapt import TRIAL, Facts, adapted
from refcheck.adapters.jax_calls import precision
from refcheck.adapters.jax_carry import Built, Form
from refcheck.adapters.jax_cell import JaxCell, outputs_of
from refcheck.cell import Declared, Spec
from refcheck.errors import TargetError


@dataclass(frozen=True)
class Function:
    """A function, how it is called, and the parameters that it is handed."""

    function: Any
    call: Call
    params: Params | None

    def build(self, spec: Spec) -> Built:
        """Return it as a call of a carry, which is a tuple of arrays."""
        shapes = dict(self.params.shapes(spec)) if self.params else {}

        def call(params: Any, kept: Any, carry: Any, inputs: Any, lengths: Any) -> Any:
            ordered = {name: params[name] for name in shapes}  # JAX sorts names
            held = self.params.container(ordered) if self.params else None
            given = Given(held, inputs, carry, lengths)
            answer = self.call.called(self.function, given)
            outputs, state = self.call.read(answer)
            return tuple(state) or None, outputs, kept

        return Built(shapes, (), call)

    def form(self, spec: Spec) -> Form:  # noqa: ARG002 - the same for all
        """Return the form of its carry."""
        places = [a for a in self.call.arguments if a.role == "state"]
        carry = jax.tree.structure((0,) * self.call.states) if places else None
        return Form(
            carry,
            step=self.call.step,
            lengths=bool(self.call.takes("lengths")),
            default=all(a.optional for a in places),
        )


def returns_jax(thing: Any) -> bool:
    """Return whether a function speaks of JAX: by what its code names."""
    names = getattr(getattr(thing, "__code__", None), "co_names", ())
    spoken = (getattr(thing, "__globals__", {}).get(name) for name in names)
    return any(
        str(getattr(s, "__module__", None) or getattr(s, "__name__", "")).partition(
            "."
        )[0]
        == "jax"
        for s in spoken
    )


def adapt(thing: Any, declared: Declared, name: str) -> JaxCell:
    """Return the function ``thing`` as a cell.

    Raises:
        TargetError: if it cannot be called, or is not what was declared.
    """
    said = sizes(declared)
    base = replace(TRIAL, **said)
    function = _understood(list(_candidates(thing, declared, name)), base, name)
    resizable = function.params.resizable if function.params else not said
    return adapted(
        Facts(
            name,
            replace(declared, params=None),
            None,
            function.build,
            function.form,
            KNOWN,
            base=base,
            resizable=resizable and not said,
        )
    )


def _candidates(thing: Any, declared: Declared, name: str) -> Iterator[Function]:
    like = declared.like
    states = like.states if like else None
    given = arguments(thing, params=declared.params is not None, states=states)
    call = Call(given)
    params = params_of(declared, name) if call.takes("params") else None
    steps = [True, False] if not call.takes("lengths") else [False]
    steps = [declared.call == "step"] if declared.call else steps
    counts = [2] if call.takes("state") == 2 else [states] if states else [1, 2]
    for step, count in itertools.product(steps, counts):
        yield Function(thing, replace(call, step=step, states=count), params)


def _understood(among: list[Function], spec: Spec, name: str) -> Function:
    """Return the first convention under which a trial call goes well."""
    failed: list[Exception] = []
    for function in among:
        try:
            with precision(spec.dtype):
                outputs_of(function.build(spec), function.form(spec), spec)
        except Exception as error:  # noqa: BLE001 - whatever the target raises
            failed.append(error)
        else:
            return function
    first, *_ = str(failed[0]).strip().splitlines() or [""]
    message = (
        f"{name} failed in a trial call: {type(failed[0]).__name__}: {first}. If it is "
        "called in another way, declare --call step or --call sequence, or --like KIND."
    )
    raise TargetError(message)
