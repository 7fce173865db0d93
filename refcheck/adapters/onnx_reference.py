"""ONNX's own ReferenceEvaluator, as a runtime."""

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx.reference import ReferenceEvaluator

from refcheck.cell import Array


class Runtime:
    """A loaded model."""

    def __init__(self, model: bytes) -> None:
        """Load ``model``."""
        self._session = ReferenceEvaluator(onnx.load_from_string(model))

    def run(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        """Return the model's outputs, in its order."""
        found: Any = self._session.run(None, dict(feeds))
        return list(found)
