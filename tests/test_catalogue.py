"""The catalogue finds the laws of every pack, and says what is wrong with a pack."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from refcheck.catalogue import GROUP, gathered, laws
from refcheck.errors import RefcheckError

PACK = """
from refcheck.law import Law, law

@law("1 = 1", cases=None)
def {name}(cell, case):
    yield from ()

LAWS = [{name}]
"""


def pack(folder: Path, module: str, law: str) -> EntryPoint:
    """Write a module that states ``law``, and return the entry point to it."""
    (folder / f"{module}.py").write_text(PACK.format(name=law))
    return EntryPoint(module, f"{module}:LAWS", GROUP)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that Python imports from."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_installed_laws_have_unique_kebab_case_names() -> None:
    names = list(laws())

    assert names
    assert all(name == name.lower().replace("_", "-") for name in names)


def test_every_installed_law_states_and_argues() -> None:
    silent = [n for n, law in laws().items() if not (law.statement and law.rationale)]

    assert silent == []


def test_packs_are_gathered_in_their_order(folder: Path) -> None:
    packs = [pack(folder, "pack_b", "later_law"), pack(folder, "pack_a", "first_law")]

    found = gathered(packs)

    assert list(found) == ["later-law", "first-law"]
    assert found["first-law"].family == "pack a"


def test_our_own_laws_stand_before_those_of_an_installed_pack(folder: Path) -> None:
    pack(folder, "aaa_pack", "a_law_of_others")
    metadata = folder / "aaa_pack-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: aaa-pack\nVersion: 1\n")
    entry = f"[{GROUP}]\naaa = aaa_pack:LAWS\n"
    (metadata / "entry_points.txt").write_text(entry)

    found = list(laws())

    assert found[-1] == "a-law-of-others"
    assert len(found) > 1


def test_an_empty_catalogue_is_an_error() -> None:
    with pytest.raises(RefcheckError, match="zero laws would pass everything"):
        gathered([])


def test_two_laws_of_one_name_are_an_error(folder: Path) -> None:
    packs = [pack(folder, "one_pack", "same_law"), pack(folder, "two_pack", "same_law")]

    with pytest.raises(RefcheckError, match="'same-law' of pack 'two_pack'"):
        gathered(packs)


def test_a_pack_that_cannot_be_loaded_is_named() -> None:
    missing = EntryPoint("gone", "no_such_module:LAWS", GROUP)

    with pytest.raises(RefcheckError, match=r"'gone' .* cannot be loaded"):
        gathered([missing])


def test_a_pack_that_holds_something_else_than_laws_is_named(folder: Path) -> None:
    (folder / "odd_pack.py").write_text("LAWS = ['not a law']")

    with pytest.raises(RefcheckError, match="holds 'not a law', expected laws"):
        gathered([EntryPoint("odd", "odd_pack:LAWS", GROUP)])


def test_no_law_that_is_written_is_left_out_of_the_catalogue() -> None:
    import importlib
    import pkgutil

    from refcheck.law import Law

    package = importlib.import_module("refcheck.properties")
    modules = [
        importlib.import_module(f"refcheck.properties.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    ]
    written = {
        value.name
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Law)
    }

    assert written == {law.name for law in package.LAWS}
