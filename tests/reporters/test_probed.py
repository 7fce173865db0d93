"""What a probe has found, as text and as JSON."""

import json

from refcheck.outcome import Item, Probed
from refcheck.reporters.probed import as_json, in_check, render

FOUND = Probed(
    "m:Cell",
    "lstm",
    "743 settings were tried; exactly one agrees",
    (Item("kind", "lstm", "nothing else has such shapes"), Item("gates", "i f g o")),
    ("gates=iofg",),
    seconds=1.25,
)


def flat(probed: Probed) -> str:
    return " ".join(render(probed, "0.1").split())


def test_a_setting_that_is_found_is_told_with_what_to_type() -> None:
    text = render(FOUND, "0.1")

    assert text.splitlines() == [
        "refcheck 0.1   m:Cell",
        "kind lstm",
        "",
        "kind                 lstm",
        "                     (nothing else has such shapes)",
        "gates                i f g o",
        "",
        "found          743 settings were tried; exactly one agrees",
        "declare        --like lstm --convention gates=iofg",
        "",
        "FOUND   1.2 s   exit 0",
    ]


def test_what_is_not_found_has_nothing_to_declare() -> None:
    text = flat(Probed("m:Cell", "", "it agrees with none", notes=("a note",)))

    assert "kind not found" in text
    assert "note a note" in text
    assert "declare" not in text
    assert text.endswith("NOT FOUND 0.0 s exit 4")


def test_what_no_convention_states_is_said_to_be_so() -> None:
    text = flat(Probed("m:Cell", "lstm", "one agrees", declarable=False))

    assert "declare nothing: its activations are not the textbook's" in text


def test_the_machine_format_holds_all_of_it() -> None:
    document = json.loads(as_json(FOUND, "0.1"))

    assert document["kind"] == "lstm"
    assert document["flags"] == "--like lstm --convention gates=iofg"
    assert document["items"][1]["value"] == "i f g o"
    assert (document["verdict"], document["exit_code"]) == ("found", 0)


def test_a_check_of_what_was_declared_says_nothing_of_probing() -> None:
    assert list(in_check(None)) == []
