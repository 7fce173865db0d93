"""The readout agrees with the definition, and its gradients with complex steps."""

import numpy as np
import pytest

from refcheck.cell import Array
from refcheck.reference.readout import Readout, backward, forward

STEP = 1e-30
RNG = np.random.default_rng(0)
OUTPUTS = RNG.uniform(-1, 1, (3, 2, 4))
GRAD = RNG.uniform(-1, 1, (3, 2, 5))
WEIGHT = RNG.uniform(-1, 1, (5, 4))
BIAS = RNG.uniform(-1, 1, 5)

READOUTS = {"bias": Readout(WEIGHT, BIAS), "no bias": Readout(WEIGHT)}
with_readouts = pytest.mark.parametrize("readout", READOUTS.values(), ids=READOUTS)


@with_readouts
def test_each_prediction_is_a_product_with_its_own_output(readout: Readout) -> None:
    predictions = forward(readout, OUTPUTS)

    bias = 0 if readout.bias_y is None else readout.bias_y
    expected = [[WEIGHT @ h + bias for h in row] for row in OUTPUTS]
    np.testing.assert_allclose(predictions, expected, rtol=1e-14)


@with_readouts
def test_gradients_are_derivatives_by_complex_step(readout: Readout) -> None:
    d_readout, d_outputs = backward(readout, OUTPUTS, GRAD)

    along = RNG.uniform(-1, 1, OUTPUTS.shape)
    expected = slope(forward(readout, OUTPUTS + 1j * STEP * along))
    np.testing.assert_allclose((d_outputs * along).sum(), expected, rtol=1e-12)
    for field, grad in d_readout._asdict().items():
        array = getattr(readout, field)
        if array is None:
            assert grad is None
            continue
        along = RNG.uniform(-1, 1, array.shape)
        moved = readout._replace(**{field: array + 1j * STEP * along})
        expected = slope(forward(moved, OUTPUTS))
        np.testing.assert_allclose((grad * along).sum(), expected, rtol=1e-12)


def slope(predictions: Array) -> float:
    """Return the derivative of ⟨predictions, GRAD⟩ along the step."""
    return float((predictions.imag * GRAD).sum() / STEP)
