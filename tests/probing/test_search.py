"""Which setting a cell follows is found without being told, by numbers alone."""

import pytest

from refcheck.cell import Kind, Spec
from refcheck.probing.elimination import Elimination, Tried
from refcheck.probing.evidence import items, sentence
from refcheck.probing.found import Found, searched
from refcheck.probing.setting import named, told
from refcheck.watch import Unwatched
from tests.probing.unusual import SETTINGS, Unusual, lstm


@pytest.mark.parametrize("name", SETTINGS)
def test_the_textbook_under_a_setting_is_found_to_follow_it(name: str) -> None:
    setting = SETTINGS[name]

    found = searched(Unusual(setting), Unwatched())

    assert found.setting is not None, sentence(found.settings)
    assert told(found.setting) == told(named(setting))


def test_the_evidence_says_how_far_off_all_others_were() -> None:
    found = searched(Unusual(SETTINGS["LSTM, gates i o f g"]), Unwatched())
    assert found.setting is not None

    said = {item.name: item for item in items(found.settings, found.setting)}

    assert said["gates"].value == "i o f g"
    assert " others are off by" in said["gates"].evidence
    assert said["kind"].evidence == "nothing else has such shapes"
    assert said["matrices"].evidence == "by the shapes"
    assert "26 others are off by" in said["activations"].evidence
    assert sentence(found.settings).endswith("explains on 11 of 11 cases")


def test_two_settings_that_nothing_tells_apart_are_both_told() -> None:
    setting = lstm()
    found = searched(Unusual(setting, Spec(1, 1)), Unwatched())

    assert found.setting is None
    assert len(found.settings.left) > 1
    assert "agree on every case: " in sentence(found.settings)


def test_a_cell_of_several_layers_is_not_searched() -> None:
    found = searched(Unusual(lstm(), Spec(3, 2, num_layers=2)), Unwatched())

    assert sentence(found.settings).startswith("it has several layers or directions")


def test_parameters_that_fit_no_cell_are_listed_with_their_shapes() -> None:
    cell = Unusual(lstm())
    shapes = cell.shapes
    cell.shapes = lambda spec: shapes(spec)._replace(params={"A": (3, 3, 3), "B": (7,)})

    found = searched(_Same(cell), Unwatched())

    assert sentence(found.settings) == (
        "the shapes of its parameters fit no known cell: A (3, 3, 3), B (7,)"
    )


def test_a_cell_that_raises_agrees_with_nothing() -> None:
    cell = Unusual(SETTINGS["tanh, one bias"])
    cell.forward = _raising

    found = searched(_Same(cell), Unwatched())

    assert found.settings.left == []
    assert "agrees with none; the nearest is rnn-tanh" in sentence(found.settings)


def test_a_setting_is_nearest_that_came_furthest() -> None:
    found: Found = searched(Unusual(SETTINGS["LSTM, hard sigmoid"]), Unwatched())

    assert found.settings.nearest is not None
    assert not found.settings.nearest.alike


class _Same:
    """A cell with a method replaced, which ``fresh`` must not undo."""

    def __init__(self, cell: Unusual) -> None:
        self.cell, self.signature = cell, cell.signature

    def fresh(self) -> "_Same":
        return self

    def shapes(self, spec: Spec) -> object:
        return self.cell.shapes(spec)

    def forward(self, case: object) -> object:
        return self.cell.forward(case)


def _raising(_: object) -> None:
    message = "no"
    raise ValueError(message)


def test_other_activations_have_no_gradients_here() -> None:
    setting = SETTINGS["LSTM, hard sigmoid"]
    equations = setting.signature(Unusual(setting).signature).equations

    with pytest.raises(NotImplementedError, match="going forward"):
        equations.step_back()


def test_settings_that_raise_are_told_from_those_that_are_off() -> None:
    setting = lstm()
    tried = Tried(lstm(gates={Kind.LSTM: "iofg"}), float("inf"), False, 1)

    said = {i.name: i.evidence for i in items(Elimination([tried], [setting]), setting)}

    assert said["gates"] == "in 1 others shapes differ, or it raises"
