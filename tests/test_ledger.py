"""What long benchmarks have found is kept, and counts for the laws of today alone."""

import json

import pytest

from refcheck.cell import Kind
from refcheck.outcome import Outcome, Status
from tests.benchmarks import false_alarms, ledger, no_false_alarm
from tests.benchmarks.ledger import (
    Ledger,
    into_docs,
    laws_of_today,
    meaning,
    summary,
    total,
)

FOUND = {"cases": 10, "inconclusive": 1, "closest": 0.2, "alarms": []}


@pytest.fixture(autouse=True)
def _laws(monkeypatch) -> None:
    """Name the laws of today without a process that imports them."""
    monkeypatch.setattr(ledger, "laws_of_today", lambda: "today")


@pytest.fixture
def path(tmp_path):
    """Return a ledger's file with one line of other laws and one of today's."""
    rows = [{"laws": "older", "seed": 1} | FOUND, {"laws": "today", "seed": 2} | FOUND]
    path = tmp_path / "found.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_lines_of_other_laws_do_not_count(path) -> None:
    found = Ledger(path)

    assert [row["seed"] for row in found.rows] == [2]
    assert found.has(seed=2)
    assert not found.has(seed=1)


def test_lines_of_other_laws_are_thrown_away(path) -> None:
    Ledger(path)

    assert [json.loads(line)["seed"] for line in path.read_text().splitlines()] == [2]


def test_what_was_written_down_is_there_the_next_time(path) -> None:
    Ledger(path).add({"seed": 3} | FOUND)

    found = Ledger(path)

    assert found.rows[-1] == {"laws": "today", "seed": 3} | FOUND


def test_a_line_answers_only_for_all_of_its_key(path) -> None:
    found = Ledger(path)
    found.add({"seed": 3, "dtype": "float32"})

    assert found.has(seed=3, dtype="float32")
    assert not found.has(seed=3, dtype="float64")


def test_there_is_nothing_before_the_first_run(tmp_path) -> None:
    found = Ledger(tmp_path / "none.jsonl")

    assert not found.rows
    assert not found.path.exists()


def test_the_seeds_that_were_asked_are_not_asked_again(monkeypatch, tmp_path) -> None:
    asked = []

    def ask(_target, seed):
        asked.append(seed)
        if seed == 15:
            raise KeyboardInterrupt
        return FOUND

    monkeypatch.setattr(false_alarms, "LEDGER", tmp_path / "found.jsonl")
    monkeypatch.setattr(false_alarms, "asked", ask)
    monkeypatch.setattr("sys.argv", ["false_alarms", "--seeds", "20", "torch.nn:GRU"])
    with pytest.raises(KeyboardInterrupt):
        false_alarms.main()
    interrupted, asked[:] = list(asked), []
    monkeypatch.setattr(false_alarms, "asked", lambda _, s: asked.append(s) or FOUND)
    false_alarms.main()

    assert interrupted == list(range(16))
    assert asked == list(range(10, 20))


def test_the_groups_that_were_run_are_not_run_again(monkeypatch, tmp_path) -> None:
    ran = []

    def runs(kind, dtype, *_):
        ran.append((kind, dtype))
        return iter([FOUND, FOUND])

    found = Ledger(tmp_path / "found.jsonl")
    found.add({"kind": "gru", "dtype": "float32", "process": 0, "of": 800})
    monkeypatch.setattr(no_false_alarm, "runs", runs)
    monkeypatch.setattr(no_false_alarm.torch, "set_num_threads", lambda _: None)
    monkeypatch.setattr(no_false_alarm.torch.backends.mkldnn, "set_flags", lambda _: 0)
    no_false_alarm.share(found, 0, 800)

    assert set(no_false_alarm.GROUPS) - set(ran) == {(Kind.GRU, "float32")}
    assert found.rows[-1]["cases"] == 20


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ("x = 1\n", True),
        ('"""Docs."""\nx = (1)  # a comment\n', True),
        ("x = 2\n", False),
    ],
    ids=["itself", "told otherwise", "another value"],
)
def test_laws_are_told_apart_by_what_their_sources_mean(source, same) -> None:
    assert (meaning(source) == meaning("x = 1\n")) is same


def test_a_function_that_only_has_a_docstring_can_be_hashed() -> None:
    assert meaning('def f():\n    """Do nothing."""\n') == "def f():\n    pass"


def test_the_hash_is_of_laws_and_budgets_and_of_no_reporter(monkeypatch) -> None:
    read = []
    monkeypatch.setattr(ledger, "meaning", lambda source: read.append(source) or "")

    laws_of_today()

    sources = "".join(read)
    assert "def outputs_agree(" in sources
    assert "def activation_error(" in sources
    assert "def render(" not in sources


def test_alarms_are_counted_and_inconclusive_cases_added_up() -> None:
    held = Outcome("a", "f", Status.HELD, "", "", cases=3, inconclusive=1, closest=0.25)
    broken = Outcome("b", "f", Status.VIOLATED, "", "", cases=2, closest=0.5)

    found = total([summary([held, broken]), FOUND])

    assert found == {"cases": 15, "inconclusive": 2, "closest": 0.5, "alarms": ["b"]}


def test_a_table_replaces_the_one_between_its_marks(tmp_path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- t: begin -->\nold\n<!-- t: end -->\nb\n")

    into_docs("t", ["new"], page)

    text = page.read_text()
    assert text == "a\n<!-- t: begin -->\n\nnew\n\n<!-- t: end -->\nb\n"


def test_a_page_without_marks_is_left_alone(tmp_path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n")

    with pytest.raises(SystemExit, match="has no marks"):
        into_docs("t", ["new"], page)

    assert page.read_text() == "a\n"
