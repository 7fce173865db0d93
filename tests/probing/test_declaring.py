"""What is to be typed states what was found, and forms are told by shapes."""

import pytest

from refcheck.cell import Kind, Spec
from refcheck.conventions import declared, placed
from refcheck.probing.declaring import conventions
from refcheck.probing.forms import forms
from refcheck.probing.setting import Setting, told
from tests.probing.unusual import GRU_APART, SETTINGS, Unusual

DECLARABLE = [name for name, setting in SETTINGS.items() if setting.usual]
SQUARE = Spec(2, 2)


@pytest.mark.parametrize("name", DECLARABLE)
def test_conventions_state_a_setting_where_nothing_else_is_known(name: str) -> None:
    setting = SETTINGS[name]
    signature = placed(Unusual(setting).signature, setting.kind)

    known = declared(signature, conventions(setting, None))

    assert known.kind is not None
    assert told(Setting(known.kind, known.layout)) == told(setting)


def test_names_that_no_template_can_hold_are_not_placed() -> None:
    shapes = {"W {x}": (2, 3), "U": (2, 2)}

    assert list(forms(Kind.RNN_TANH, Spec(3, 2), shapes)) == []


def test_square_matrices_of_each_gate_may_read_inputs_or_the_state() -> None:
    shapes = GRU_APART.shapes(Kind.GRU, SQUARE)

    found = list(forms(Kind.GRU, SQUARE, shapes))

    assert {layout.weight_ih for layout in found} == {"hn hr hz", "xn xr xz"}


def test_matrices_of_other_shapes_have_no_form() -> None:
    shapes = {f"W{k}": (2, 3 if k else 2) for k in range(6)}

    assert list(forms(Kind.GRU, Spec(3, 2), shapes)) == []


def test_biases_that_no_names_tell_apart_have_no_form() -> None:
    matrices = {f"{w}{g}": (2, 3 if w == "x" else 2) for w in "xh" for g in "rzn"}
    biases = {f"b{k}": (2,) for k in range(6)}

    assert list(forms(Kind.GRU, Spec(3, 2), matrices | biases)) == []


def test_matrices_of_each_gate_may_stand_without_biases() -> None:
    shapes = {f"{w}{g}": (2, 3 if w == "x" else 2) for w in "xh" for g in "rzn"}

    (found,) = forms(Kind.GRU, Spec(3, 2), shapes)

    assert (found.weight_ih, found.bias_ih) == ("xr xz xn", "")
