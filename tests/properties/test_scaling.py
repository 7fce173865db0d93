"""Laws about factors, signs and constants that may be moved about."""

from dataclasses import replace

import pytest

from refcheck.catalogue import laws
from refcheck.cell import Kind, Shapes, Spec
from refcheck.layout import TORCH
from refcheck.measured import MeasuredCell
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import KINDS, holds, outcome


class OneBias(ReferenceCell):
    """A right cell that keeps one bias for each gate."""

    layout = replace(TORCH, bias_hh="")

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.signature = replace(self.signature, layout=self.layout)

    def shapes(self, spec: Spec) -> Shapes:
        shapes = self.layout.shapes(self.kind, spec)
        return super().shapes(spec)._replace(params=shapes)


NAMES = ("only-the-sum-of-biases-matters", "scaling-inputs-into-weights")
HOMOGENEOUS = "relu-rnn-is-homogeneous"


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_right_tanh_network_is_odd(seed: int) -> None:
    assert holds("tanh-rnn-is-odd", ReferenceCell(Kind.RNN_TANH), seed=seed)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_right_relu_network_is_homogeneous(seed: int) -> None:
    assert holds(HOMOGENEOUS, ReferenceCell(Kind.RNN_RELU), seed=seed)


def test_nothing_is_said_of_a_cell_with_one_bias() -> None:
    assert outcome("only-the-sum-of-biases-matters", OneBias(Kind.LSTM)).cases == 0


def test_factors_are_large_and_small() -> None:
    cases, cell = laws()[HOMOGENEOUS].cases, MeasuredCell(ReferenceCell(Kind.RNN_RELU))
    drawn = [cases.build(r, cell) for r in cases.landmarks(cell.signature, 0)]

    factors = [case.extra["factor"] for case in drawn]

    assert min(factors) < 1e-6
    assert max(factors) > 1e6
