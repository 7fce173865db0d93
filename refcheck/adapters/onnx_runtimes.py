"""What runs an ONNX model: onnxruntime, or any class with the two methods of Runtime.

    class Mine:
        def __init__(self, model):    # the bytes of a serialised ModelProto
            self.session = my_runtime.load(model)

        def run(self, feeds):         # name -> array; returns the outputs in order
            return self.session(feeds)

Such a class is named with ``--set backend=my_runtimes.py:Mine``.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from refcheck.cell import Array
from refcheck.errors import RefcheckError

BUILT_IN = {"onnxruntime": "onnxruntime", "reference": "onnx_reference"}


class Runtime(Protocol):
    """A loaded model."""

    def run(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        """Return the model's outputs, in its order."""


Load = Callable[[bytes], Runtime]


def built_in(name: Any) -> Load:
    """Return the runtime that ``name`` says; onnxruntime for None.

    Raises:
        RefcheckError: if there is none of this name.
    """
    adapter = BUILT_IN.get(name or "onnxruntime")
    if adapter is None:
        message = (
            f"--set backend={name!r} is unknown, expected {' or '.join(BUILT_IN)}, or "
            "a class as path/file.py:Name."
        )
        raise RefcheckError(message)
    found: Load = importlib.import_module(f"refcheck.adapters.{adapter}").Runtime
    return found
