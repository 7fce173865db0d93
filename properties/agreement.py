"""A cell that claims to be textbook computes what the textbook computes."""

from collections.abc import Iterator
from dataclasses import replace

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .row_ends import only, reads, unpulled

ANY = Cases(batch_first=None, thorough=True, batch=(1, 130))


@law(
    "y = y of the textbook",
    cases=ANY,
    requires=Capability.LAYOUT,
    catches=(
        "input-and-forget-gate-swapped",
        "outputs-scaled-after-sixteen-steps",
        "gate-off-by-one-in-a-hundred-million",
        "gates-read-as-i-f-o-g",
        "gates-read-as-i-o-f-g",
        "gates-read-as-i-g-f-o",
        "reset-and-update-gate-swapped",
        "gates-read-as-n-r-z",
        "biases-read-as-i-g-f-o",
        "biases-read-as-z-r-n",
        "biases-are-interleaved",
        "recurrent-weight-transposed",
        "input-weight-reshaped",
        "input-weight-used-for-the-state",
        "raises-without-biases",
        "relu-in-place-of-tanh",
        "relu-passes-negative-values",
        "sigmoid-inside-the-candidate",
        "gates-and-candidate-exchange-activations",
        "gates-through-tanh",
        "sigmoid-of-twice-its-argument",
        "one-added-to-the-forget-sum",
        "input-gate-added-to-the-candidate",
        "output-of-the-old-cell-state",
        "output-gate-inside-the-tanh",
        "reset-gate-on-the-whole-candidate",
        "reset-gate-after-the-product",
        "recurrent-bias-of-the-candidate-outside-the-reset",
        "state-overwritten-while-it-is-read",
        "state-from-two-steps-before",
        "inputs-read-one-step-late",
        "plain-step-inherited",
        "sigmoid-reversed-in-blocks-of-four",
        "activation-is-lopsided",
        "candidate-not-squashed",
        "candidate-through-the-sigmoid",
        "results-a-millionth-too-large",
    ),
)
def outputs_agree(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Every output follows from the equations of the kind that the cell claims.

    The textbook is refcheck's own reference, which its tests hold to PyTorch.  What
    stands at outputs past the end of a row is a matter of contract.
    """
    cell = cell.scanned()
    found, right = cell.forward(case), cell.textbook(case)
    reading = reads(case)
    yield equal("outputs", only(reading, found.outputs), only(reading, right.outputs))


@law(
    "s_T = s_T of the textbook",
    cases=ANY,
    requires=Capability.LAYOUT | Capability.FINAL_STATE,
    catches=("final-state-is-one-step-old",),
)
def final_state_agrees(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """So does every part of the final state, of each layer and direction."""
    cell = cell.scanned()
    pairs = zip(cell.forward(case).state, cell.textbook(case).state, strict=True)
    for name, (found, right) in zip("hc", pairs, strict=False):
        yield equal(name, found, right)


@law(
    "∂L/∂θ, ∂L/∂x, ∂L/∂s_0 = those of the textbook",
    cases=replace(ANY, then=lambda _, case: unpulled(case)),
    requires=Capability.LAYOUT | Capability.BACKWARD,
    catches=(
        "recurrent-bias-gradient-lost",
        "recurrent-gradient-times-the-new-state",
        "input-weight-gradient-times-the-outputs",
        "bias-gradient-copied-from-the-forget-gate",
        "state-gradient-leaks",
    ),
)
def gradients_agree(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Backpropagation through time is exact.  Source: Werbos (1990)."""
    cell = cell.scanned()
    found, right = cell.backward(case), cell.textbook_gradients(case)
    for name, gradient in found.params.items():
        yield equal(f"gradient of {name}", gradient, right.params[name])
    yield equal("gradient of inputs", found.inputs, right.inputs)
    for name, g, r in zip("hc", found.state, right.state, strict=False):
        yield equal(f"gradient of {name}", g, r)


LAWS = (outputs_agree, final_state_agrees, gradients_agree)
