"""What a probe tells of whole targets: modules of users, rows that end, dtypes."""

from typing import Any

import pytest

from refcheck.cell import Declared, Kind
from refcheck.errors import RefcheckError
from refcheck.outcome import Probed
from refcheck.probing.probe import probed
from refcheck.probing.setting import Setting, told
from refcheck.reporters.probed import exit_code, verdict
from refcheck.target import load
from refcheck.watch import Unwatched
from tests.adapters.functions import SIZES

MODULES = "tests.probing.modules"
ENDS = {
    "repeating": (
        "the last output before the end, repeated",
        "end with a state of zeros",
    ),
    "reading_on": (
        "what would stand there without lengths",
        "end where the padding ends",
    ),
    "strange": ("something else", "something else"),
    "refusing": ("rows of different lengths are refused", "refused"),
}


def probe(target: str, **said: Any) -> Probed:
    return probed(lambda d: load(target, d), Declared(**said), target, Unwatched())


def items(found: Probed) -> dict[str, str]:
    return {item.name: item.value for item in found.items}


def test_gates_that_pytorchs_names_contradict_are_found_and_said() -> None:
    found = probe(f"{MODULES}:SwappedGRU")

    assert found.flags == "--like gru --convention gates=zrn"
    assert found.contradictions == (
        "by the names of its parameters, which are PyTorch's, gates r z n, found z r n",
    )
    assert verdict(found) == "CONTRADICTED"


def test_what_is_declared_and_found_contradicts_nothing() -> None:
    found = probe(f"{MODULES}:SwappedGRU", like=Kind.GRU, conventions=("gates=zrn",))

    assert found.contradictions == ()
    assert found.flags == "--like gru --convention gates=zrn"
    assert exit_code(found) == 0


def test_another_setting_than_was_declared_is_said() -> None:
    found = probe(f"{MODULES}:SwappedGRU", like=Kind.GRU)

    assert found.contradictions == (
        "as declared, or as its class says, gates r z n, found z r n",
    )
    assert exit_code(found) == 4


def test_a_cell_with_a_fault_agrees_with_nothing_and_its_fault_is_named() -> None:
    found = probe(f"{MODULES}:NoResetGRU")

    assert found.kind == ""
    assert "it agrees with none; the nearest is gru" in found.says
    assert "at first where the recurrent weights count" in found.says
    (note,) = found.notes
    assert "with reset-gate-left-out (6 of 6 looks)" in note
    assert verdict(found) == "NOT FOUND"


def test_activations_that_no_convention_states_are_found_and_not_declarable() -> None:
    found = probe(f"{MODULES}:HardLSTM")

    assert found.kind == "lstm"
    assert not found.declarable
    assert items(found)["activations"].startswith("gates hard sigmoid (a/5 + 1/2)")


def test_a_batch_axis_that_comes_first_is_found_where_trial_calls_cannot_tell() -> None:
    found = probe(f"{MODULES}:BatchFirstRNN")

    assert found.kind == "rnn-tanh"
    assert items(found)["axes"] == "(N, T, D)"
    assert "--set batch_first=True" in found.flags
    said = Declared(Kind.RNN_TANH, {"batch_first": True}, conventions=found.conventions)
    assert load(f"{MODULES}:BatchFirstRNN", said).signature.kind is Kind.RNN_TANH


def test_what_it_says_to_type_states_what_was_found() -> None:
    found = probe(f"{MODULES}:GateByGate")

    said = Declared(Kind(found.kind), conventions=found.conventions)
    known = load(f"{MODULES}:GateByGate", said).signature

    assert known.kind is Kind.LSTM
    stated = told(Setting(known.kind, known.layout))
    assert stated == {name: items(found)[name] for name in stated}
    assert stated["state order"] == "(c, h)"


def test_conventions_that_are_declared_are_found_again() -> None:
    conventions = probe(f"{MODULES}:GateByGate").conventions

    found = probe(
        f"{MODULES}:GateByGate", like=Kind.LSTM, conventions=tuple(conventions)
    )

    assert found.contradictions == ()
    assert found.conventions == conventions


def test_ended_rows_of_pytorch_are_zeros_and_empty_ones_are_refused() -> None:
    found = items(probe("torch.nn:RNN"))

    assert found["outputs past the end"] == "zeros"
    assert found["empty rows"] == "refused"
    assert found["dtypes"] == "float64, float32, float16, bfloat16"
    assert found["axes"] == "(T, N, D)"


def test_the_textbook_keeps_the_state_of_empty_rows() -> None:
    found = items(probe("tests.probing.cells:kept"))

    assert found["empty rows"] == "keep the initial state"
    assert found["outputs past the end"] == "zeros"


def test_other_rules_for_rows_that_end_are_told_apart() -> None:
    found = {name: items(probe(f"tests.probing.cells:{name}")) for name in ENDS}

    shown = {
        name: (f["outputs past the end"], f["empty rows"]) for name, f in found.items()
    }
    assert shown == ENDS


def test_a_float64_that_is_no_double_is_said() -> None:
    found = probe("tests.probing.cells:single_inside")

    assert found.kind == "rnn-tanh"
    (dtypes,) = (item for item in found.items if item.name == "dtypes")
    assert dtypes.value == "float32"
    assert dtypes.evidence.startswith("float64 is taken, and off by ")


def test_a_framework_that_says_otherwise_of_ended_rows_is_contradicted() -> None:
    found = probe("tests.probing.cells:said_to_repeat")

    (said,) = found.contradictions
    assert said.endswith("outputs past the end of a row are repeated, found zeros")


def test_a_step_whose_parameters_are_hidden_is_like_nothing() -> None:
    found = probe("tests.adapters.functions:closed_step", options=SIZES)

    assert found.says == "the shapes of its parameters fit no known cell: none"
    assert items(found)["axes"] == "one step (N, D) a call"


def test_a_clipper_is_no_cell_to_be_probed() -> None:
    with pytest.raises(RefcheckError, match="is no recurrent cell, but clip-norm"):
        probe("torch.nn.utils:clip_grad_norm_")


def test_rows_that_end_say_little_of_a_cell_without_states() -> None:
    found = items(probe("tests.probing.cells:stateless"))

    assert found["empty rows"] == "unknown"
    assert found["outputs past the end"] == "zeros"


def test_a_cell_of_fixed_sizes_that_cannot_be_built_is_told_so() -> None:
    found = probe("tests.probing.cells:unbuildable")

    assert found.kind == ""
    assert (
        items(found)["outputs past the end"] == "rows of different lengths are refused"
    )
