"""What is not drawn at random is the same in training and in evaluation."""

from collections.abc import Iterator
from dataclasses import replace

from refcheck.case import Case
from refcheck.cell import Capability, Kind
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .dropout import dropping
from .parts import each_part
from .row_ends import before_the_end, unpulled

KNOWN = {kind for kind in Kind if kind.recurrent}  # other cells may keep statistics
TRAINED = Cases(
    batch_first=None,
    time=(1, 17),
    most=8,
    first=("generic", "no state, no lengths", "two layers, both directions", "float32"),
)
LEFT = replace(  # layers first: units are dropped between them
    TRAINED,
    first=("two layers, both directions", "no state, no lengths", "generic", "float32"),
)


@law(
    "training: y, s_T and gradients are those of evaluation, where nothing is dropped",
    cases=TRAINED,
    requires=Capability.BACKWARD | Capability.REPEATABLE_TRAINING,
    kinds=KNOWN,
    catches=(
        "forget-bias-in-training",
        "state-detached-in-training",
        "state-kept-in-training",
    ),
)
def training_mode_changes_nothing(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """No equation of a recurrent cell knows whether it is being trained.

    Only what is drawn to regularise it does: dropped units (Srivastava et al. 2014),
    kept states (Krueger et al. 2017), noise.  Of a cell that draws by itself nothing is
    said here, and its gradients in training are held to differences.
    """
    case, trained = unpulled(case), cell.training()
    replies = [before_the_end(case, trained.again(case)) for _ in range(2)]
    right = before_the_end(case, cell.forward(case))
    yield from each_part(equal, replies[0], right, where=" in training")
    yield from each_part(identical, *replies, where=" in training, called again")
    pulled = trained.backward(case), cell.backward(case)
    yield from each_part(equal, *pulled, where=" in training")


@law(
    "f(x) ≡ f(x) in evaluation, before and after a pass in training",
    cases=LEFT,
    requires=Capability.BACKWARD | Capability.TRAINS,
    kinds=KNOWN,
    catches=("state-kept-in-training", "dropped-units-stay-dropped"),
)
def training_leaves_no_trace(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What a pass in training leaves behind is gradients, and nothing to compute with.

    A mask that is kept for a sequence, or a state that is kept for the next, is gone
    when the mode is left.  Source: Gal & Ghahramani (2016), of one mask a sequence.
    """
    cell, case = cell.fresh(), dropping(cell, case)
    first, pulled = cell.again(case), cell.backward_again(case)
    cell.training(1).backward_again(case)
    where = " after training"
    yield from each_part(identical, cell.again(case), first, where=where)
    yield from each_part(identical, cell.backward_again(case), pulled, where=where)


LAWS = (training_mode_changes_nothing, training_leaves_no_trace)
