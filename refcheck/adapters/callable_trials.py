"""Finding out how a callable is called: from its signature, then by trial calls.

Time, rows, inputs and units differ in a trial, so that the shapes of what comes back
tell which axis is which.  A convention that fails there is tried where D = H, and with
a single row: some cells work only where sizes happen to fit, and it is for the laws,
not for the adapter, to say that this is wrong.
"""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refcheck.adapters.arrays import AnswerError, generic
from refcheck.adapters.callable_axes import Axes
from refcheck.adapters.callable_calls import Call
from refcheck.adapters.callable_candidates import Size
from refcheck.adapters.callable_live import Live, Target, unchanged
from refcheck.adapters.stateful import arrays_of
from refcheck.case import Case
from refcheck.cell import Reply
from refcheck.errors import TargetError

TIMES = (6, 7, 8)


class Found(NamedTuple):
    """The convention that the target understands best."""

    call: Call
    size: Size
    reply: Reply
    score: int  # outputs, state, and what comes without a state: 1 for each that fits


def discovered(
    target: Target, candidates: Sequence[Call], among: Sequence[Size], name: str
) -> Found:
    """Return the convention under which a trial call goes best.

    Raises:
        TargetError: if every trial call fails, with what the target raised.
    """
    found: list[Found] = []
    failed: dict[Call, Exception] = {}
    for size in among:
        for call in _left(candidates, found, failed, size):
            result = _tried(replace(target, call=call), size)
            if isinstance(result, Exception):
                failed.setdefault(call, result)
                continue
            found.append(result)
            if result.score == 3:
                return result
    if found:
        return max(found, key=lambda f: (f.score, not _vectors(f.call)))
    raise _failure(failed, name)


def _tried(target: Target, size: Size) -> Found | Exception:
    """Call with a state, and without one where the target says that it needs none."""
    call = target.call
    reply = attempt(target, size)
    if isinstance(reply, Exception):
        return reply
    score = scored(reply, call, size)
    places = [a for a in call.arguments if a.role == "state"]
    without = all(a.optional for a in places) and (places or target.memory.attributes)
    other = attempt(target, size, state=False) if without else reply
    starts = not isinstance(other, Exception) and scored(other, call, size) == score
    return Found(call, size, reply, score + starts)


def _left(
    candidates: Sequence[Call],
    found: Sequence[Found],
    failed: Mapping[Call, Exception],
    size: Size,
) -> Sequence[Call]:
    """Return the conventions under which the target has not answered so far."""
    tried = {f.call for f in found}
    tried |= {c for c, error in failed.items() if _answered(error)}
    one = size.rows == 1
    return [c for c in candidates if c not in tried and (one or not _vectors(c))]


def _vectors(call: Call) -> bool:
    return call.axes is Axes.VECTORS


def attempt(target: Target, size: Size, *, state: bool = True) -> Reply | Exception:
    """Return the answer to a trial call of a new object, or what it raised."""
    try:
        live = target.live(size.spec)
        with np.errstate(all="ignore"):
            return live.run(live.begin(trial(target, live, size, state=state))).reply
    except Exception as error:  # noqa: BLE001 - whatever the target raises
        return error


def trial(target: Target, live: Live, size: Size, *, state: bool = True) -> Case:
    """Return the case of a trial call."""
    call, (spec, rows) = target.call, size
    time = next(t for t in TIMES if t not in (rows, spec.input_size, spec.hidden_size))
    hands = call.takes("state") or target.memory.attributes
    shapes = [(1, rows, spec.hidden_size)] * call.states
    states = tuple(generic(s, 50 + k).astype(spec.dtype) for k, s in enumerate(shapes))
    params = enumerate(live.shapes().items())
    return Case(
        spec=spec,
        params={n: generic(s, 100 * k).astype(spec.dtype) for k, (n, s) in params},
        inputs=generic((time, rows, spec.input_size), 7).astype(spec.dtype),
        state=states if state and hands else None,
        lengths=None,
        grad_outputs=generic((time, rows, spec.hidden_size), 9).astype(spec.dtype),
        grad_state=states,
    )


def scored(reply: Reply, call: Call, size: Size) -> int:
    """Return how many of outputs and state have the shapes that they should have."""
    outputs, shape = reply.outputs.shape, (1, size.rows, size.spec.hidden_size)
    wanted = (call.states,) if call.takes("state") else (0, call.states)
    states = all(s.shape == shape for s in reply.state) and len(reply.state) in wanted
    return int(len(outputs) == 3 and outputs[1] == size.rows) + int(states)


def parameters(target: Target, size: Size) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the attributes that are parameters, and those that calls write to.

    Every float array that a call forward and backward leaves alone is a parameter.
    """
    live = target.live(size.spec)
    for k, array in enumerate(arrays_of(live.thing).values()):
        array[...] = generic(array.shape, 1000 + 100 * k)
    before = {n: a.tobytes() for n, a in arrays_of(live.thing).items()}
    case = trial(target, live, size)
    with np.errstate(all="ignore"), suppress(Exception):
        live.run(live.begin(case))
    with np.errstate(all="ignore"), suppress(Exception):
        live.pull(live.begin(case), live.pulls(case))
    own = unchanged(live.thing, before)
    written = tuple(n for n in before if n not in own)
    known = target.memory.attributes
    return tuple(n for n in own if n not in known), written


def _failure(failed: Mapping[Call, Exception], name: str) -> TargetError:
    """Tell of the call that got furthest, and of what can be declared.

    An answer that cannot be read is given after the last line, if that is how the
    target is called at all.
    """
    likeliest = next(iter(failed)).step
    _, error = max(
        failed.items(),
        key=lambda f: (f[0].step == likeliest and _answered(f[1]), _line(f[1])),
    )
    said = str(error) if _answered(error) else f"{type(error).__name__}: {error}"
    return TargetError(
        f"{name} failed in a trial call: {said.rstrip('.')}. If it is called in "
        "another way, declare --call step or --call sequence, --set input_size=3 --set "
        "hidden_size=4, --state-attr NAME, --params NAME or --like KIND."
    )


def _answered(error: Exception) -> bool:
    return isinstance(error, AnswerError)


def _line(error: Exception) -> int:
    """Return the line of the target's own function in which ``error`` was raised."""
    here = str(Path(__file__).parent)
    frames: Iterator[traceback.FrameSummary]
    frames = iter(traceback.extract_tb(error.__traceback__))
    lines = [f.lineno or 0 for f in frames if not f.filename.startswith(here)]
    return lines[0] if lines else -1
