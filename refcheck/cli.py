"""The command line: words in, text and an exit code out.

``--help`` answers at once: what the commands do stands in ``commands.py`` and is
imported when one is run.  Only ``check`` and ``replay`` run a target, and they run it
in a process of its own.
"""

import os
import sys
from typing import Any

import click

from refcheck import cli_options as options
from refcheck.errors import RefcheckError, TargetError
from refcheck.faults import told

WRONG_USAGE, NOT_LOADED, OWN_FAULT = 2, 3, 5  # exit codes beside those of a report
EXIT_CODES = """\b
Exit codes:
  0  conforms: every law that applies holds
  1  violates: a law does not hold, the target crashed, or it hung
  2  wrong usage
  3  the target cannot be loaded
  4  inconclusive: not every law was asked, or one that decides says nothing
  5  a fault in refcheck itself"""


def main() -> None:
    """Run the command line; every mistake ends in one sentence and its exit code."""
    for stream in (sys.stdout, sys.stderr):  # a terminal may lack ∂ and θ
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        cli(prog_name="refcheck")
    except RefcheckError as error:
        click.echo(f"refcheck: {error}", err=True)
        sys.exit(NOT_LOADED if isinstance(error, TargetError) else WRONG_USAGE)
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user unasked
        click.echo(told(error, show="--debug" in sys.argv), err=True)
        sys.exit(OWN_FAULT)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from refcheck.environment import environment  # noqa: PLC0415

        for name, version in environment().items():
            click.echo(f"{name:<12}{version}")
        context.exit()


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the versions of refcheck, frameworks, BLAS and processor.",
)
def cli() -> None:
    """Hold a recurrent cell to the laws that every right one obeys."""


@cli.command()
@click.argument("target")
@options.having(*options.CHECK)
def check(target: str, **words: Any) -> None:
    """Hold TARGET to the laws.

    TARGET is package.module:Name or path/file.py:Name, a class, an instance or a
    function; or 'cmd: ./worker', a program that speaks the worker protocol.
    """
    from refcheck.commands import check as checked  # noqa: PLC0415

    _answer(*checked(target, words, os.environ))


@cli.command()
@click.argument("target")
@click.option(
    "--like", metavar="KIND", help="The equations it claims, to be compared with."
)
@options.having(*options.BUILT)
@click.option(
    "--convention",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is claimed of its conventions, to be compared; repeatable.",
)
@click.option(
    "--write",
    is_flag=True,
    help="Write what is found to pyproject.toml, where check reads it.",
)
@options.having(options.CALL_TIMEOUT, options.FORM, options.DEBUG)
def probe(target: str, **words: Any) -> None:
    """Find out what TARGET is, without being told.

    Tries known settings (kind, order of gates, biases, transposed weights, reset and
    update gate, forget bias, activations, order of states) until the target disagrees
    with all but one, and says what stands past the end of rows, what becomes of empty
    ones, and which dtypes are what they are called.

    Ends with 0 if exactly one setting agrees and nothing contradicts it, else with 4.
    """
    from refcheck.commands import probe as probed  # noqa: PLC0415

    _answer(*probed(target, words, os.environ))


@cli.command()
@click.option("--bugs", is_flag=True, help="With the known faults that each catches.")
def laws(bugs: bool) -> None:
    """List the laws by family."""
    from refcheck import commands  # noqa: PLC0415

    _answer(commands.laws(bugs=bugs))


@cli.command()
@click.argument("name", metavar="LAW|BUG")
def explain(name: str) -> None:
    """Say what a law states, why it must hold, and what it catches.

    Of a known fault or a convention: what it is, and which laws catch it.
    """
    from refcheck import commands  # noqa: PLC0415

    _answer(commands.explain(name))


@cli.command()
@click.argument("case")
@options.having(options.CALL_TIMEOUT, options.DEBUG)
def replay(case: str, **words: Any) -> None:
    """Ask a stored CASE (its id, or a file) again: does it still fail?"""
    from refcheck.commands import replay as replayed  # noqa: PLC0415

    _answer(*replayed(case, words["call_timeout"], os.environ))


@cli.command()
@click.option(
    "--quick", is_flag=True, help="A sample: one fault a family, ten seconds."
)
@click.option(
    "--profile",
    default="default",
    show_default=True,
    type=click.Choice(["quick", "default"]),
    help="How long to search.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Ask every law, of every kind of cell that can have the fault.",
)
@click.option(
    "--select",
    multiple=True,
    metavar="PATTERN",
    help="Plant only the faults or families that match; repeatable.",
)
@click.option("--html", "file", metavar="PATH", help="Also write the matrix as a page.")
@options.having(options.FORM, options.DEBUG)
def selftest(**words: Any) -> None:
    """Plant known faults into textbook cells: does a law catch each of them?

    Ends with 1 if a fault is not caught, or a right cell is failed.
    """
    from refcheck.commands import selftest as tested  # noqa: PLC0415

    _answer(*tested(words))


@cli.command()
@click.argument("target")
@options.LIKE
def serve(target: str, like: str | None) -> None:
    """Put the Python TARGET behind the worker protocol, on stdin and stdout."""
    from refcheck.commands import serve as served  # noqa: PLC0415

    served(target, like)


@cli.group()
def worker() -> None:
    """Help to write a worker: a cell in any language, for 'cmd: ./worker'."""


@worker.command("init")
@click.argument("language", type=click.Choice(["c", "cpp", "rust", "node", "python"]))
@click.option(
    "--out",
    default=".",
    show_default=True,
    metavar="DIR",
    help="Where to write it; no file is overwritten.",
)
def worker_init(language: str, out: str) -> None:
    """Write a worker in LANGUAGE that conforms: replace its cell by yours."""
    from refcheck.skeletons import written  # noqa: PLC0415

    _answer(written(language, out))


@worker.command("check")
@click.argument("command")
def worker_check(command: str) -> None:
    """Talk to the worker that COMMAND starts, and show what is said."""
    from refcheck.conversation import held  # noqa: PLC0415

    _answer(*held(command))


def _answer(text: str, code: int = 0) -> None:
    click.echo(text)
    sys.exit(code)
