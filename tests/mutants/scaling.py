"""Cells for which factors, signs and constants are not where they are said to be."""

from collections.abc import Callable

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Params, Reply
from refcheck.reference.cell import ReferenceCell


class SecondBiasIgnored(ReferenceCell):
    """The recurrent bias is a parameter that nothing reads."""

    def params(self, case: Case) -> list[Params]:
        return [
            p if p.bias_hh is None else p._replace(bias_hh=np.zeros_like(p.bias_hh))
            for p in super().params(case)
        ]


class SecondBiasGetsHalf(ReferenceCell):
    """The gradient of the sum of biases is shared out between them."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        params = {n: g / 2 if "bias_hh" in n else g for n, g in found.params.items()}
        return found._replace(params=params)


class InputsClipped(ReferenceCell):
    """Inputs are clipped to ±5."""

    def forward(self, case: Case) -> Reply:
        return super().forward(case.but(inputs=np.clip(case.inputs, -5, 5)))


class InputsNormalised(ReferenceCell):
    """Inputs are divided by their largest."""

    def forward(self, case: Case) -> Reply:
        largest = np.max(abs(case.inputs), initial=case.inputs.dtype.type(1e-30))
        return super().forward(case.but(inputs=case.inputs / largest))


class OtherOutputs(ReferenceCell):
    """A cell with another activation of its outputs."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        return reply._replace(outputs=self.activated(reply.outputs))

    def activated(self, y: Array) -> Array:
        return y


class Lopsided(OtherOutputs):
    """The activation is steeper above 0 than below."""

    def activated(self, y: Array) -> Array:
        return np.where(y > 0, y, y * y.dtype.type(0.99))


class Capped(OtherOutputs):
    """ReLU is cut off at 6."""

    def activated(self, y: Array) -> Array:
        return np.minimum(y, 6)


class SmallOnesCut(OtherOutputs):
    """Outputs below 1e-4 are taken for 0."""

    def activated(self, y: Array) -> Array:
        return np.where(y < 1e-4, 0, y)


class Smooth(OtherOutputs):
    """ReLU is rounded off at 0, as softplus is."""

    def activated(self, y: Array) -> Array:
        return np.asarray(np.logaddexp(y, y.dtype.type(0)))


MUTANTS: dict[str, Callable[[], Cell]] = {
    "second-bias-ignored": lambda: SecondBiasIgnored(Kind.LSTM),
    "second-bias-gets-half": lambda: SecondBiasGetsHalf(Kind.GRU),
    "inputs-are-clipped": lambda: InputsClipped(Kind.GRU),
    "inputs-are-normalised": lambda: InputsNormalised(Kind.LSTM),
    "activation-is-lopsided": lambda: Lopsided(Kind.RNN_TANH),
    "outputs-are-capped": lambda: Capped(Kind.RNN_RELU),
    "small-outputs-are-cut": lambda: SmallOnesCut(Kind.RNN_RELU),
    "relu-is-smooth": lambda: Smooth(Kind.RNN_RELU),
}
