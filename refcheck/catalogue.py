"""The laws of all installed packs, by name and in reading order."""

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points

from refcheck.errors import RefcheckError
from refcheck.law import Law

GROUP = "refcheck.laws"  # the entry points by which a distribution offers its laws
OWN = "builtin"


def laws() -> dict[str, Law]:
    """Return every law that is installed, our own before those of other packs.

    Raises:
        RefcheckError: if no law is installed, or a pack cannot be read.
    """
    packs = entry_points(group=GROUP)
    return gathered(sorted(packs, key=lambda pack: (pack.name != OWN, pack.name)))


def gathered(packs: Iterable[EntryPoint]) -> dict[str, Law]:
    """Return the laws of ``packs`` in their order.

    Raises:
        RefcheckError: if there is none, two share a name, or a pack cannot be read.
    """
    found: dict[str, Law] = {}
    for pack in packs:
        for law in _laws_of(pack):
            if law.name in found:
                message = (
                    f"the law {law.name!r} of pack {pack.name!r} stands in the "
                    f"catalogue already; give it a name of its own."
                )
                raise RefcheckError(message)
            found[law.name] = law
    if not found:
        message = (
            f"no law is installed, and zero laws would pass everything: expected entry "
            f"points in the group {GROUP!r}; install refcheck-rnn again."
        )
        raise RefcheckError(message)
    return found


def _laws_of(pack: EntryPoint) -> Iterator[Law]:
    try:
        offered = tuple(pack.load())
    except Exception as error:  # a pack is code of others: it may raise anything
        message = (
            f"the law pack {pack.name!r} ({pack.value}) cannot be loaded: {error!r}; "
            f"mend it or uninstall it."
        )
        raise RefcheckError(message) from error
    for law in offered:
        if not isinstance(law, Law):
            message = (
                f"the law pack {pack.name!r} ({pack.value}) holds {law!r}, expected "
                f"laws; state them with @refcheck.law.law."
            )
            raise RefcheckError(message)
        yield law
