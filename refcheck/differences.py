"""Derivatives of a target's own forward pass, by differences, and how far they err.

The loss L = ⟨G, y⟩ + ⟨G_s, s_T⟩ is moved along a direction by steps ±h and ±h/2:

    (1)  D(h) = (L(h) − L(−h)) / 2h             = L′ + h² L‴/6 + …
    (2)  R    = (4 D(h/2) − D(h)) / 3           = L′ + O(h⁴)
    (3)  K(h) = (L(h) − 2 L(0) + L(−h)) / h     = h L″ + …
    (4)  B    = 2 K(h/2) − K(h)                 = O(h³), but J at a kink of jump J

R errs by less than |D(h/2) − D(h)|, three times the error of D(h/2), and by |B| where
the one-sided differences disagree; the allowances of the forward calls come in divided
by the step.  All of this is done for each output by itself, so that no error hides
behind another of the opposite sign.  Kinks that cancel inside the cell are told along
one more direction, in which every argument moves at a rate of its own: a case with a
kink gets an infinite error, which makes it inconclusive.

Arrays lie on a grid so coarse that each moved entry is exact: what is measured is the
rounding of the target, never that of the moves.

Source: Richardson (1911); on steps and their errors Press et al. (2007), section 5.7.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Kind, Reply
from refcheck.directions import (
    Direction,
    by_field,
    direction,
    moved,
    places,
    replaced,
)
from refcheck.measured import MeasuredCell
from refcheck.rounding import KINK, NEARBY, Measured

SMOOTH = {Kind.RNN_TANH, Kind.LSTM, Kind.GRU, Kind.GRU_RESET_BEFORE}
STEP = 2.0**-12  # well inside the smallest weights, far above roundoff
STEPS = (STEP, STEP / 2, -STEP / 2, -STEP)
GRID = 2.0**-26  # of every array that is moved
LONG_STEPS = 2.0 ** -np.arange(6.0, 10.0)  # for what falls with a power of the step
ENTRIES = 60  # up to so many in a case, each gets a difference of its own


class Falling(NamedTuple):
    """Something after the last halving of the step, and what follows from before."""

    found: Measured
    expected: Measured


class Probe(NamedTuple):
    """Directions in which a case is moved; ``shape`` is that of their derivatives."""

    label: str
    along: Sequence[Direction]
    shape: tuple[int, ...]  # () if there is one direction

    def slopes(self, gradients: Gradients) -> Measured:
        """Return what ``gradients`` say of the derivatives along the directions."""
        slopes: Any = np.stack(
            [
                sum((place.of(gradients) * v).sum() for place, v in along.items())
                for along in self.along
            ]
        )
        return cast("Measured", slopes.reshape(self.shape))


def probes(case: Case, number: int) -> Iterator[Probe]:
    """Yield how to move: each entry of a small case, else all arrays of a field.

    An error in one entry escapes a random direction only if it is as small as what a
    difference may err by.
    """
    if sum(place.of(case).size for place in places(case)) > ENTRIES:
        for what, along in by_field(direction(case, number)):
            yield Probe(f"gradient of {what} along a direction", [along], ())
        return
    for place in places(case):
        shape, size = place.of(case).shape, place.of(case).size
        single = np.eye(size).reshape(size, *shape)
        yield Probe(f"gradient of {place.label}", [{place: v} for v in single], shape)


def on_the_grid(case: Case) -> Case:
    """Return the case with arrays whose moves are exact."""
    return replaced(case, {p: np.round(p.of(case) / GRID) * GRID for p in places(case)})


class Differences:
    """Differences of the loss around one case, which lies on the grid."""

    def __init__(self, cell: MeasuredCell, case: Case, number: int) -> None:
        """Prepare; ``number`` fixes the direction along which kinks are looked for."""
        self._cell, self._case, self._number = cell, case, number
        pulls = _flat(Reply(case.grad_outputs, case.grad_state))
        self._counts = pulls != 0  # other outputs are no part of the loss
        self._pulls = pulls[self._counts]

    def slopes(self, probe: Probe) -> Measured:
        """Return the derivatives of the loss along the directions of a probe."""
        with np.errstate(all="ignore"):
            points = self._points(probe.along, STEPS)
            coarse = (points[:, 0] - points[:, 3]) * (0.5 / STEP)  # (1)
            fine = (points[:, 1] - points[:, 2]) * (1 / STEP)
            best = (4 * fine - coarse) * (1 / 3)  # (2)
            error = abs(fine.value - coarse.value) + abs(self._bend(points).value)
            error = np.where(self._kinked, np.inf, error + best.allowance)
            found = Measured(best.value, error) * self._pulls
            return found.sum(axis=1).reshape(probe.shape)

    def remainders(self, gradients: Gradients) -> tuple[Falling, Falling]:
        """Return the odd and the even part of what a linear model leaves over.

        All arguments move along one direction, by less the more there are of them.
        """
        generic = direction(self._case, self._number)
        count = sum(v.size for v in generic.values())
        along = {p: v * 2.0 ** -np.ceil(np.log2(count) / 2) for p, v in generic.items()}
        losses = self._losses(along, [*LONG_STEPS, *-LONG_STEPS, 0.0])
        there, back, here = (
            losses[: len(LONG_STEPS)],
            losses[len(LONG_STEPS) : -1],
            losses[-1],
        )
        slope = Probe("", [along], ()).slopes(gradients)
        odd = (there - back) * 0.5 - slope * LONG_STEPS
        even = (there + back) * 0.5 - here
        return _falling(odd, 8), _falling(even, 4)

    def _losses(self, along: Direction, steps: Sequence[float]) -> Measured:
        return (self._points([along], steps)[0] * self._pulls).sum(axis=1)

    @cached_property
    def _kinked(self) -> bool:
        """Whether an output that counts bends at a kink, rather than along a curve."""
        if self._cell.signature.kind in SMOOTH:
            return False
        points = self._points([direction(self._case, self._number)], STEPS)
        bend = self._bend(points)  # h L″ is what (3) is at a curve
        curve = (points[:, 0] - 2 * self._base + points[:, 3]) * (1 / STEP)
        explained = bend.allowance + KINK * abs(curve.value)
        return bool(np.any(abs(bend.value) > explained))

    def _bend(self, points: Measured) -> Measured:
        """Return (4) for outputs (P, 4, E) after ``STEPS``."""
        coarse = (points[:, 0] - 2 * self._base + points[:, 3]) * (1 / STEP)  # (3)
        fine = (points[:, 1] - 2 * self._base + points[:, 2]) * (2 / STEP)
        return 2 * fine - coarse

    @cached_property
    def _base(self) -> Measured:
        """The outputs (E,) of the case itself, with what those nearby may be off by."""
        reply = self._cell.forward(self._case)
        found = np.concatenate([a.reshape(-1) for a in (reply.outputs, *reply.state)])
        found = found[self._counts]
        return Measured(found.value, NEARBY * found.allowance)

    def _points(self, along: Sequence[Direction], steps: Sequence[float]) -> Measured:
        """Return the outputs (P, steps, E) of moved cases."""
        values = np.array([[self._at(d, step) for step in steps] for d in along])
        return Measured(values, np.broadcast_to(self._base.error, values.shape))

    def _at(self, along: Direction, step: float) -> Array:
        reply = self._cell.again(moved(self._case, along, step))
        arrays = Reply(reply.outputs.value, tuple(s.value for s in reply.state))
        return _flat(arrays)[self._counts]


def _falling(part: Measured, factor: float) -> Falling:
    """Scale ``part``, at ``LONG_STEPS``, by what each halving should divide it by.

    The next order changes it by less at each halving: what it changes at the last is
    admitted to be what it changed at those before.
    """
    scaled = part * factor ** np.arange(len(LONG_STEPS))
    changes = abs(np.diff(scaled.value))
    before = scaled[-2]
    return Falling(
        scaled[-1], Measured(before.value, before.allowance + changes[:-1].sum())
    )


def _flat(reply: Reply) -> Array:
    return np.concatenate([a.ravel() for a in (reply.outputs, *reply.state)])
