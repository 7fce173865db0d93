"""NumPy targets: steps, sequence functions, and objects that keep their state.

    step(x_t, state) -> (output, state)                  x_t (N, D), state (N, H)
    step(params, x_t, state) -> (output, state)
    cell(x_t) -> output, or (output, state)              an object, or its class
    sequence(inputs, state) -> (outputs, state)          inputs (T, N, D)
    sequence(params, inputs, state, lengths) -> (outputs, state)

The state of an LSTM is the pair (h, c).  A step may take ``x, h, c`` and return
``h, c``, and all of them may work on columns (D, N) or on single vectors (D,): what a
target takes is found by its signature and by trial calls.
"""

from dataclasses import replace
from typing import Any

from refcheck.adapters.callable_arguments import arguments
from refcheck.adapters.callable_calls import Call
from refcheck.adapters.callable_candidates import calls, sizes
from refcheck.adapters.callable_cell import CallableCell
from refcheck.adapters.callable_live import Target
from refcheck.adapters.callable_params import params_of
from refcheck.adapters.callable_signature import Known, signature_of
from refcheck.adapters.callable_sizes import (
    declared_sizes,
    dtypes_of,
    fixed_sizes,
)
from refcheck.adapters.callable_sources import EXPECTED, Source, source_of
from refcheck.adapters.callable_trials import discovered, parameters
from refcheck.adapters.stateful import Memory, memory_of
from refcheck.cell import Declared, Spec
from refcheck.errors import RefcheckError, TargetError, Unsupported

TRIAL = Spec(5, 4)  # what a class is first built with


def adapt(thing: Any, declared: Declared, name: str) -> CallableCell:
    """Return the function, the object or the class ``thing`` as a cell.

    A user's object is never touched: it is copies of it that are called.

    Raises:
        TargetError: if it cannot be built or called, or is not what was declared.
        RefcheckError: if what was declared makes no sense for it.
    """
    if declared.call not in {"", "step", "sequence"}:
        message = f"--call is {declared.call!r}, expected step or sequence."
        raise RefcheckError(message)
    source = source_of(thing, declared, name)
    said = declared_sizes(declared, name)
    try:
        live = source.live(said or TRIAL)
    except Unsupported as error:
        message = f"{name} cannot be built: {error}."
        raise TargetError(message) from error
    draft = _draft(source, live, declared, name)
    dtypes = dtypes_of(source, draft.params, live)
    fixed = said or fixed_sizes(source, draft.params, live, name)
    fixed = fixed and replace(fixed, dtype=dtypes[0])
    states = declared.like.states if declared.like else None
    candidates = calls(
        draft.call, called=declared.call, states=states, holds=source.holds
    )
    found = discovered(draft, candidates, sizes(fixed, dtypes[0]), name)
    target = replace(draft, call=found.call)
    written: tuple[str, ...] = ()
    if source.holds and target.params is None:
        own, written = parameters(target, found.size)
        target = replace(target, own=own)
    known = Known(target, found, name, declared.like, dtypes, fixed, written)
    return CallableCell(
        target, signature_of(known), states=known.states, width=known.width
    )


def _draft(source: Source, live: Any, declared: Declared, name: str) -> Target:
    """Return what the signature alone tells."""
    if declared.state_attr and not source.holds:
        message = f"--state-attr names an attribute of an object; {name} is none."
        raise RefcheckError(message)
    memory = memory_of(live, declared.state_attr, name) if source.holds else Memory()
    states = declared.like.states if declared.like else None
    call = Call(
        arguments(
            source.function(live), params=declared.params is not None, states=states
        )
    )
    if not call.takes("inputs"):
        message = f"{name} takes no inputs: {EXPECTED}."
        raise TargetError(message)
    params = params_of(declared, name) if call.takes("params") else None
    return Target(source, call, memory, params)
