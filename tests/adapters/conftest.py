"""What the tests of adapters share."""

import sys

import pytest


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Let PyTorch keep to one thread: the sizes here are too small to share."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
