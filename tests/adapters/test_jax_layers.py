"""Released layers on top of JAX: right, but for what they are known to violate."""

import pytest

pytest.importorskip("jax")
for library in ("flax", "equinox", "haiku"):
    pytest.importorskip(library)

from refcheck.catalogue import laws  # noqa: E402
from refcheck.measured import MeasuredCell  # noqa: E402
from refcheck.target import adapt  # noqa: E402
from tests.adapters.jax_layers import (  # noqa: E402
    EMPTY_ROW,
    LAYERS,
    NAN_PADDING,
    TOO_LONG,
)
from tests.adapters.jax_trial import trial  # noqa: E402

AGREEMENT = ("outputs-agree", "final-state-agrees", "gradients-agree")
WITH_LENGTHS = ("linen RNN(LSTMCell)", "nnx RNN(GRUCell)")


@pytest.mark.parametrize("name", LAYERS)
def test_a_released_layer_agrees_with_the_textbook(name: str) -> None:
    layer = LAYERS[name]
    cell = adapt(layer.thing, layer.declared, name)
    assert cell.signature.kind is not None

    measured = MeasuredCell(cell)  # one, so that less is compiled

    trials = [trial(law, measured) for law in AGREEMENT]

    assert not [t.worst or t.crash for t in trials if t.broken]
    assert all(t.conclusive and t.verdicts for t in trials)
    assert cell.signature.dtypes == ("float64", "float32")


@pytest.mark.parametrize("name", WITH_LENGTHS)
@pytest.mark.parametrize("law", [EMPTY_ROW, TOO_LONG, NAN_PADDING])
def test_what_flax_does_with_lengths_is_found(name: str, law: str) -> None:
    layer = LAYERS[name]

    found = trial(law, adapt(layer.thing, layer.declared, name))

    assert law in layer.violates
    assert found.worst is not None
    assert not found.crash


BACKWARDS = [name for name in LAYERS if "reverse" in name]


@pytest.mark.parametrize("name", BACKWARDS)
def test_what_reads_backwards_is_handed_its_rows_turned_about(name: str) -> None:
    layer = LAYERS[name]
    cell = adapt(layer.thing, layer.declared, name)

    found = trial("padding-is-never-read", cell)

    assert any("reads backwards" in note for note in cell.signature.notes)
    assert found.conclusive
    assert not found.broken


BOTH = ("linen Bidirectional(GRUCell)", "nnx Bidirectional(LSTMCell)")
UNTROUBLED = ("each-half-sees-one-side", "renaming-hidden-units-renames-outputs")


@pytest.mark.parametrize("name", BOTH)
def test_what_stands_past_the_end_in_both_directions_alarms_nobody(name: str) -> None:
    layer = LAYERS[name]
    cell = MeasuredCell(adapt(layer.thing, layer.declared, name))

    trials = [trial(law, cell, lengths=True) for law in UNTROUBLED]

    assert any("past the end" in note for note in cell.signature.notes)
    assert all(t.conclusive and t.verdicts for t in trials)
    assert not [t.worst or t.crash for t in trials if t.broken]


@pytest.mark.parametrize("name", BOTH)
def test_what_has_no_single_direction_is_not_asked_for_one(name: str) -> None:
    layer = LAYERS[name]

    cell = adapt(layer.thing, layer.declared, name)

    assert laws()["both-directions-are-two-cells"].excuse(cell.signature)
    assert not laws()["reverse-is-flip-forward-flip"].excuse(cell.signature)
