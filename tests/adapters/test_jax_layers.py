"""Released layers on top of JAX: right, but for what they are known to violate."""

import pytest

pytest.importorskip("jax")
for library in ("flax", "equinox", "haiku"):
    pytest.importorskip(library)

from refcheck.measured import MeasuredCell  # noqa: E402
from refcheck.target import adapt  # noqa: E402
from tests.adapters.jax_layers import EMPTY_ROW, LAYERS, NAN_PADDING  # noqa: E402
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
@pytest.mark.parametrize("law", [EMPTY_ROW, NAN_PADDING])
def test_what_flax_does_with_lengths_is_found(name: str, law: str) -> None:
    layer = LAYERS[name]

    found = trial(law, adapt(layer.thing, layer.declared, name))

    assert law in layer.violates
    assert found.worst is not None
    assert not found.crash
