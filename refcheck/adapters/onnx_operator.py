"""An ONNX operator as its attributes make it, and the kind of cell that it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from refcheck.cell import Kind, Spec
from refcheck.reference.equations import Equations
from refcheck.reference.onnx import ACTIVATIONS, DEFAULT, Options, equations

STATES = ("initial_h", "initial_c")
TEXTBOOKS = {  # by operator and activations, where no other attribute changes them
    ("RNN", "Tanh"): Kind.RNN_TANH,
    ("RNN", "Relu"): Kind.RNN_RELU,
    ("LSTM", "Sigmoid", "Tanh", "Tanh"): Kind.LSTM,
    ("GRU", "Sigmoid", "Tanh"): Kind.GRU_RESET_BEFORE,
}


def slots(op: str) -> list[str]:
    """Return the inputs of a node, in the order of its schema."""
    common = ["X", "W", "R", "B", "sequence_lens", "initial_h"]
    return [*common, "initial_c", "P"] if op == "LSTM" else common


@dataclass(frozen=True)
class Operator:
    """RNN, LSTM or GRU, with attributes as ``onnx.helper`` takes them."""

    op: str
    attributes: Mapping[str, Any]
    peepholes: bool = False

    @property
    def states(self) -> int:
        """Arrays that make up the state."""
        return 2 if self.op == "LSTM" else 1

    @property
    def activations(self) -> tuple[str, ...]:
        """The activations of one direction."""
        default = DEFAULT[self._variant]
        said = [_text(a) for a in self.attributes.get("activations", default)]
        return tuple(said[: len(default)])

    @property
    def reverse(self) -> bool:
        """Whether the one direction reads from the end."""
        return _text(self.attributes.get("direction", "forward")) == "reverse"

    @property
    def own_kind(self) -> Kind:
        """The kind that has its gates and states, with options or without."""
        return self.kind or self._variant

    @property
    def kind(self) -> Kind | None:
        """The textbook that it follows; None if there is none with its activations."""
        if not set(self.activations) <= set(ACTIVATIONS):
            return None
        changed = [self.attributes.get(n) for n in ("clip", "input_forget")]
        if any(changed) or self.peepholes:
            return self._variant
        known = TEXTBOOKS.get((self.op, *self.activations), self._variant)
        after = self._reset_after and known is Kind.GRU_RESET_BEFORE
        return Kind.GRU if after else known

    @property
    def equations(self) -> Equations | None:
        """The equations of a kind whose attributes are part of them, else None."""
        if self.kind is not self._variant:
            return None
        options = Options(
            self.activations,
            self.attributes.get("clip"),
            coupled=bool(self.attributes.get("input_forget")),
            reset_after=self._reset_after,
        )
        return equations(self._variant, options)

    def built_as(self, spec: Spec) -> dict[str, Any]:
        """Return the attributes of a node for ``spec``."""
        own = dict(self.attributes) | {"hidden_size": spec.hidden_size}
        if spec.bidirectional:
            own["direction"] = "bidirectional"
        if "activations" in own:
            own["activations"] = list(self.activations) * spec.directions
        return own | ({"layout": 1} if spec.batch_first else {})

    @property
    def _variant(self) -> Kind:
        return Kind(f"onnx-{self.op.lower()}")

    @property
    def _reset_after(self) -> bool:
        return bool(self.attributes.get("linear_before_reset"))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
