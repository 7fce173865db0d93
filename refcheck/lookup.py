"""Laws by name and by pattern; a misspelt one is told what it probably means."""

import difflib
import fnmatch
from collections.abc import Iterable, Mapping

from refcheck.errors import RefcheckError
from refcheck.law import Law
from refcheck.settings import Settings


def named(name: str, laws: Mapping[str, Law]) -> Law:
    """Return the law called ``name``.

    Raises:
        RefcheckError: if there is none.
    """
    if name in laws:
        return laws[name]
    message = f"no law is called {name!r}{meant(name, laws)}"
    raise RefcheckError(message)


def require_known(settings: Settings, laws: Mapping[str, Law]) -> None:
    """Raise a RefcheckError for a law or pattern in ``settings`` that fits nothing."""
    for name in settings.exclude:
        named(name, laws)
    names = {*laws, *(law.family for law in laws.values())}
    for pattern in settings.select:
        if not fnmatch.filter(names, pattern):
            message = f"{pattern!r} selects no law and no family{meant(pattern, names)}"
            raise RefcheckError(message)


def meant(name: str, known: Iterable[str]) -> str:
    """Return the names closest to ``name``, as the end of a sentence."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    if not close:
        return "; refcheck laws lists them."
    return "; did you mean " + " or ".join(close) + "?"
