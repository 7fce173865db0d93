"""Conventions are declared by name, and recognised as what they are."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.cell import Capability, Declared, Kind, Padding, Spec
from refcheck.conventions import CONVENTIONS, declared, named, placed
from refcheck.errors import RefcheckError
from refcheck.layout import TORCH
from refcheck.onnx_layout import OnnxLayout
from refcheck.recipe import array
from refcheck.reference.cell import ReferenceCell
from refcheck.target import adapt

SPEC = Spec(3, 2, num_layers=2, bidirectional=True)
LAYOUTS = [
    (convention, kind)
    for convention in CONVENTIONS.values()
    for kind in sorted(convention.kinds, key=lambda kind: kind.value)
    if not convention.id.startswith(("like=", "padding="))
]


def own(kind):
    shapes = TORCH.shapes(kind, SPEC)
    return {n: array(300 + k, s) for k, (n, s) in enumerate(shapes.items())}


@pytest.mark.parametrize(("convention", "kind"), LAYOUTS)
def test_a_layout_by_convention_converts_there_and_back(convention, kind) -> None:
    layout = convention.declare(ReferenceCell(kind).signature).layout
    params = own(kind)

    there = layout.to_canonical(kind, SPEC, params)
    back = layout.from_canonical(kind, SPEC, there)

    assert all(np.array_equal(back[name], given) for name, given in params.items())
    plain = TORCH.to_canonical(kind, SPEC, params)
    same = all(
        np.array_equal(a, b)
        for mine, its in zip(there, plain, strict=True)
        for a, b in zip(mine, its, strict=True)
    )
    assert same == (convention.id == "state=ch")


def test_several_conventions_can_be_declared_together() -> None:
    signature = ReferenceCell(Kind.GRU).signature

    found = declared(signature, ["update-gate=new", "gates=zrn"])

    assert found.layout is not None
    assert found.layout.gates[Kind.GRU] == "zrn"
    assert found.layout.blocks.negated == "z"


def test_what_stands_in_the_padding_can_be_declared() -> None:
    found = declared(ReferenceCell(Kind.GRU).signature, ["padding=repeated"])

    assert found.padding is Padding.REPEATED
    assert found.offers(Capability.PADDING_CONTRACT)


@pytest.mark.parametrize(
    ("name", "likely"),
    [("gates=xyz", "gates=ifog"), ("order=1", "gates=ifog"), ("like=gru", "gates=")],
)
def test_a_convention_that_is_misspelt_is_told_what_there_is(name, likely) -> None:
    with pytest.raises(RefcheckError, match=f"no convention is called.*{likely}"):
        named(name)


def test_a_convention_of_another_kind_is_refused() -> None:
    with pytest.raises(RefcheckError, match="says nothing of a cell of lstm"):
        declared(ReferenceCell(Kind.LSTM).signature, ["update-gate=new"])


def test_a_convention_of_parameters_that_nobody_sees_is_refused() -> None:
    cell = ReferenceCell(Kind.GRU)
    cell.signature = declared(cell.signature, [])
    hidden = cell.signature.capabilities & ~Capability.LAYOUT
    signature = type(cell.signature)("hidden", Kind.GRU, hidden)

    with pytest.raises(RefcheckError, match="whose parameters are not mapped"):
        declared(signature, ["update-gate=new"])


def test_an_adapted_target_speaks_as_declared() -> None:
    cell = adapt(
        ReferenceCell(Kind.LSTM), Declared(conventions=("state=ch",)), "reference"
    )

    assert cell.signature.layout is not None
    assert cell.signature.layout.cell_first
    assert cell.fresh().signature == cell.signature


def test_parameters_are_placed_by_their_names() -> None:
    names = ["weight_ih=a,b,c", "weight_hh=U_l0", "bias_ih=d", "second-bias=n"]
    signature = placed(ReferenceCell(Kind.GRU).signature, Kind.GRU)

    found = declared(signature, [*names, "bias_hh=e", "matrices=transposed"])

    layout = found.layout
    assert layout is not None
    assert layout.weight_ih == "a b c"
    assert layout.weight_hh == "U_l{layer}{suffix}"
    assert (layout.bias_ih, layout.bias_hh, layout.second) == ("d", "e", "n")
    assert layout.transposed
    assert found.offers(Capability.BIAS | Capability.LAYOUT)


def test_what_is_placed_needs_a_kind() -> None:
    with pytest.raises(RefcheckError, match="give --like KIND too, one of rnn-tanh"):
        placed(ReferenceCell(Kind.GRU).signature, None)


def test_what_is_added_to_the_forget_gate_is_declared_as_a_number() -> None:
    found = declared(ReferenceCell(Kind.LSTM).signature, ["forget-bias=0.5"])

    assert found.layout is not None
    assert found.layout.added == {"f": 0.5}


def test_a_layout_that_leaves_no_choice_says_so() -> None:
    signature = replace(ReferenceCell(Kind.LSTM).signature, layout=OnnxLayout())

    with pytest.raises(RefcheckError, match="the layout of ONNX leaves no such choice"):
        declared(signature, ["forget-bias=1"])
