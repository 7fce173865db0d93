"""The call file: what the child writes, the supervisor reads."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from refcheck import callwriter
from refcheck.callfile import BODY, CallReader, case_document
from refcheck.callwriter import CallWriter
from refcheck.case import Subject, case_of
from tests.reporters.reports import case, clip_case, wide_case

CASES: dict[str, Subject] = {
    "small": case(),
    "wide": wide_case(),
    "of a clipper": clip_case(),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def reader(path: Path) -> Iterator[CallReader]:
    found = CallReader(path)
    yield found
    found.close()


@pytest.fixture
def writer(path: Path, reader: CallReader) -> CallWriter:
    assert reader.number() == 0
    return CallWriter(path)


def without_values(document: object) -> object:
    """Return a document without the readable values beside the exact ones."""
    if isinstance(document, dict):
        return {k: without_values(v) for k, v in document.items() if k != "values"}
    if isinstance(document, list):
        return [without_values(v) for v in document]
    return document


@pytest.mark.parametrize("name", CASES)
def test_the_case_is_read_as_its_document(
    name: str, reader: CallReader, writer: CallWriter
) -> None:
    writer.before("outputs-agree", CASES[name])

    found = case_document(reader.last().body)

    assert found == without_values(CASES[name].document())


def test_a_document_from_the_file_makes_the_case_again(
    reader: CallReader, writer: CallWriter
) -> None:
    writer.before("outputs-agree", wide_case())

    found = case_of(case_document(reader.last().body) or {})

    assert found.document() == wide_case().document()


def test_numpy_scalars_and_other_mappings_are_written_too(
    reader: CallReader, writer: CallWriter
) -> None:
    extra = MappingProxyType({"cut": np.int64(3)})

    writer.before("forward-splits", case(extra=extra))

    found = case_document(reader.last().body) or {}
    assert found["extra"]["cut"]["dtype"] == "int64"


def test_a_call_is_busy_until_it_returns(
    reader: CallReader, writer: CallWriter
) -> None:
    before = reader.number()
    writer.before("outputs-agree", case())
    during = reader.number()
    writer.after()
    after = reader.number()

    assert (before, during, after) == (0, 1, -1)


def test_the_law_is_that_of_the_last_call(
    reader: CallReader, writer: CallWriter
) -> None:
    same = case()
    for law in ("a-law-with-a-long-name", "a-law", "a-law"):
        writer.before(law, same)
        writer.after()

    last = reader.last()

    assert (last.law, last.number, last.busy) == ("a-law", 3, False)
    assert case_document(last.body) == without_values(same.document())


def test_a_case_that_does_not_fit_is_left_out(
    reader: CallReader, writer: CallWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callwriter, "SIZE", BODY + 10)

    writer.before("outputs-agree", case())

    assert case_document(reader.last().body) is None


@pytest.mark.filterwarnings("ignore:os.fork")  # of JAX, where another test brought it
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_forked_copy_of_the_process_ends_at_its_next_call(
    moment: str, reader: CallReader, writer: CallWriter
) -> None:
    writer.before("outputs-agree", case())

    copy = os.fork()
    if copy == 0:
        if moment == "before":
            writer.before("another-law", case())
        writer.after()
        os._exit(9)

    assert os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == 0
    assert reader.last().law == "outputs-agree"
    assert reader.number() == 1
