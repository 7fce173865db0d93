"""Units are dropped in training alone, and what is dropped there has no gradient."""

from collections.abc import Iterator
from dataclasses import replace

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.differences import Differences, Probe, on_the_grid
from refcheck.directions import by_field, direction
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases, shapes_of

from .parts import calls, each_part
from .row_ends import unpulled

DROPPED = 0.5  # a share of the units that cannot be overlooked
DROPS = Capability.DROPOUT | Capability.RESIZABLE


def dropping(cell: MeasuredCell, case: Case) -> Case:
    """Return the case with units dropped between its layers, if it can be built so."""
    dropped = replace(case.spec, dropout=DROPPED)
    if case.spec.num_layers == 1 or not cell.signature.offers(DROPS):
        return case
    return case if shapes_of(cell.cell, dropped) is None else case.but(spec=dropped)


def _dropping(cell: MeasuredCell, case: Case) -> Case:
    return dropping(cell, on_the_grid(unpulled(case)))


@law(
    "f with dropout = f without, in evaluation, and so are the gradients",
    cases=Cases(layers=True, batch_first=None, time=(1, 9), most=8),
    requires=DROPS,
    catches=("dropout-in-evaluation", "evaluation-scaled-by-what-is-kept"),
)
def dropout_is_off_in_evaluation(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Units are dropped to train a network, and all of them are there to use it.

    What is kept is scaled up in training, so that nothing is scaled in evaluation.
    Source: Srivastava et al. (2014); between layers: Zaremba, Sutskever & Vinyals
    (2014).
    """
    dropping = case.but(spec=replace(case.spec, dropout=DROPPED))
    if shapes_of(cell.cell, dropping.spec) is None:
        return
    for call in calls(cell):
        yield from each_part(equal, call(dropping), call(case))


@law(
    "training: ∂L/∂· = (L(· + h) − L(· − h)) / 2h for h → 0, with one seed for all",
    cases=Cases(
        extra={"seed": lambda _, number: number},
        then=_dropping,
        batch_first=None,
        time=(1, 5),
        batch=(2, 3),  # what is normalised over a batch in training needs one
        hidden=(1, 5),
        scales=(0, 1, 2, 3),
        single=False,
        most=4,
        first=("two layers", "generic", "two layers, both directions"),
    ),
    requires=Capability.TRAINS | Capability.BACKWARD,
    catches=(
        "another-mask-in-the-backward-pass",
        "kept-units-not-scaled-back",
        "mask-of-the-first-step-in-the-backward-pass",
    ),
)
def gradients_agree_with_differences_in_training(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """A unit that was dropped in the forward pass is dropped in the backward pass.

    With the seed fixed, so is all that is drawn, and the loss is as smooth as ever: its
    differences are the gradient.  Source: Gal & Ghahramani (2016).
    """
    number = case.extra["seed"]
    training = cell.fresh().training(number)  # statistics that it keeps die with it
    gradients = training.backward(case)
    differences = Differences(training, case, number)
    for what, along in by_field(direction(case, number)):
        probe = Probe(f"gradient of {what} along a direction", [along], ())
        yield equal(probe.label, probe.slopes(gradients), differences.slopes(probe))


LAWS = (dropout_is_off_in_evaluation, gradients_agree_with_differences_in_training)
