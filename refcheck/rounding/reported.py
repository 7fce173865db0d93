"""What a target returned, with a bound that is worked out when it is asked for."""

from collections.abc import Callable
from typing import Any, NamedTuple

from refcheck.cell import Array
from refcheck.rounding.formats import Format
from refcheck.rounding.numbers import SURE, Doubts, Measured


class Known(NamedTuple):
    """The bound on the error of a result, and what makes it say little."""

    error: Any
    doubts: Doubts = SURE


class Reported(Measured):
    """What a target returned: its bound is worked out only when it is asked for.

    Most results agree with what they are compared with to the last bit, or nearly.
    """

    __slots__ = ("_known", "_later")

    def __init__(self, value: Array, later: Callable[[], Known]) -> None:
        """Wrap values; ``later`` returns what is known of their error."""
        self._later = later
        self._known: Known | None = None
        super().__init__(value)

    @property
    def known(self) -> Known:
        """What is known of the error, asked for once."""
        if self._known is None:
            self._known = self._later()
        return self._known

    @property
    def error(self) -> Any:
        """The bound."""
        return self.known.error

    @error.setter
    def error(self, _: Any) -> None:
        pass

    @property
    def doubts(self) -> Doubts:
        """What makes the bound say little."""
        return self.known.doubts

    @doubts.setter
    def doubts(self, _: Doubts) -> None:
        pass

    def rearranged(self, move: Callable[[Any], Any]) -> "Reported":
        """Apply ``move``, which only moves entries about, now and later."""
        return Reported(
            move(self.value),
            lambda: Known(move(self.spread(self.error)), self.doubts),
        )


def before_return(array: Array, form: Format) -> Measured:
    """Return a result as what it was before it was rounded to be returned."""
    shown = Measured(array, format=form)
    return shown.of(shown.wide, form.u * abs(shown.wide) + form.tiny)
