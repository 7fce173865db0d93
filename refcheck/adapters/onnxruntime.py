"""onnxruntime on the processor: what runs ONNX models unless another is named."""

from collections.abc import Mapping, Sequence

import onnxruntime

from refcheck.cell import Array


class Runtime:
    """A loaded model, in one thread and with the optimisations of the default."""

    def __init__(self, model: bytes) -> None:
        """Load ``model``."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(model, options, providers)

    def run(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        """Return the model's outputs, in its order."""
        found: Sequence[Array] = self._session.run(None, dict(feeds))
        return found
