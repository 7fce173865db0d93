"""The options of the commands; those that several have are written once."""

import os
from collections.abc import Callable
from typing import Any

import click

KINDS = "rnn-tanh, rnn-relu, lstm, gru, gru-reset-before, clip-norm, clip-value"

Command = Callable[..., Any]
Option = Callable[[Command], Command]


def having(*options: Option) -> Option:
    """Return what gives a command these options, in this order of its help."""

    def given(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return given


def seconds(_: click.Context, option: click.Parameter, text: str) -> float | None:
    """Return a duration that was written as 60s, 2m or 1h."""
    from refcheck.options import duration  # noqa: PLC0415

    return duration(text, option.opts[0]) if text else None


LIKE = click.option("--like", metavar="KIND", help=f"The equations it claims: {KINDS}.")
CALL_TIMEOUT = click.option(
    "--call-timeout",
    metavar="TIME",
    default="10s",
    show_default=True,
    callback=seconds,
    help="How long one call of the target may take.",
)
FORM = click.option(
    "--format",
    "form",
    default="console",
    show_default=True,
    type=click.Choice(["console", "json"]),
    help="What goes to standard output.",
)
DEBUG = click.option(
    "--debug", is_flag=True, help="Show the traceback of a fault in refcheck."
)
BUILT = (  # how a target is built and called
    click.option(
        "--set",
        "build",
        multiple=True,
        metavar="NAME=VALUE",
        help="Build TARGET with this option; repeatable.",
    ),
    click.option(
        "--state-attr",
        default="",
        metavar="NAME",
        help="The attribute in which a stateful object keeps its state.",
    ),
    click.option(
        "--params",
        metavar="NAME",
        help="A mapping or function in TARGET's module that gives its parameters.",
    ),
    click.option(
        "--call",
        type=click.Choice(["step", "sequence"]),
        help="What one call of TARGET takes, where a trial call cannot tell.",
    ),
)
ASKED = (  # what is asked of it, and what follows
    click.option(
        "--convention",
        multiple=True,
        metavar="NAME=VALUE",
        help="A convention it follows, such as gates=iofg; repeatable.",
    ),
    click.option(
        "--profile",
        default="default",
        show_default=True,
        type=click.Choice(["quick", "default", "gate", "deep"]),
        help="How long to search.",
    ),
    click.option(
        "--select",
        multiple=True,
        metavar="PATTERN",
        help="Hold only the laws or families that match; repeatable.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="LAW",
        help="Leave this law out; each takes a --reason.",
    ),
    click.option(
        "--reason",
        multiple=True,
        metavar="TEXT",
        help="Why the law left out does not apply.",
    ),
    click.option(
        "--dtype",
        multiple=True,
        type=click.Choice(["float64", "float32", "float16", "bfloat16"]),
        help="Compute in this dtype only; repeatable.",
    ),
    click.option(
        "--arithmetic",
        multiple=True,
        type=click.Choice(["tf32", "float16-gradients", "bfloat16-gradients"]),
        help="Arithmetic cheaper than float32 that TARGET declares; repeatable.",
    ),
    click.option(
        "--allowance-factor",
        metavar="FACTOR=REASON",
        help="Widen what rounding explains; stands in the report.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        help="Repeat a run; if left out, drawn and printed.",
    ),
    click.option("--strict", is_flag=True, help="Strict laws decide the verdict too."),
    click.option(
        "--no-diagnosis",
        is_flag=True,
        help="After a violation, do not ask which known fault it is.",
    ),
    click.option("--fail-fast", is_flag=True, help="Stop at the first violation."),
    click.option(
        "--max-time",
        metavar="TIME",
        callback=seconds,
        help="Start no law after this time, such as 60s.",
    ),
)
RUN = (  # how, and where what is found goes
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        default=min(4, os.cpu_count() or 1),
        show_default="up to 4, one a core",
        help="Child processes side by side, each with its share of the laws.",
    ),
    click.option(
        "--report",
        multiple=True,
        metavar="json=PATH",
        help="Also write the report to a file; repeatable.",
    ),
    FORM,
    click.option("--verbose", is_flag=True, help="Tell every violation in full."),
)
CHECK = (LIKE, *BUILT, *ASKED, CALL_TIMEOUT, *RUN, DEBUG)
