"""The worker protocol: its schemas, its page, and arrays in it."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from refcheck.exact_arrays import Garbled, array, numbers
from refcheck.protocol import (
    OFFERS,
    PAYLOAD_FROM,
    REPLIES,
    KindName,
    Numbers,
    Offer,
    Request,
    Welcome,
)
from tests.protocol_schemas import FOLDER, renewed

PAGE = (Path(__file__).parents[1] / "docs" / "worker.md").read_text("utf-8")


def test_the_published_schemas_are_up_to_date() -> None:
    published = {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()}

    assert published == renewed(), "stale: run python -m tests.protocol_schemas"


def test_each_offer_means_a_capability() -> None:
    assert list(OFFERS) == list(get_args(Offer))


@pytest.mark.parametrize("message", [*get_args(Request), *REPLIES.values()])
def test_the_page_tells_of_every_field(message) -> None:
    missing = [f for f in message.__struct_fields__ if f"`{f}`" not in PAGE]

    assert missing == []


@pytest.mark.parametrize("word", [*OFFERS, *get_args(KindName), *REPLIES])
def test_the_page_tells_of_every_word(word) -> None:
    assert f"`{word}`" in PAGE


def test_fields_of_a_request_end_with_the_parameters() -> None:
    last = [
        m.__struct_fields__[-1]
        for m in get_args(Request)
        if "params" in m.__struct_fields__
    ]

    assert last == ["params"] * 3


def test_hello_needs_little() -> None:
    optional = Welcome.__struct_fields__[5:]

    assert optional == (
        *("kind", "dtypes", "gates", "transposed", "names", "padding", "fixed"),
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64"])
@pytest.mark.parametrize("shape", [(2, 3), (0, 4), (), (1, 1, 1)])
def test_an_array_arrives_as_it_was(dtype, shape) -> None:
    sent = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)

    found = array(numbers(sent))

    assert (found.dtype, found.shape) == (sent.dtype, sent.shape)
    assert found.tobytes() == sent.tobytes()


def test_nan_infinities_and_minus_zero_are_exact() -> None:
    sent = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])

    assert array(numbers(sent)).tobytes() == sent.tobytes()


def test_a_view_is_sent_by_its_entries() -> None:
    sent = np.arange(12.0).reshape(3, 4).T[::-1]

    assert (array(numbers(sent)) == sent).all()


def test_a_large_array_goes_into_the_payload() -> None:
    small, large = np.zeros(2), np.arange(PAYLOAD_FROM / 8)
    payload = bytearray(b"before")

    sent = [numbers(a, payload) for a in (small, large)]

    assert [n.at for n in sent] == [None, 6]
    assert (array(sent[1], bytes(payload)) == large).all()


def test_seventeen_digits_are_exact() -> None:
    sent = np.random.default_rng(1).standard_normal(1000)
    written = [float(f"{v:.17g}") for v in sent]

    found = array(Numbers("float64", [1000], values=written))

    assert found.tobytes() == sent.tobytes()


def test_nine_digits_are_exact_in_single_precision() -> None:
    sent = np.random.default_rng(1).standard_normal(1000).astype("float32")
    written = [float(f"{v:.9g}") for v in sent]

    found = array(Numbers("float32", [1000], values=written))

    assert found.tobytes() == sent.tobytes()


def test_values_may_be_nested_and_spelt() -> None:
    found = array(Numbers("float64", [2, 2], values=[[1, "nan"], ["inf", "-inf"]]))

    assert np.array_equal(found, [[1, np.nan], [np.inf, -np.inf]], equal_nan=True)


@pytest.mark.parametrize("value", [True, None, "NaN", "1.0", {}])
def test_a_value_that_is_no_number_is_refused(value) -> None:
    with pytest.raises(Garbled, match="stands among values"):
        array(Numbers("float64", [1], values=[value]))


def test_a_value_beyond_its_dtype_is_refused() -> None:
    with pytest.raises(Garbled, match="beyond the range of float32"):
        array(Numbers("float32", [1], values=[1e39]))
