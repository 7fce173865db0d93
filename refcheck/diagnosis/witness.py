"""A suspect as laws see it, and where it is looked at beside the target."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from refcheck.cell import Signature
from refcheck.clipper import MeasuredClipper
from refcheck.diagnosis import seen
from refcheck.diagnosis.suspects import Suspect
from refcheck.measured import MeasuredCell


class Point(NamedTuple):
    """One look at the target: at a plain call, or at the claims of a law."""

    see: seen.See
    target: Sequence[seen.Known]
    telling: bool  # the textbook does not look so
    law: str = ""  # the law whose violation shows here


class Witness:
    """A suspect as laws see it, under the signature of the target."""

    def __init__(self, suspect: Suspect, signature: Signature) -> None:
        """Plant the suspect, if it can be."""
        self._cell, self._signature = suspect.make(), signature

    def shows(self, point: Point) -> bool:
        """Whether it shows what the target showed; it remembers nothing in between."""
        if self._cell is None:
            return False
        return seen.alike(point.target, point.see(self._fresh()))

    def _fresh(self) -> Any:
        fresh, kind = self._cell.fresh(), self._signature.kind
        clips = kind is not None and not kind.recurrent
        cell: Any = MeasuredClipper(fresh) if clips else MeasuredCell(fresh)
        cell.signature = self._signature
        return cell
