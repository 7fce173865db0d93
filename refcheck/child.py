"""The child process: load the target, hold it to the laws, and send what is found.

Started by ``isolation.py`` with the folder of the request and the pipe's descriptor.
"""

import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from refcheck.bugs import BUGS
from refcheck.callwriter import CallWriter
from refcheck.case import case_of
from refcheck.catalogue import laws
from refcheck.cell import Cell, Declared, Kind
from refcheck.diagnosis.diagnose import diagnosed
from refcheck.environment import environment
from refcheck.errors import Lost, RefcheckError, TargetError
from refcheck.kills import catching
from refcheck.law import Law
from refcheck.lookup import named, require_known
from refcheck.oracle import shortfall
from refcheck.outcome import Outcome, Status
from refcheck.probing.called import past_the_end
from refcheck.probing.found import undeclared
from refcheck.probing.probe import probed
from refcheck.probing.understood import understood
from refcheck.runner import measure, replay, run, selected
from refcheck.settings import Settings
from refcheck.store import Stored
from refcheck.target import load
from refcheck.trial import Trial
from refcheck.watch import Watch
from refcheck.wire import (
    Asked,
    Diagnosed,
    Done,
    Fault,
    Found,
    Message,
    Noted,
    Ready,
    Refused,
    Request,
    Told,
    Understood,
    packed,
)

Laws = Mapping[str, Law]
Send = Callable[[Message], Any]


def main() -> None:
    """Carry out the request, and leave without waiting for the target's threads."""
    folder, pipe = Path(sys.argv[1]), int(sys.argv[2])
    request = msgspec.msgpack.decode((folder / "request").read_bytes(), type=Request)
    os.set_inheritable(pipe, False)
    os.register_at_fork(after_in_child=lambda: _cut_off(pipe))
    threading.Thread(target=_follow, args=(pipe,), daemon=True).start()
    with os.fdopen(pipe, "wb") as file:

        def send(message: Message) -> None:
            file.write(packed(message))
            file.flush()

        try:
            answer(request, send, CallWriter(folder / "calls"))
        except BaseException as error:  # noqa: BLE001 - the target left: sys.exit, Ctrl-C
            _leave(error.code if isinstance(error, SystemExit) else 1)
    _leave(0)


def answer(request: Request, send: Send, watch: Watch) -> None:
    """Load the target and send all that is found, or why nothing is."""
    try:
        known = laws()
        require_known(request.settings, known)
        if request.probe:
            probe(request, send, watch)
        else:
            _asked(request, known, send, watch)
    except Lost as error:
        send(Refused(f"{request.target} was lost: {error}.", target=True))
    except RefcheckError as error:
        send(Refused(str(error), isinstance(error, TargetError)))
    except Exception:  # noqa: BLE001 - whatever it is, the supervisor has to hear of it
        send(Fault(traceback.format_exc()))
    else:
        send(Done())


def _asked(request: Request, known: Laws, send: Send, watch: Watch) -> None:
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
    send(_ready(cell, list(selected(every, settings)), settings.dtypes))
    cell = understand(cell, send, watch)
    for note in past_the_end(cell, watch):
        send(Noted(note))
    for outcome in run(cell, every, settings, watch):
        send(Found(outcome))


def understand(cell: Cell, send: Send, watch: Watch) -> Cell:
    """Return a cell of which nothing is declared as what it is found to be."""
    found, told = understood(cell, watch)
    if told is not None:
        kind = found.signature.kind
        send(
            Understood(
                kind.value if kind else "unknown",
                could_have(found),
                (*_assumed(found), *_conventions(found)),
                told,
            )
        )
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
    send(_ready(cell, []))
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
    send(_ready(cell, [law]))
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


def _status(trial: Trial) -> Status:
    if trial.crash:
        return trial.lost or Status.CRASHED
    if trial.broken:
        return Status.VIOLATED
    decided = trial.conclusive and trial.verdicts
    return Status.HELD if decided else Status.INCONCLUSIVE


def _ready(cell: Cell, chosen: Sequence[Law], dtypes: Sequence[str] = ()) -> Ready:
    kind, usual = cell.signature.kind, cell.signature.usual.dtypes
    asked = tuple(dtype for dtype in cell.signature.dtypes if dtype in dtypes)
    return Ready(
        kind.value if kind else "unknown",
        (*cell.signature.notes, *_known(cell)),
        environment(),
        tuple(map(_planned, chosen)),
        asked or usual,
        could_have(cell),
    )


def _planned(law: Law) -> Asked:
    return Asked(law.name, law.family, law.statement, law.strict)


def could_have(cell: Cell) -> tuple[str, ...]:
    """Return the known faults that such a cell could have, by id."""
    return tuple(bug.id for bug in BUGS if bug.applies_to(cell.signature))


def _unheard(_: Message) -> None:
    """Send nothing: what is found of the target has been told before."""


def _known(cell: Cell) -> Iterator[str]:
    """Yield what follows from the kind, unless that is still to be found out."""
    if not undeclared(cell):
        yield from _assumed(cell)
        yield from _conventions(cell)


def _assumed(cell: Cell) -> tuple[str, ...]:
    """Say where allowances do not follow from a textbook, or its oracle is weak."""
    kind, layout = cell.signature.kind, cell.signature.layout
    if kind is not None and not kind.recurrent:
        return ()
    if kind is not None and layout is not None:
        return (shortfall(),) if shortfall() else ()
    lacks = "its kind is unknown" if kind is None else "its parameters are not visible"
    return (f"allowances are assumed from its own sensitivity, not derived: {lacks}",)


def _follow(pipe: int) -> None:
    """End with the supervisor, whatever ends it: then nobody reads the pipe."""
    reader = select.poll()
    reader.register(pipe, 0)  # no event but the end of the other side
    reader.poll()
    os.killpg(os.getpgrp(), signal.SIGKILL)  # a group of our own, see isolation.py


def _conventions(cell: Cell) -> Iterator[str]:
    """Yield what the equations of the kind leave open, and what is made of it."""
    if cell.signature.kind is Kind.RNN_RELU:
        yield (
            "the slope of ReLU at 0 is a convention: where a pre-activation is 0 "
            "within rounding, both 0 and 1 are allowed"
        )


def _cut_off(pipe: int) -> None:
    """Keep a process that the target forks from speaking in our name."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, pipe)
    os.close(nothing)


def _leave(code: Any) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    main()
