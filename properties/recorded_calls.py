"""What a forward call keeps for its backward pass may be read more than once."""

from collections.abc import Iterator

from refcheck.calling import TargetRaised
from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, equal, law, refuses
from refcheck.measured import MeasuredCell

from .backward_pass import PULLED
from .parts import each_part


@law(
    "u′, then u, pulled through one forward call: the second is backward(x, u)",
    cases=PULLED,
    requires=Capability.BACKWARD | Capability.CHAINS,
    catches=("second-pull-of-a-call-is-the-first",),
)
def a_recorded_call_can_be_pulled_twice(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """What a forward call keeps for its backward pass is read there, not used up.

    Two losses on one call, and Jacobians row by row, pull from it again and again.  A
    target may refuse that with an exception; then nothing is claimed of it.
    """
    other = case.but(grad_outputs=case.extra["other"])
    once = cell.backward(case)
    try:
        again = cell.pulled_again(case, other)
    except TargetRaised:
        yield refuses("a second pull", lambda: cell.pulled_again(case, other))
        return
    yield from each_part(equal, again, once, where=", pulled second")


LAWS = (a_recorded_call_can_be_pulled_twice,)
