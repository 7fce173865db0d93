"""A user's live module is checked itself, and given back as it was."""

import copy
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from refcheck.cell import Kind, Spec  # noqa: E402
from refcheck.errors import TargetError, Unsupported  # noqa: E402
from tests.adapters import modules  # noqa: E402
from tests.adapters.cells import adapted, case_of, furthest, textbook  # noqa: E402

nn = torch.nn


def state_of(module: Any) -> dict[str, Any]:
    """Return what must be the same afterwards, by identity and by value."""
    parameters = dict(module.named_parameters())
    return {
        "objects": {n: id(p) for n, p in parameters.items()},
        "storage": {n: p.data_ptr() for n, p in parameters.items()},
        "values": {n: p.detach().numpy().tobytes() for n, p in parameters.items()},
        "grad": {n: id(p.grad) for n, p in parameters.items()},
        "frozen": {n: p.requires_grad for n, p in parameters.items()},
        "dtypes": {n: p.dtype for n, p in parameters.items()},
        "buffers": {n: b.numpy().tobytes() for n, b in module.named_buffers()},
        "training": [part.training for part in module.modules()],
        "attributes": [sorted(vars(part)) for part in module.modules()],
        "last": id(getattr(module, "last", None)),
    }


def a_used_module() -> Any:
    """Return a module in the middle of its life: trained, and partly frozen."""
    module = modules.Counting(3, 2)
    outputs, _ = module(torch.ones(4, 2, 3))
    outputs.sum().backward()
    module.cell.weight_ih.requires_grad_(False)
    module.cell.eval()
    return module


def used_up(cell: Any) -> None:
    """Call a cell in every way, in both dtypes."""
    for dtype in cell.signature.dtypes:
        spec = Spec(3, 2, dtype=dtype)
        case = case_of(cell, spec)
        cell.forward(case)
        cell.backward(case)
        cell.accumulated(case, 2)
        cell.train_backward(case, 1)


def test_a_live_module_is_given_back_bit_for_bit() -> None:
    module = a_used_module()
    before = state_of(module)

    cell = adapted(module, "gru")
    used_up(cell)
    changed = state_of(module)
    cell.close()

    assert changed != before
    assert state_of(module) == before


def test_a_module_that_is_refused_is_given_back_too() -> None:
    module = a_used_module()
    before = state_of(module)

    with pytest.raises(TargetError):
        adapted(module, "lstm")

    assert state_of(module) == before


def test_the_very_object_is_called_in_its_own_dtype() -> None:
    module = modules.StaleWeights(3, 2).double()
    cell = adapted(module, "gru")
    case = case_of(cell)
    other = case.but(params={n: a + 1 for n, a in case.params.items()})

    cell.forward(case)

    assert module.prepared is not None
    assert furthest(cell.forward(other), cell.fresh().forward(other)) > 0.1


def test_in_another_dtype_a_copy_is_called() -> None:
    module = nn.LSTM(3, 2)
    cell = adapted(module)
    case = case_of(cell)

    found = cell.forward(case)

    assert furthest(found, textbook(cell, case)[0]) < 1e-14
    assert module.weight_ih_l0.dtype == torch.float32


def test_frozen_parameters_are_checked_and_frozen_again() -> None:
    module = nn.GRU(3, 2).requires_grad_(False)
    cell = adapted(module)

    found = cell.backward(case_of(cell))
    cell.close()

    assert found.params["weight_hh_l0"].any()
    assert not module.weight_hh_l0.requires_grad
    assert any("frozen parameters" in note for note in cell.signature.notes)


def test_its_options_are_read_from_it() -> None:
    module = nn.GRU(3, 2, 2, bidirectional=True, batch_first=True, bias=False)

    cell = adapted(module.double())

    fixed = Spec(3, 2, 2, bidirectional=True, bias=False, batch_first=True)
    assert cell.signature.fixed == fixed
    case = case_of(cell, fixed)
    assert furthest(cell.forward(case), textbook(cell, case)[0]) < 1e-13


def test_it_has_no_other_sizes() -> None:
    cell = adapted(nn.GRU(3, 2))

    with pytest.raises(Unsupported, match="GRU has hidden_size=2, not 5"):
        cell.shapes(Spec(3, 5))


def test_a_relu_network_is_known_by_its_nonlinearity() -> None:
    cells = [adapted(nn.RNN(3, 2, nonlinearity=f)) for f in ("relu", "tanh")]

    assert [c.signature.kind for c in cells] == [Kind.RNN_RELU, Kind.RNN_TANH]


def test_sizes_are_read_from_weights_where_no_attribute_tells_them() -> None:
    module = modules.Unlabelled(3, 2)

    cell = adapted(module, "gru")

    assert cell.signature.fixed == Spec(3, 2, dtype="float32")


def test_sizes_that_nothing_tells_can_be_declared() -> None:
    module = nn.Sequential(nn.Linear(3, 2))
    with pytest.raises(TargetError, match="does not tell its sizes"):
        adapted(module)

    cell = adapted(module, options={"input_size": "3", "hidden_size": 2})

    assert cell.shapes(Spec(3, 2)).output_size == 2


def test_a_module_in_half_precision_is_checked_in_copies() -> None:
    cell = adapted(nn.LSTM(3, 2).bfloat16())

    assert cell.signature.usual.dtypes == ("float64", "float32")
    assert "copies are checked in other dtypes than its own" in cell.signature.notes


def test_a_module_that_cannot_be_copied_stays_in_its_dtype() -> None:
    module = modules.LengthsKeyword(3, 2)
    module.last = module(torch.ones(2, 1, 3))[0]  # part of a graph
    with pytest.raises(RuntimeError):
        copy.deepcopy(module)

    cell = adapted(module, "gru")

    assert cell.signature.dtypes == ("float32",)
    assert any("cannot be copied" in note for note in cell.signature.notes)
    case = case_of(cell, Spec(3, 2, dtype="float32"))
    assert furthest(cell.fresh().forward(case), cell.forward(case)) == 0.0
    cell.close()
    assert module.last.requires_grad


def test_a_class_without_sizes_is_built_and_taken_as_it_is() -> None:
    cell = adapted(modules.Fixed, "gru")

    assert cell.signature.fixed == Spec(2, 3, dtype="float32")


def test_a_fresh_cell_has_the_module_as_it_was() -> None:
    module = nn.GRU(3, 2).double()
    cell = adapted(module)
    case = case_of(cell)
    cell.forward(case.but(params={n: np.zeros_like(a) for n, a in case.params.items()}))

    fresh = cell.fresh()

    assert furthest(fresh.forward(case), textbook(cell, case)[0]) < 1e-14
    assert not module.weight_hh_l0.any()
