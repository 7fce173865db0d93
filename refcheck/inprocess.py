"""The same check from Python, in this process: ``refcheck.check(cell)``."""

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import msgspec

from refcheck.catalogue import laws
from refcheck.cell import Declared
from refcheck.environment import DISTRIBUTION, installed_version
from refcheck.errors import RefcheckError
from refcheck.lookup import meant, require_known
from refcheck.outcome import Report
from refcheck.postmortem import examined
from refcheck.record import Record
from refcheck.requests import declared, diagnose, given_back, hold
from refcheck.settings import Settings
from refcheck.target import adapt, load
from refcheck.watch import Unwatched
from refcheck.wire import Request

OF_TARGET = frozenset(f.name for f in fields(Declared)) - {"like"}
CALL_SECONDS = 10.0  # that a call of a worker may take: nobody else watches it here
OF_RUN = frozenset(Settings.__struct_fields__)


def check(cell: Any, like: str | None = None, **settings: Any) -> Report:
    """Hold ``cell`` to the laws: a class, an instance, a function, or a target's name.

    Keywords are those of the command line (``profile="quick"``, ``seed=1``,
    ``select=["gradients"]``, ``exclude={"law": "reason"}``) and of ``Declared``
    (``options={"input_size": 3}``, ``state_attr="h"``).  The target runs in this
    process: if it hangs or dies, so does the caller.

    Raises:
        RefcheckError: if the target cannot be adapted, or a keyword is unknown.
    """
    of_run = _settings({k: v for k, v in settings.items() if k not in OF_TARGET})
    said = {k: v for k, v in settings.items() if k in OF_TARGET}
    known = laws()
    require_known(of_run, known)
    claimed = declared({"like": like, "call_timeout": CALL_SECONDS, **said})
    named = isinstance(cell, str)
    name = cell if named else _name(cell)
    adapted = load(cell, claimed) if named else adapt(cell, claimed, name)
    request = Request(name, {}, of_run)
    record = Record(request, installed_version(DISTRIBUTION))
    try:
        hold(adapted, known, of_run, record.take, Unwatched())
        asked = examined(record)
        if asked is not None:
            diagnose(adapted, known, asked, record.take, Unwatched())
    finally:
        given_back(adapted)
    return record.report()


def _settings(words: Mapping[str, Any]) -> Settings:
    for word in words:
        if word not in OF_RUN:
            known = OF_RUN | OF_TARGET
            message = f"check() knows no keyword {word!r}{meant(word, known)}."
            raise RefcheckError(message)
    drawn = {"seed": int.from_bytes(os.urandom(4))}
    try:
        return msgspec.convert(drawn | dict(words), Settings)
    except msgspec.ValidationError as error:
        message = f"a keyword of check() has the wrong type: {error}."
        raise RefcheckError(message) from error


def _name(cell: Any) -> str:
    thing = cell if hasattr(cell, "__qualname__") else type(cell)
    return f"{thing.__module__}:{thing.__qualname__}"
