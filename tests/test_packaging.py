"""What is installed is what stands here, with the versions that are pinned."""

import re
import tomllib
from importlib.metadata import distribution, requires
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PINS = [
    line
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def normal(requirement: str) -> str:
    """Return the name of the required distribution, as indexes spell it."""
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_folder_with_code_is_a_listed_package() -> None:
    folders = {file.parent for file in ROOT.glob("refcheck/**/*.py")}
    dotted = {".".join(f.relative_to(ROOT).parts) for f in folders}

    listed = PROJECT["tool"]["setuptools"]["packages"]

    assert set(listed) == dotted | {"refcheck.properties"}


def test_every_package_has_an_init() -> None:
    folders = {file.parent for file in ROOT.glob("refcheck/**/*.py")}

    without = [f for f in folders if not (f / "__init__.py").exists()]

    assert without == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "refcheck" / "py.typed").exists()
    assert PROJECT["tool"]["setuptools"]["package-data"] == {
        "refcheck": ["py.typed"],
        "refcheck.skeletons": ["*/*"],
        "refcheck.bugs": ["*.json", "*.jsonl"],
    }


def test_constraints_pin_one_version_of_each() -> None:
    loose = [pin for pin in PINS if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)]

    assert loose == []
    assert len({normal(pin) for pin in PINS}) == len(PINS)


def test_constraints_pin_everything_that_is_required() -> None:
    pinned = {normal(pin) for pin in PINS} | {"refcheck-rnn"}

    required = {normal(r) for r in requires("refcheck-rnn") or ()}

    assert required
    assert required - pinned == set()


def test_torch_is_pinned_without_its_local_suffix() -> None:
    assert "torch==2.13.0" in PINS


def test_the_distribution_offers_command_laws_and_plugin() -> None:
    offered = {
        (e.group, e.name, e.value) for e in distribution("refcheck-rnn").entry_points
    }

    assert offered == {
        ("console_scripts", "refcheck", "refcheck.cli:main"),
        ("refcheck.laws", "builtin", "refcheck.properties:LAWS"),
        ("pytest11", "refcheck", "refcheck.pytest_plugin"),
    }


def test_no_framework_is_required_by_the_core() -> None:
    core = {normal(r) for r in PROJECT["project"]["dependencies"]}

    assert core == {"click", "hypothesis", "msgspec", "numpy", "rich", "scipy"}
