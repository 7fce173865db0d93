"""What is asked of a target: the laws, one again, which fault it has, what it is."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from refcheck.case import case_of
from refcheck.cell import Cell, Declared, Kind
from refcheck.diagnosis.diagnose import diagnosed
from refcheck.errors import Lost, RefcheckError
from refcheck.introduction import found_to_be, ready
from refcheck.kills import catching
from refcheck.law import Law
from refcheck.lookup import named
from refcheck.outcome import Outcome, Status
from refcheck.probing.called import past_the_end
from refcheck.probing.probe import probed
from refcheck.probing.understood import understood
from refcheck.runner import measure, replay, run, selected
from refcheck.settings import Settings
from refcheck.store import Stored
from refcheck.target import load
from refcheck.trial import Trial
from refcheck.watch import Watch
from refcheck.wire import (
    Diagnosed,
    Found,
    Message,
    Noted,
    Request,
    Told,
)

Laws = Mapping[str, Law]
Send = Callable[[Message], Any]


def carry_out(request: Request, known: Laws, send: Send, watch: Watch) -> None:
    """Load the target and do what is asked of it."""
    if request.probe:
        probe(request, send, watch)
        return
    cell = load(request.target, declared(request.declared))
    if request.diagnose:
        diagnose(cell, known, request, send, watch)
    elif request.replay is None:
        hold(cell, known, request.settings, send, watch)
    else:
        ask_again(cell, known, request.replay, send, watch)
    given_back(cell)


def given_back(cell: Any) -> None:
    """Leave a user's live object as it was, or let a worker go."""
    if hasattr(cell, "close"):
        cell.close()


def hold(cell: Cell, known: Laws, settings: Settings, send: Send, watch: Watch) -> None:
    """Hold ``cell`` to the laws that are selected."""
    every = list(known.values())
    send(ready(cell, list(selected(every, settings)), settings.dtypes))
    cell = understand(cell, send, watch)
    for note in past_the_end(cell, watch):
        send(Noted(note))
    for outcome in run(cell, every, settings, watch):
        send(Found(outcome))


def understand(cell: Cell, send: Send, watch: Watch) -> Cell:
    """Return a cell of which nothing is declared as what it is found to be."""
    found, told = understood(cell, watch)
    if told is not None:
        send(found_to_be(found, told))
    return found


def probe(request: Request, send: Send, watch: Watch) -> None:
    """Find out what the target is."""
    opened: list[Cell] = []

    def loaded(said: Declared) -> Cell:
        opened.append(load(request.target, said))
        return opened[-1]

    try:
        claimed = declared(request.declared)
        send(Told(probed(loaded, claimed, request.target, watch)))
    finally:
        for cell in opened:
            given_back(cell)


def diagnose(
    cell: Cell, known: Laws, request: Request, send: Send, watch: Watch
) -> None:
    """Compare ``cell`` with the known faults, on the cases that violate laws."""
    send(ready(cell, []))
    cell = understand(cell, _unheard, watch)
    target = measure(cell, request.settings, watch)
    with suppress(Lost):  # a worker that dies again leaves the report as it is
        found = diagnosed(target, request.diagnose, known, catching(known.values()))
        send(Diagnosed(found))


def ask_again(
    cell: Cell, known: Laws, stored: Stored, send: Send, watch: Watch
) -> None:
    """Ask the law of a stored case on that case alone."""
    law = named(stored.law, known)
    case: Any = case_of(stored.case)  # what the law is about: a cell's or a clipper's
    send(ready(cell, [law]))
    cell = understand(cell, _unheard, watch)
    watch.before(law.name, case)
    trial = replay(law, cell, case)
    watch.after()
    found = Outcome(
        law.name,
        law.family,
        _status(trial),
        law.statement,
        trial.crash,
        cases=1,
        inconclusive=int(not trial.conclusive),
        undecided=dict.fromkeys(trial.doubts, 1),
        finding=trial.worst.finding if trial.worst else None,
        case=stored.case,
    )
    send(Found(found))


def declared(plain: Mapping[str, Any]) -> Declared:
    """Return what the user said of the target.

    Raises:
        RefcheckError: if no kind is called so.
    """
    like = plain.get("like")
    kinds = [kind.value for kind in Kind]
    if like and like not in kinds:
        message = f"--like {like!r} is no kind, expected one of {', '.join(kinds)}."
        raise RefcheckError(message)
    return Declared(**{**plain, "like": Kind(like) if like else None})


def _unheard(_: Message) -> None:
    """Send nothing: what is found of the target has been told before."""


def _status(trial: Trial) -> Status:
    if trial.crash:
        return trial.lost or Status.CRASHED
    if trial.broken:
        return Status.VIOLATED
    decided = trial.conclusive and trial.verdicts
    return Status.HELD if decided else Status.INCONCLUSIVE
