"""Faults that only steps long before or after the one pulled at show, and by little."""

from collections.abc import Callable

import numpy as np

from refcheck.case import Case
from refcheck.cell import Cell, Gradients, Kind
from refcheck.reference.cell import ReferenceCell


class LateGradientDrift(ReferenceCell):
    """From the ninth step back on, gradients of inputs are off by 1e-5."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        back = case.time - 1 - np.arange(case.time)
        drift = np.where(back < 8, 1, 1 + 1e-5)[:, None, None]
        drifted = np.asarray(found.inputs * drift, found.inputs.dtype)
        return found._replace(inputs=drifted)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "gradient-wrong-from-the-ninth-step-back-by-little": (
        lambda: LateGradientDrift(Kind.LSTM)
    ),
}
