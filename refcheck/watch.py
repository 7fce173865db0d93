"""Who is told before and after each call of the target, so that a hang can be named."""

from typing import Protocol

from refcheck.case import Subject


class Watch(Protocol):
    """Hears of every call of the target."""

    def before(self, law: str, case: Subject) -> None:
        """Note that ``law`` calls the target with ``case`` now."""

    def after(self) -> None:
        """Note that the call has returned."""


class Unwatched:
    """In-process runs: nobody listens."""

    def before(self, law: str, case: Subject) -> None:
        """Do nothing."""

    def after(self) -> None:
        """Do nothing."""
