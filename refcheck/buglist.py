"""The known faults as text: which laws catch them, and where they were seen."""

from collections.abc import Iterator, Mapping

from refcheck.bugs import BUGS
from refcheck.bugs.bug import Bug
from refcheck.catalogue import laws
from refcheck.conventions import CONVENTIONS, Convention
from refcheck.handbook import facts, filled
from refcheck.kills import catching
from refcheck.law import Law

NOBODY = "no law of those that are installed"
KNOWN = {bug.id: bug for bug in BUGS}


def known(name: str) -> bool:
    """Whether a fault or a convention is called so."""
    return name in KNOWN or name in CONVENTIONS


def page(name: str) -> str:
    """Return all that is said of a fault or a convention."""
    if name in CONVENTIONS:
        return _of_convention(CONVENTIONS[name])
    return _of_bug(KNOWN[name])


def table() -> str:
    """Return every law with the faults that it catches, and where these were seen."""
    catch = catching(laws().values())
    lines = [line for law in laws().values() for line in _law(law, catch)]
    uncaught = [bug for bug in BUGS if not catch.get(bug.id)]
    if uncaught:
        lines += ["", NOBODY, *(line for bug in uncaught for line in _row(bug))]
    return "\n".join(lines).strip()


def caught_by(law: Law) -> list[Bug]:
    """Return the faults that a law catches."""
    catch = catching(laws().values())
    return [bug for bug in BUGS if law.name in catch.get(bug.id, ())]


def _law(law: Law, catch: Mapping[str, set[str]]) -> Iterator[str]:
    yield from ("", law.name)
    for bug in BUGS:
        if law.name in catch.get(bug.id, ()):
            yield from _row(bug)


def _row(bug: Bug) -> Iterator[str]:
    yield filled(f"{bug.id}: {bug.says}", "  ", "      ")
    for address in bug.seen_in:
        yield f"      {address}"


def _of_bug(bug: Bug) -> str:
    catch = catching(laws().values()).get(bug.id, set())
    said = {
        "kinds": ", ".join(sorted(kind.value for kind in bug.kinds)),
        "needs": ", ".join(str(c.name).lower().replace("_", " ") for c in bug.needs),
        "caught by": ", ".join(name for name in laws() if name in catch) or NOBODY,
    }
    seen = "\n".join(("seen in", *(f"  {address}" for address in bug.seen_in)))
    parts = [f"{bug.id}   a known fault", filled(bug.says, "    "), facts(said)]
    return "\n\n".join([*parts, seen] if bug.seen_in else parts)


def _of_convention(convention: Convention) -> str:
    said = {
        "kinds": ", ".join(sorted(kind.value for kind in convention.kinds)),
        "declare": convention.setting,
    }
    head = f"{convention.id}   a convention: right by itself, and not the textbook's"
    return "\n\n".join([head, filled(convention.says, "    "), facts(said)])
