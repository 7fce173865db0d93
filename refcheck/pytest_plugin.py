"""``pytest --refcheck TARGET``: the options; the items wait in ``pytest_laws.py``.

pytest loads this module in every project that has refcheck installed.  It therefore
imports nothing but pytest, and does nothing until a target is named.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options, in a group and under names of our own."""
    group = parser.getgroup("refcheck", "refcheck: laws of recurrent cells")
    _add_target(group)
    _add_search(group)


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the items once a target is named."""
    if config.getoption("refcheck_target"):
        config.pluginmanager.import_plugin("refcheck.pytest_laws")


def _add_target(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--refcheck",
        dest="refcheck_target",
        metavar="TARGET",
        help="add one item for each law, held against TARGET, which is "
        "package.module:Name or path/file.py:Name",
    )
    group.addoption(
        "--refcheck-like",
        metavar="KIND",
        help="the equations that TARGET claims to follow, such as lstm",
    )
    group.addoption(
        "--refcheck-set",
        dest="refcheck_build",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="build TARGET with this option (repeatable)",
    )
    group.addoption(
        "--refcheck-state-attr",
        metavar="NAME",
        default="",
        help="where a stateful object keeps its state",
    )
    group.addoption(
        "--refcheck-params",
        metavar="NAME",
        help="a mapping or a function in TARGET's module that gives its parameters",
    )
    group.addoption(
        "--refcheck-call",
        choices=("step", "sequence"),
        default="",
        help="what one call of TARGET takes",
    )


def _add_search(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--refcheck-profile",
        choices=("quick", "default", "gate", "deep"),
        default="default",
        help="how long to search",
    )
    group.addoption(
        "--refcheck-seed",
        metavar="N",
        type=int,
        default=0,
        help="search elsewhere; unlike on the command line, 0 if left out",
    )
    group.addoption(
        "--refcheck-strict",
        action="store_true",
        help="let strict laws decide too",
    )
    group.addoption(
        "--refcheck-isolate",
        action="store_true",
        help="run TARGET in a process of its own, which it may crash or hang; "
        "all selected laws are held when the first item runs",
    )
