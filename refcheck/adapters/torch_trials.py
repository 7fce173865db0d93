"""Finding out how a module is called: from its signature, then by trial calls.

A call whose answer has the shapes it should is preferred; failing that, one that
returns at all, so that a law may judge its shapes.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from torch import nn

from refcheck.adapters.torch_answers import AnswerError
from refcheck.adapters.torch_calls import Call, Form
from refcheck.adapters.torch_samples import WANTED, attempt, fits, merit_of, sample
from refcheck.adapters.torch_signatures import Slots, slots
from refcheck.cell import Kind, Reply, Spec
from refcheck.errors import TargetError

OF_SHAPES = (RuntimeError, ValueError, TypeError, IndexError, AssertionError)
EXPECTED = (
    "expected forward(x, state=None) -> (output, state) over whole sequences, "
    "or a step forward(x_t, state)"
)


class Found(NamedTuple):
    """A call that a module understands, what it answers, and what was assumed."""

    call: Call
    reply: Reply
    notes: tuple[str, ...] = ()


def discovered(
    make: Callable[[], nn.Module],
    spec: Spec,
    kind: Kind | None,
    modes: tuple[bool, ...],
    name: str,
) -> Found:
    """Return how a module is called; ``modes`` says what to try: sequence, step.

    Each trial has a module of its own, so that none sees the state of another.

    Raises:
        TargetError: if no call that is known here returns.
    """
    known = slots(make())
    errors: list[Exception] = []
    best, most = None, -1
    for call in _candidates(spec, kind, modes, known):
        case = sample(spec, None if call.default else call.states)
        reply = attempt(call, make(), case)
        if isinstance(reply, Exception):
            errors.append(reply)
            continue
        merit = merit_of(reply, call, case)
        if merit > most:
            best, most = Found(call, reply), merit
        if merit == WANTED:
            break
    if best is None:
        raise _refused(errors, spec, name)
    return _with_rows(_with_state(best, make, spec, kind, known), make, spec, known)


def _candidates(
    spec: Spec, kind: Kind | None, modes: tuple[bool, ...], known: Slots
) -> Iterator[Call]:
    """Yield calls that are given a state, then calls that are given none."""
    axes = {True: (spec.batch_first, not spec.batch_first), False: (False,)}
    ranks = {True: (3, 2), False: (2, 3)}
    plain = Call(arguments=known.state, positional=known.positional, reset=known.reset)
    calls = [
        replace(
            plain,
            sequence=sequence,
            batch_first=batch_first,
            states=states,
            rank=rank,
            form=form,
        )
        for sequence in (sorted(modes) if known.reset else modes)
        for batch_first in axes[sequence]
        for rank in ranks[sequence]
        for states, form in _forms(kind, known)
    ]
    if known.state:
        yield from calls
    yield from (replace(call, default=True) for call in calls)


def _forms(kind: Kind | None, known: Slots) -> Iterator[tuple[int, Form]]:
    """Yield how many arrays the state may have, and how they may be handed over."""
    if kind is None or kind.states == 1:
        yield 1, Form.ONE
    if kind is None or kind.states == 2:
        yield 2, Form.TUPLE
        if len(known.state) > 1:
            yield 2, Form.SPREAD
    if kind is None or kind.states == 1:
        yield 1, Form.TUPLE


def _with_state(
    found: Found,
    make: Callable[[], nn.Module],
    spec: Spec,
    kind: Kind | None,
    known: Slots,
) -> Found:
    """Find out whether the state can be left out, or given where it never was taken."""
    call, reply, _ = found
    if not call.default:
        bare = attempt(replace(call, default=True), make(), sample(spec, None))
        promised = known.optional and not isinstance(bare, NotImplementedError)
        return Found(replace(call, default=isinstance(bare, Reply) or promised), reply)
    given = attempt(replace(call, default=False), make(), sample(spec, call.states))
    if known.state and kind and not isinstance(given, NotImplementedError):
        return found  # what it does with a state is for laws to judge
    states = len(reply.state) if call.sequence else call.states
    note = (
        f"no state is given: forward({''.join(known.state[:1])}=) takes none known here"
    )
    notes = (note,) if known.state else ()
    return Found(replace(call, arguments=(), states=states), reply, notes)


def _with_rows(
    found: Found, make: Callable[[], nn.Module], spec: Spec, known: Slots
) -> Found:
    """Find out how the module is told where rows end; steps are not told."""
    call = found.call
    case = sample(spec, None if call.default else call.states, lengths=True)

    def answer(**changes: Any) -> Reply | Exception:
        return attempt(replace(call, **changes), make(), case)

    if not call.sequence:
        return found
    if not known.lengths and not known.mask:
        packed = answer(lengths="packed")
        taken = isinstance(packed, Reply) and fits(packed, case)
        return found._replace(call=replace(call, lengths="packed" if taken else ""))
    lengths, mask = known.lengths, known.mask
    if isinstance(answer(lengths=lengths, mask=""), NotImplementedError):
        lengths = ""
    numbers = isinstance(answer(mask=mask, mask_numbers=True), Reply)
    numbers = numbers and isinstance(answer(mask=mask), Exception)
    changed = replace(call, lengths=lengths, mask=mask, mask_numbers=numbers)
    return found._replace(call=changed)


def _refused(errors: list[Exception], spec: Spec, name: str) -> TargetError:
    """Return the error that tells most: a strange answer, then a fault inside."""
    misread = [e for e in errors if isinstance(e, AnswerError)]
    if misread:
        return TargetError(f"{name}: {misread[0]}")
    inside = [e for e in errors if not isinstance(e, OF_SHAPES)]
    (first, *_) = inside + errors
    shape = sample(spec, None).inputs.shape
    told = f"{type(first).__name__}: {first}"
    return TargetError(f"{name} raised {told} on inputs {shape}; {EXPECTED}.")
