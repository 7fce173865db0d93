"""Cases: exact documents, and the cuts that laws make."""

import json

import msgspec
import numpy as np
import pytest

from refcheck.case import Case, ClipCase, ClipSpec, case_of
from refcheck.cell import Kind, Spec
from refcheck.errors import RefcheckError
from refcheck.recipe import GENERIC, Recipe, case_from
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import Measured

SEEDS = dict.fromkeys(
    ("inputs", "state", "lengths", "outputs", "final", "params"), GENERIC
)


def a_case(**changes) -> Case:
    cell = ReferenceCell(Kind.LSTM)
    fields = {
        "time": 4,
        "batch": 3,
        "input_size": 2,
        "hidden_size": 2,
        "with_state": True,
        "with_lengths": True,
        "seeds": SEEDS,
    }
    recipe = Recipe(**(fields | changes))
    spec = recipe.spec(cell.signature.dtypes)
    return case_from(recipe, spec, cell.shapes(spec))


def test_a_case_survives_its_document_bit_for_bit() -> None:
    case = a_case(single=True).but(
        extra={"cut": 2, "order": (1, 0), "more": np.ones(2)}
    )

    document = json.loads(msgspec.json.encode(case.document()))
    back = case_of(document)

    assert isinstance(back, Case)
    assert back.spec == case.spec
    assert back.inputs.dtype == np.float32
    assert back.inputs.tobytes() == case.inputs.tobytes()
    assert back.extra["cut"] == 2
    assert json.dumps(back.document()) == json.dumps(case.document())


def test_a_clip_case_survives_too() -> None:
    case = ClipCase(
        ClipSpec(1.0, "float32"),
        (np.ones(3, np.float32), np.zeros((), np.float32)),
        0.5,
    )

    back = case_of(json.loads(msgspec.json.encode(case.document())))

    assert isinstance(back, ClipCase)
    assert back.bound == 0.5
    assert back.grads[1].shape == ()


def test_small_arrays_are_readable_in_the_document() -> None:
    document = a_case(seeds={}).document()

    assert document["inputs"]["values"][0][0] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"schema": 99}, "the case has schema 99, expected 1."),
        ({"schema": 1, "subject": "cell"}, "the case document cannot be read: 'spec'."),
        ({"schema": 1, "subject": "tree", "spec": {}}, "cannot be read"),
    ],
    ids=["schema", "missing", "subject"],
)
def test_what_is_no_case_document_is_refused_in_a_sentence(document, message) -> None:
    with pytest.raises(RefcheckError, match=message):
        case_of(document)


def test_a_cut_gives_the_final_gradient_to_the_later_part() -> None:
    case = a_case(with_lengths=False)

    early, late = case.split(1)

    assert (early.time, late.time) == (1, 3)
    assert not early.grad_state[0].any()
    assert late.grad_state is case.grad_state


def test_a_row_takes_its_length_and_its_state_along() -> None:
    case = a_case()

    row = case.rows(slice(1, 2))

    assert row.batch == 1
    assert row.lengths is not None
    assert case.lengths is not None
    assert row.lengths[0] == case.lengths[1]


def test_a_state_that_was_returned_keeps_its_allowance() -> None:
    case = a_case()
    returned = tuple(Measured(s, np.full(s.shape, 1e-3)) for s in case.grad_state)

    later = case.starting_at(returned).rows(slice(0, 1))

    assert later.state is not None
    assert later.state[0].shape == (1, 1, 2)
    assert later.carried["state"][0].allowance.max() >= 1e-3
    assert "carried" not in later.document()


def test_fewer_steps_end_the_longer_rows() -> None:
    case = a_case().until(2)

    assert case.lengths is not None
    assert case.lengths.max() == 2
    assert Spec(1, 1, bidirectional=True, num_layers=2).depth == 4
