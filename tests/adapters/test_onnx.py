"""ONNX's operators: each option conforms, or violates what it is known to violate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import helper, numpy_helper  # noqa: E402

from refcheck.adapters.onnx import load  # noqa: E402
from refcheck.adapters.onnx_models import built  # noqa: E402
from refcheck.adapters.onnx_operator import Operator  # noqa: E402
from refcheck.catalogue import laws  # noqa: E402
from refcheck.cell import Capability, Declared, Kind  # noqa: E402
from refcheck.errors import RefcheckError, TargetError  # noqa: E402
from refcheck.outcome import BROKEN, Status  # noqa: E402
from refcheck.runner import run  # noqa: E402
from refcheck.settings import Settings  # noqa: E402
from tests.adapters.onnx_runtimes import Counting  # noqa: E402

EMPTY_ROW = "lengths-need-no-order"  # a row of length 0 ends at 0: the spec is silent
# a GRU of no steps kills the process, see test_supervisor for such targets
DEADLY = "a-sequence-of-no-steps-changes-nothing"
ASKED = [law for law in laws().values() if law.name != DEADLY]
CUT = {  # the cell state is not cut before it enters tanh, as the spec says it is:
    "outputs-agree",  # https://github.com/microsoft/onnxruntime/issues/27224
    "final-state-agrees",
    "many-steps-agree-step-by-step",
    "float32-stays-inside-its-budget",
}
EXPECTED: dict[str, tuple[str, dict[str, Any], Kind | None, set[str]]] = {
    "RNN": ("RNN", {}, Kind.RNN_TANH, set()),
    "RNN, ReLU": ("RNN", {"activations": "Relu"}, Kind.RNN_RELU, set()),
    "RNN, clip": ("RNN", {"clip": 0.5}, Kind.ONNX_RNN, set()),
    "RNN, reverse": ("RNN", {"direction": "reverse"}, Kind.RNN_TANH, set()),
    "RNN, affine": ("RNN", {"activations": "Softsign"}, None, set()),
    "GRU": ("GRU", {}, Kind.GRU_RESET_BEFORE, set()),
    "GRU, reset after": ("GRU", {"linear_before_reset": 1}, Kind.GRU, set()),
    "GRU, clip": ("GRU", {"clip": 0.5}, Kind.ONNX_GRU, set()),
    "GRU, ReLU": ("GRU", {"activations": "Sigmoid,Relu"}, Kind.ONNX_GRU, set()),
    "LSTM": ("LSTM", {}, Kind.LSTM, set()),
    "LSTM, reverse": ("LSTM", {"direction": "reverse"}, Kind.LSTM, set()),
    "LSTM, peepholes": ("LSTM", {"peepholes": True}, Kind.ONNX_LSTM, set()),
    "LSTM, coupled": ("LSTM", {"input_forget": 1}, Kind.ONNX_LSTM, set()),
    "LSTM, clip": ("LSTM", {"clip": 0.5}, Kind.ONNX_LSTM, CUT),
}


def broken(cell: Any, **settings: Any) -> set[str]:
    outcomes = run(cell, ASKED, Settings(profile="quick", **settings))
    return {o.law for o in outcomes if o.status in BROKEN}


@pytest.mark.parametrize("name", EXPECTED)
def test_onnxruntime_conforms_or_violates_as_it_is_known_to(name: str) -> None:
    op, options, kind, violated = EXPECTED[name]
    cell = load(f"onnx:{op}", Declared(options=options))

    found = broken(cell)

    assert cell.signature.kind is kind
    assert found == {EMPTY_ROW} | violated


@pytest.mark.parametrize("op", ["RNN", "LSTM", "GRU"])
def test_the_evaluator_of_onnx_ignores_lengths(op: str) -> None:
    cell = load(f"onnx:{op}", Declared(options={"backend": "reference"}))

    found = broken(cell, select=("final-state-is-the-state-at-the-length",))

    assert found == {"final-state-is-the-state-at-the-length"}


def test_another_runtime_is_a_class_of_two_methods() -> None:
    cell = load("onnx:GRU", Declared(), Counting)

    found = broken(cell, select=("agreement",))

    assert found == set()
    assert Counting.runs > 0


# files ------------------------------------------------------------------------------


def saved(path: Path, slots: set[str], **attributes: Any) -> str:
    """Write a GRU with D = 3 and H = 4 whose weights are stored in the file."""
    operator = Operator("GRU", {"linear_before_reset": 1, **attributes})
    shapes = {"W": (1, 12, 3), "R": (1, 12, 4), "B": (1, 24)}
    given = {"X", "W", "R", "B", *slots}
    serialised = built(
        operator, given, "float32", {**operator.attributes, "hidden_size": 4}
    ).serialised
    model = onnx.load_from_string(serialised)
    kept = [value for value in model.graph.input if value.name not in shapes]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    for name, shape in shapes.items():
        array = np.ones(shape, np.float32)
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    onnx.save(model, path)
    return str(path)


def test_a_file_is_checked_with_the_weights_that_cases_ask_for(tmp_path: Path) -> None:
    slots = {"sequence_lens", "initial_h"}
    cell = load(saved(tmp_path / "gru.onnx", slots), Declared(like=Kind.GRU))

    outcomes = list(run(cell, ASKED, Settings(profile="quick")))

    found = {o.law for o in outcomes if o.status in BROKEN}
    held = [o.law for o in outcomes if o.status is Status.HELD]
    assert found == {EMPTY_ROW}
    assert "outputs-agree" in held
    assert len(held) > 30


def test_a_file_with_a_transposed_input_has_the_batch_first(tmp_path: Path) -> None:
    path = tmp_path / "first.onnx"
    model = onnx.load(saved(path, set()))
    turn = helper.make_node("Transpose", ["x"], ["X"], perm=[1, 0, 2])
    node = model.graph.node[0]
    node.output[0] = "raw"
    merged = helper.make_node("Squeeze", ["raw", "one"], ["flat"])
    back = helper.make_node("Transpose", ["flat"], ["Y"], perm=[1, 0, 2])
    one = numpy_helper.from_array(np.array([1]), "one")
    model.graph.initializer.append(one)
    del model.graph.node[:]
    model.graph.node.extend([turn, node, merged, back])
    next(v for v in model.graph.input if v.name == "X").name = "x"
    onnx.save(model, path)

    cell = load(str(path), Declared())

    assert cell.signature.fixed.batch_first
    assert broken(cell) == set()


def test_a_file_without_an_initial_state_starts_from_zeros(tmp_path: Path) -> None:
    cell = load(saved(tmp_path / "gru.onnx", set()), Declared())

    assert Capability.INITIAL_STATE not in cell.signature.capabilities
    assert broken(cell) == set()


# what is said where it leads nowhere -------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("onnx:Loop", {}, "no recurrent operator 'Loop', only RNN, LSTM, GRU"),
        ("onnx:GRU", {"activations": "Nonsense,Tanh"}, "onnx:GRU does not run"),
        ("nowhere.onnx", {}, "nowhere.onnx cannot be checked"),
    ],
)
def test_what_cannot_be_run_is_the_targets_fault(name, options, says) -> None:
    with pytest.raises(TargetError, match=says):
        load(name, Declared(options=options))


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("onnx:GRU", {"clop": 1}, "--set clop is no attribute"),
        ("onnx:GRU", {"backend": "mine"}, "expected onnxruntime or reference"),
        ("gru.onnx", {"clip": 1}, "--set takes backend alone"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(name, options, says) -> None:
    with pytest.raises(RefcheckError, match=says):
        load(name, Declared(options=options))


def test_a_kind_that_contradicts_the_attributes_is_refused() -> None:
    with pytest.raises(TargetError, match="of the kind gru-reset-before"):
        load("onnx:GRU", Declared(like=Kind.GRU))


def test_a_file_with_two_cells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.onnx"
    model = onnx.load(saved(path, set()))
    second = onnx.NodeProto()
    second.CopyFrom(model.graph.node[0])
    model.graph.node.append(second)
    onnx.save(model, path)

    with pytest.raises(TargetError, match="holds GRU, GRU, expected one"):
        load(str(path), Declared())


def test_a_file_whose_weights_are_computed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "loose.onnx"
    model = onnx.load(saved(path, set()))
    model.graph.initializer.pop()
    onnx.save(model, path)

    with pytest.raises(TargetError, match="weights B are not stored"):
        load(str(path), Declared())


def test_a_file_with_an_input_of_its_own_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    model = onnx.load(saved(path, set()))
    model.graph.input.append(helper.make_tensor_value_info("extra", 1, None))
    onnx.save(model, path)

    with pytest.raises(TargetError, match="inputs X, extra, expected each"):
        load(str(path), Declared())
