"""Laws that speak of results and of gradients, held against cells without these."""

from dataclasses import replace

import pytest

from refcheck.case import Case
from refcheck.cell import Capability, Cell, Gradients, Kind
from refcheck.reference.cell import ReferenceCell
from tests.bank import right
from tests.properties.quick_outcomes import holds

LSTM = (
    "padding-is-never-read",
    "full-lengths-equal-no-lengths",
    "a-row-in-a-batch-is-that-row-alone",
    "lengths-need-no-order",
    "layers-compose",
    "renaming-hidden-units-renames-outputs",
    "only-the-sum-of-biases-matters",
    "scaling-inputs-into-weights",
    "same-call-same-result",
    "results-are-not-aliased",
    "float64-is-double",
)


def without_gradients(cell: ReferenceCell) -> Cell:
    """Return a cell that is never asked for gradients."""

    def backward(_: Case) -> Gradients:
        message = "there is no backward pass"
        raise NotImplementedError(message)

    capabilities = cell.signature.capabilities & ~Capability.BACKWARD
    cell.signature = replace(cell.signature, capabilities=capabilities)
    cell.backward = backward
    return cell


@pytest.mark.parametrize("name", LSTM)
def test_results_alone_are_enough(name: str) -> None:
    assert holds(name, without_gradients(ReferenceCell(Kind.LSTM)))


@pytest.mark.parametrize(
    "name", ["masks-equal-lengths", "batch-first-is-the-transpose"]
)
def test_results_handed_over_in_another_way_are_enough(name: str) -> None:
    assert holds(name, without_gradients(right(Kind.GRU)))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tanh-rnn-is-odd", Kind.RNN_TANH),
        ("relu-rnn-is-homogeneous", Kind.RNN_RELU),
    ],
)
def test_results_of_simple_networks_are_enough(name: str, kind: Kind) -> None:
    assert holds(name, without_gradients(ReferenceCell(kind)))
