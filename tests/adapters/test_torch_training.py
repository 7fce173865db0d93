"""A module's training mode: what is drawn there, and what a fault there ends in."""

import random
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from refcheck.adapters.torch_training import seeded  # noqa: E402
from refcheck.cell import Capability  # noqa: E402
from refcheck.outcome import Status  # noqa: E402
from tests.adapters.cells import adapted  # noqa: E402
from tests.properties.quick_outcomes import outcome  # noqa: E402

DRAWS = {
    "torch": lambda: torch.rand(()).item(),
    "NumPy": np.random.rand,
    "Python": random.random,
}
CHANGES = "training-mode-changes-nothing"


class Noisy(torch.nn.GRU):
    """It adds noise to its inputs in training."""

    draw = staticmethod(DRAWS["torch"])

    def forward(self, x: Any, state: Any = None) -> Any:
        noise = self.draw() / 8 if self.training and torch.is_tensor(x) else 0.0
        return super().forward(x + noise if noise else x, state)


class Faulty(torch.nn.GRU):
    """It halves its inputs in training."""

    def forward(self, x: Any, state: Any = None) -> Any:
        halved = self.training and torch.is_tensor(x)
        return super().forward(x / 2 if halved else x, state)


class Clashing(torch.nn.GRU):
    """Both directions work, and two layers, but not together."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
    ) -> None:
        if num_layers > 1 and bidirectional:
            message = "one or the other"
            raise ValueError(message)
        super().__init__(
            input_size, hidden_size, num_layers, bidirectional=bidirectional
        )


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_what_a_module_draws_in_training_is_noticed_and_said(
    draw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Noisy, "draw", staticmethod(draw))

    signature = adapted(Noisy, "gru").signature

    assert not signature.offers(Capability.REPEATABLE_TRAINING)
    assert any("drawn in training mode" in note for note in signature.notes)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_what_is_drawn_follows_from_the_seed_and_disturbs_nobody(draw: Any) -> None:
    found = []
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    for _ in range(2):
        with seeded(3):
            found.append(draw())

    assert found[0] == found[1]
    assert before == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002


def test_a_module_that_draws_is_not_held_to_evaluation() -> None:
    assert outcome(CHANGES, adapted(Noisy, "gru")).status is Status.SKIPPED


def test_gradients_of_a_module_that_draws_agree_with_differences() -> None:
    name = "gradients-agree-with-differences-in-training"

    assert outcome(name, adapted(Noisy, "gru")).status is Status.HELD


def test_a_fault_that_shows_in_training_alone_is_found() -> None:
    assert outcome(CHANGES, adapted(Faulty, "gru")).status is Status.VIOLATED


def test_options_that_work_only_one_by_one_draw_nothing() -> None:
    assert adapted(Clashing, "gru").signature.offers(Capability.REPEATABLE_TRAINING)
