"""The textbook's results in double precision, which serve until the oracle is asked."""

from collections.abc import Callable
from functools import partial
from typing import Any

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Reply
from refcheck.oracle import share_of
from refcheck.rounding import DOUBLE, Known, Measured, Reported


class Provisional(Reported):
    """A result of the textbook, what it may be off by, and whom to ask in doubt.

    The oracle is asked where an error is above the share ``certain`` of what the target
    may be off by: one half in float64, where the textbook may be off by as much.
    """

    __slots__ = ("case", "certain", "confirmed")

    def __init__(
        self, value: Array, later: Any, certain: float, confirmed: Any, case: Case
    ) -> None:
        """Wrap values; ``confirmed`` asks the oracle, which is chosen by the case."""
        super().__init__(value, later)
        self.certain, self.case = certain, case
        self.confirmed: Callable[[], Measured] = confirmed

    def rearranged(self, move: Callable[[Any], Any]) -> "Provisional":
        """Apply ``move``, which only moves entries about, now and later."""
        return Provisional(
            move(self.value),
            lambda: Known(move(self.spread(self.error)), self.doubts),
            self.certain,
            lambda: self.confirmed().rearranged(move),
            self.case,
        )


def reply(budget: Reply, case: Case, ask: Callable[[], Reply]) -> Reply:
    """Return outputs and final state without their budget, which is the target's."""
    return Reply(
        _provisional(budget.outputs, case, lambda: ask().outputs),
        _states(budget.state, case, ask),
    )


def gradients(budget: Gradients, case: Case, ask: Callable[[], Gradients]) -> Gradients:
    """Return gradients, likewise."""

    def of(name: str) -> Measured:
        return ask().params[name]

    return Gradients(
        {n: _provisional(b, case, partial(of, n)) for n, b in budget.params.items()},
        _provisional(budget.inputs, case, lambda: ask().inputs),
        _states(budget.state, case, ask),
    )


def _provisional(
    budget: Measured, case: Case, confirmed: Callable[[], Measured]
) -> Provisional:
    share = share_of(DOUBLE.u, budget)

    def own() -> Known:
        return Known(share * budget.allowance, budget.doubts)

    return Provisional(budget.wide, own, 1 - share / 2, confirmed, case)


def _states(budget: Any, case: Case, ask: Callable[[], Any]) -> tuple[Provisional, ...]:
    def of(k: int) -> Measured:
        return ask().state[k]

    return tuple(_provisional(b, case, partial(of, k)) for k, b in enumerate(budget))
