"""Which faults of the bank are caught in a module of PyTorch that has them.

    nice python -m tests.benchmarks.torch_bank --minutes 20  # goes on where it ended
    python -m tests.benchmarks.torch_bank --write            # the table in the docs

Each fault is presented as a class of modules (``tests.planted_modules``) that goes
through the adapter as a user's does, lengths as an argument, and once more in packed
sequences where the fault needs lengths.  The laws of the quick profile are asked up to
a catch, those first that are known to catch it; where none does, those of the default
profile, but with packed sequences: PyTorch packs them, and takes halves for lengths.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import torch

from refcheck.bugs import BUGS
from refcheck.bugs.bug import Bug
from refcheck.catalogue import laws
from refcheck.cell import Capability, Declared, Kind
from refcheck.errors import TargetError
from refcheck.kills import catching
from refcheck.selftest import ordered, tried_on
from refcheck.selftest_cells import sorted_kinds
from refcheck.settings import Settings
from refcheck.target import adapt
from tests.benchmarks.ledger import into_docs
from tests.planted_modules import Network, Packed, presented

LEDGER = Path(__file__).with_suffix(".jsonl")
PAGE = Path(__file__).parents[2] / "docs" / "kill-matrix.md"
FORMS = {"lengths=": Network, "packed": Packed}
PROFILES = {"lengths=": ("quick", "default"), "packed": ("quick",)}
IMPOSSIBLE = {  # in a module, and why
    "reversed-views-read-forward": "torch has no views with negative strides",
    "gradients-come-back-in-double": "torch casts gradients to the dtype of the tensor",
}

OF_PACKING = "all-misfits-are-refused"
UNPACKED = {  # why faults cannot be had, or seen, with packed sequences
    "a packed sequence holds no padding that could be read, written, or pulled at": (
        "mask-by-multiplication",
        "selected-after-computing",
        "inputs-masked-in-place",
        "padded-outputs-uninitialised",
        "padded-outputs-never-written",
        "padded-outputs-hold-the-state",
        "padded-outputs-pull",
        "padding-gets-the-gradient-of-the-last-step",
    ),
    "PyTorch packs, and refuses lengths of 0 and those that do not fit": (
        "empty-row-ends-at-the-padded-end",
        "empty-row-loses-its-state",
        "empty-row-loses-its-gradient",
        "lengths-cut-to-time",
        "lengths-taken-as-they-come",
    ),
    "one output for each row cannot be packed": ("last-output-alone-with-lengths",),
}


class Line(msgspec.Struct, frozen=True):
    """One fault in one kind and form, and what became of it."""

    fault: str
    kind: str
    form: str
    law: str = ""  # that caught it
    profile: str = ""  # in which it did
    refused: str = ""  # why the module was not even adapted
    offers: bool = True  # what the fault needs


def main() -> None:
    """Measure what is missing, or write down what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--write", action="store_true")
    words = parser.parse_args()
    torch.set_num_threads(1)
    if words.write:
        into_docs("torch", table(recorded()), PAGE)
        return
    end, known = time.monotonic() + 60 * words.minutes, set(map(_key, recorded()))
    with LEDGER.open("a", encoding="utf-8") as ledger:
        for bug, kind, form in presentations():
            if time.monotonic() > end:
                return
            if (bug.id, kind.value, form) not in known:
                line = msgspec.json.encode(asked(bug, kind, form)).decode()
                print(line, file=ledger, flush=True)


def presentations() -> Iterator[tuple[Bug, Kind, str]]:
    """Yield every fault of cells in each kind, and in each form that it needs."""
    bugs = [bug for bug in BUGS if bug.id not in IMPOSSIBLE]
    cells = [(bug, k) for bug in bugs for k in sorted_kinds(bug) if k.recurrent]
    yield from ((bug, kind, "lengths=") for bug, kind in cells)
    unpacked = {name for names in UNPACKED.values() for name in names}
    for bug, kind in cells:
        told = Capability.LENGTHS in bug.needs and Capability.MASKS not in bug.needs
        if told and bug.id not in unpacked:
            yield bug, kind, "packed"


def asked(bug: Bug, kind: Kind, form: str) -> Line:
    """Present the fault as a module, and ask laws up to a catch."""
    line = Line(bug.id, kind.value, form)
    module = presented(bug.plant, kind, FORMS[form])
    zeros = () if form == "packed" else ("padding=zeros",)
    declared = Declared(like=kind, conventions=zeros)
    try:
        cell = adapt(module, declared, "module")
    except TargetError as error:
        return msgspec.structs.replace(line, refused=str(error))
    known = catching(laws().values())[bug.id]
    order = ordered(list(laws().values()), bug)
    order.sort(key=lambda law: law.name not in known)
    order = [law for law in order if form != "packed" or law.name != OF_PACKING]
    for profile in PROFILES[form]:
        settings = Settings(profile=profile, diagnosis=False)
        found = tried_on(bug.id, cell, order, settings, full=False)
        if found.laws:
            return msgspec.structs.replace(line, law=found.laws[0], profile=profile)
    return msgspec.structs.replace(line, offers=bug.applies_to(cell.signature))


def recorded() -> list[Line]:
    """Return what was measured of what is presented today; later lines count."""
    texts = LEDGER.read_text("utf-8").splitlines() if LEDGER.is_file() else []
    lines = [msgspec.json.decode(text, type=Line) for text in texts]
    today = {(bug.id, kind.value, form) for bug, kind, form in presentations()}
    found = {_key(line): line for line in lines}
    return [line for key, line in found.items() if key in today]


def table(lines: Sequence[Line]) -> Iterator[str]:
    """Yield a row for each kind and form, and what was missed."""
    yield "| kind | lengths | faults | quick | default | refused | missed |"
    yield "|---|---|---|---|---|---|---|"
    for form in FORMS:
        for kind in sorted({line.kind for line in lines}):
            some = [line for line in lines if (line.kind, line.form) == (kind, form)]
            quick = sum(line.profile == "quick" for line in some)
            later = sum(line.profile == "default" for line in some)
            refused = sum(bool(line.refused) for line in some)
            row = (kind, form, len(some), quick, later, refused)
            yield "| " + " | ".join(map(str, (*row, len(some) - sum(row[3:])))) + " |"
    yield ""
    for fault, why in IMPOSSIBLE.items():
        yield f"- {fault} is not presented: {why}."
    for why, faults in UNPACKED.items():
        yield f"- {', '.join(faults)}: not with packed sequences; {why}."
    missed = [line for line in lines if not line.law and not line.refused]
    for fault in dict.fromkeys(line.fault for line in missed):
        where = [f"{o.kind} ({o.form})" for o in missed if o.fault == fault]
        yield f"- {fault}, missed in {', '.join(where)}"


def _key(line: Line) -> tuple[str, str, str]:
    return line.fault, line.kind, line.form


if __name__ == "__main__":
    main()
