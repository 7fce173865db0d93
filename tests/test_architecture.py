"""Who may import whom, read from the source with ``ast``."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"numpy", "scipy", "hypothesis", "torch"}
FRAMEWORKS = {"torch", "jax", "keras", "tensorflow", "onnx", "onnxruntime", "mlx"}
ON_JAX = {"flax", "equinox", "haiku"}  # libraries, whose adapters import jax too
COMPARISONS = {"allclose", "isclose", "assert_close", "assert_allclose", "approx"}

# A module imports from its own row and the rows above it.
RANKS = (
    {"errors", "faults", "cell", "settings"},
    {
        *("case", "law", "watch", "outcome", "blocks", "layout", "layouts"),
        *("onnx_layout", "reference", "reverse", "protocol"),
    },
    {"exact_arrays"},
    {"rounding", "conventions"},
    {"sensitivity", "textbook", "conditioned", "calling", "kept"},
    {"oracle", "provisional", "scan", "trained", "answered", "measured"},
    {"place", "judge"},
    {"recipe", "drawing", "landmarks", "strategies"},
    {"directions", "differences", "dual"},
    {"clipper", "clip_strategies"},
    {"properties", "bugs"},
    {"runner", "search", "trial", "receipt", "example", "reduction"},
    {"translated", "target", "adapters"},
    {"catalogue", "lookup", "kills", "diagnosis", "probing", "reporters"},
    {"wire", "callfile", "callwriter", "isolation", "environment", "store"},
    {
        *("config", "record", "supervisor", "premortem", "postmortem"),
        *("introduction", "requests", "child", "execution", "inprocess"),
    },
    {"serve", "skeletons", "conversation"},
    {"witnesses", "selftest_cells"},
    {"selftest", "selftest_report"},
    {"options", "commands", "handbook", "buglist", "cli_options", "cli", "__main__"},
    {"pytest_plugin", "pytest_laws", "refcheck"},
)
ALLOWED = {
    "adapters": {
        *("adapters", "cell", "clipper", "case", "blocks", "layout", "layouts"),
        *("errors", "watch", "protocol", "exact_arrays", "onnx_layout", "reference"),
    },
    "reporters": {"reporters", "outcome"},
    "properties": set().union(*RANKS[:11]),
}


MODULES = sorted([*ROOT.glob("refcheck/**/*.py"), *ROOT.glob("properties/*.py")])


def name_of(module: Path) -> str:
    """Return the dotted name; ``properties`` stands for ``refcheck.properties``."""
    dotted = ".".join(module.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


def part_of(dotted: str) -> str:
    """Return the module or package directly below ``refcheck``."""
    return dotted.removeprefix("refcheck.").split(".")[0]


def imported(module: Path) -> Iterator[str]:
    """Yield the dotted names that ``module`` imports when it runs."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in walk_what_runs(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from imported_from(node, module)


def walk_what_runs(node: ast.AST) -> Iterator[ast.AST]:
    """Walk the tree, but not into ``if TYPE_CHECKING``."""
    yield node
    for child in ast.iter_child_nodes(node):
        guard = ast.dump(child.test) if isinstance(child, ast.If) else ""
        if "TYPE_CHECKING" not in guard:
            yield from walk_what_runs(child)


def imported_from(node: ast.ImportFrom, module: Path) -> Iterator[str]:
    """Yield the modules behind ``from X import a, b``, relative ones resolved."""
    package = name_of(module.parent / "__init__.py").split(".")
    above = package[: len(package) + 1 - node.level] if node.level else []
    source = ".".join([*above, *([node.module] if node.module else [])])
    for alias in node.names:
        inner = ROOT / source.replace(".", "/") / alias.name
        is_module = inner.is_dir() or inner.with_suffix(".py").exists()
        yield f"{source}.{alias.name}" if is_module else source


def own_parts(module: Path) -> set[str]:
    """Return the parts of refcheck that ``module`` imports."""
    ours = ("refcheck", "properties")
    return {part_of(name) for name in imported(module) if name.split(".")[0] in ours}


def rank_of(part: str) -> int:
    ranks = [rank for rank, parts in enumerate(RANKS) if part in parts]
    assert ranks, f"{part} has no rank: add it to RANKS"
    return ranks[0]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_imports_from_its_own_rank_and_those_below(module: Path) -> None:
    part = part_of(name_of(module))

    above = {p for p in own_parts(module) if rank_of(p) > rank_of(part)}

    assert above == set()


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_adapters_reporters_and_laws_import_the_contracts_alone(module: Path) -> None:
    part = part_of(name_of(module))

    others = own_parts(module) - ALLOWED.get(part, own_parts(module))

    assert others == set()


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_framework_is_imported_by_its_adapter_alone(module: Path) -> None:
    own = {module.stem.split("_")[0]} if module.parent.name == "adapters" else set()
    own |= {"jax"} if own & ON_JAX else set()

    found = {name.split(".")[0] for name in imported(module)} & (FRAMEWORKS | ON_JAX)

    assert found <= own


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_nothing_outside_the_judge_compares_numbers(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))

    names = {getattr(n, "attr", getattr(n, "id", "")) for n in ast.walk(tree)}

    assert names & COMPARISONS == set()


@pytest.mark.parametrize("module", ["refcheck", "refcheck.pytest_plugin"])
def test_what_every_project_imports_is_light(module: str) -> None:
    source = (
        f"import pytest, sys; before = set(sys.modules); import {module}; "
        "print(*{m.split('.')[0] for m in set(sys.modules) - before})"
    )

    found = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )

    assert set(found.stdout.split()) & HEAVY == set()
    assert "refcheck" in found.stdout.split()
