"""The budget of activations is chosen by what the target's own activations show."""

from contextlib import contextmanager

import numpy as np
import pytest

from refcheck import scan
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.reference import activation, gru, lstm
from refcheck.reference.cell import ReferenceCell
from refcheck.reference.equations import EQUATIONS
from refcheck.rounding import FORMATS
from refcheck.rounding.formats import presets
from tests.test_hostile import reversed_step

KINDS = list(scan.SCANS)


def sigmoid_by_tanh(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


class ByTanh(ReferenceCell):
    """σ(a) = (1 + tanh(a/2)) / 2: right to a roundoff, absolutely."""

    def forward(self, case):
        with planted(sigmoid_by_tanh):
            return super().forward(case)


@contextmanager
def planted(sigmoid):
    modules = (lstm, gru)
    before = activation.sigmoid
    for module in modules:
        module.sigmoid = sigmoid
    try:
        yield
    finally:
        for module in modules:
            module.sigmoid = before


def preset(cell: MeasuredCell, dtype: str) -> str:
    form = cell.scanned().format_of(dtype)
    return next(n for n, p in presets(form).items() if p == (form.ulps, form.absolute))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accurate_activations_are_given_the_narrowest_budget(kind, dtype) -> None:
    assert preset(MeasuredCell(ReferenceCell(kind)), dtype) == "libm"


def test_sigmoid_by_tanh_is_given_an_absolute_budget() -> None:
    assert preset(MeasuredCell(ByTanh(Kind.LSTM)), "float32") == "approx"


class Reversed(ReferenceCell):
    """h′ = (1 - w) h + w n with w = σ(-a): what is kept, 1 - w, is right absolutely."""

    def forward(self, case):
        with planted_step(reversed_step):
            return super().forward(case)


@contextmanager
def planted_step(step):
    before = EQUATIONS[Kind.GRU]
    EQUATIONS[Kind.GRU] = before._replace(step=step)
    try:
        yield
    finally:
        EQUATIONS[Kind.GRU] = before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gru_that_gates_its_candidate_is_given_an_absolute_budget(dtype) -> None:
    assert preset(MeasuredCell(Reversed(Kind.GRU)), dtype) == "approx"


def test_pytorch_is_given_the_narrowest_budget() -> None:
    torch = pytest.importorskip("torch")
    from refcheck.adapters.torch import adapt
    from refcheck.cell import Declared

    for name in ("RNN", "LSTM", "GRU"):
        cell = MeasuredCell(adapt(getattr(torch.nn, name), Declared(), name))
        assert {preset(cell, d) for d in ("float32", "float64")} == {"libm"}


def test_what_cannot_be_scanned_is_given_the_widest_budget() -> None:
    cell = MeasuredCell(ReferenceCell(Kind.RNN_RELU))

    assert cell.scanned().format_of("float32") == FORMATS["float32"]
    assert preset(cell, "float32") == "approx"


def test_a_target_that_raises_is_given_the_widest_budget() -> None:
    class Raises(ReferenceCell):
        def forward(self, case):
            raise ValueError

    cell = MeasuredCell(Raises(Kind.LSTM))

    assert preset(cell, "float64") == "approx"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_a_scan_reads_each_activation_off_the_state(kind) -> None:
    cell = MeasuredCell(ReferenceCell(kind))
    spec = scan.spec_of(cell.signature, "float64")

    for what, shown in scan.SCANS[kind].items():
        case = scan.case_of(cell, spec, cell.cell.shapes(spec), what)
        found = cell.forward(case).state[shown.state].value[0]
        right = {"tanh": np.tanh, "sigmoid": activation.sigmoid}[what](shown.points)
        assert found[:, 0] == pytest.approx(shown.share * right, rel=1e-15)
        assert len(set(shown.points)) == len(shown.points)
