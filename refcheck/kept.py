"""What was computed for one case, for any number of laws that ask it again."""

from collections.abc import Callable, Sequence
from typing import Any

from refcheck.case import Case

MOST = 512  # results that are kept, before the ones used the longest ago are dropped


class Kept:
    """Results by what they are of, and by the case they were computed for."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._results: dict[Any, tuple[Case, Any]] = {}

    def once(
        self, what: str, case: Case, run: Callable[[], Any], read: Sequence[str] = ()
    ) -> Any:
        """Return the result for this case, or for one with equal numbers in ``read``.

        The target is asked anew for each case; what follows from numbers alone, for any
        number of laws, is computed once.
        """
        key = (what, _numbers(case, read) if read else id(case))
        kept = self._results.pop(key, None) or (case, run())
        while len(self._results) >= MOST:
            del self._results[next(iter(self._results))]
        self._results[key] = kept
        return kept[1]


def _numbers(case: Case, fields: Sequence[str]) -> Any:
    """Return what the textbook makes of these fields depends on, as a key.

    What an array was carried with is told by its id: the case that is kept keeps it.
    """
    parts = [case.lengths, *case.params.values()]
    for name in fields:
        value = getattr(case, name)
        parts += value if isinstance(value, tuple) else [value]
    known = (None if a is None else (a.shape, a.dtype.str, a.tobytes()) for a in parts)
    return case.spec, *known, *(id(case.carried.get(name)) for name in fields)
