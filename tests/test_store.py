"""Stored cases."""

from pathlib import Path

import msgspec
import pytest

from refcheck.case import case_of
from refcheck.errors import RefcheckError
from refcheck.outcome import Report
from refcheck.store import find, stored
from tests.reporters.reports import HELD, NOTED, SHAPED, VIOLATED, case, report

DECLARED = {"like": "gru", "options": {"eps": 1e-3}, "state_attr": "h"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cases"


def kept(found: Report) -> list[str]:
    return [outcome.case_id for outcome in found.outcomes]


def test_a_stored_case_holds_all_that_a_replay_needs(folder: Path) -> None:
    found = stored(report(HELD, VIOLATED), DECLARED, folder)

    entry = find(found.outcomes[1].case_id, folder)
    assert (entry.target, entry.law) == ("my_module:MyCell", "outputs-agree")
    assert entry.declared == DECLARED
    assert case_of(entry.case).document() == case().document()
    assert entry.finding["label"] == "outputs"
    assert (entry.refcheck, entry.status) == ("0.1", "violated")


def test_what_has_no_case_is_not_stored(folder: Path) -> None:
    found = stored(report(HELD), DECLARED, folder)

    assert kept(found) == [""]
    assert not folder.exists()


def test_one_case_that_two_laws_fail_on_is_two_questions(folder: Path) -> None:
    found = stored(report(VIOLATED, NOTED), DECLARED, folder)

    assert len(set(kept(found))) == 2


def test_the_same_question_is_one_file_whatever_the_answer(folder: Path) -> None:
    once = msgspec.structs.replace(VIOLATED, worst_case=None)
    again = msgspec.structs.replace(once, finding=None, seconds=9.0)

    first = stored(report(once), DECLARED, folder)
    second = stored(report(again), DECLARED, folder)

    assert kept(first) == kept(second)
    assert len(list(folder.iterdir())) == 1


def test_the_case_with_the_largest_error_is_stored_beside_the_smallest(
    folder: Path,
) -> None:
    (found,) = stored(report(VIOLATED), DECLARED, folder).outcomes

    worst = find(found.worst_id, folder)
    assert found.worst_id != found.case_id
    assert worst.case == VIOLATED.worst_case
    assert worst.finding["error"] == 0.61


def test_a_folder_that_cannot_be_written_is_noted_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    found = stored(report(VIOLATED, SHAPED), DECLARED, tmp_path / "file" / "cases")

    assert kept(found) == ["", ""]
    (note,) = found.notes
    assert note.startswith("cases could not be stored in")
    assert found.outcomes[0].case is not None


def test_a_case_is_found_by_the_beginning_of_its_name_or_by_its_file(
    folder: Path,
) -> None:
    name = kept(stored(report(VIOLATED), DECLARED, folder))[0]

    found = find(name[:4], folder)

    assert found == find(str(folder / f"{name}.json"))
    assert found.identity == name


def test_a_beginning_that_fits_several_is_refused_with_their_names(
    folder: Path,
) -> None:
    folder.mkdir()
    for name in ("ab1", "ab2"):
        (folder / f"{name}.json").write_text("{}")

    with pytest.raises(RefcheckError, match="ab1, ab2; write more of it"):
        find("ab", folder)


@pytest.mark.parametrize("name", ["zz", "*", "../secrets"])
def test_a_name_that_fits_none_is_refused(name: str, folder: Path) -> None:
    with pytest.raises(RefcheckError, match="no stored case is called"):
        find(name, folder)


UNREADABLE = {
    "no json": ("{", "is no stored case"),
    "no target": ('{"law": "a", "case": {}, "declared": {}}', "`target`"),
    "later schema": (
        '{"target": "a", "law": "a", "case": {}, "declared": {}, "schema": 2}',
        "has schema 2, expected 1",
    ),
}


@pytest.mark.parametrize(("text", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_stored_case_is_refused(
    text: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "case.json"
    path.write_text(text)

    with pytest.raises(RefcheckError, match=says):
        find(str(path))


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefcheckError, match="cannot be read"):
        find(str(tmp_path / "missing.json"))
