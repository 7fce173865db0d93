"""Workers to begin with, in several languages: ``refcheck worker init LANGUAGE``.

They are files of this package.  What would be taken for a module of ours ends in .txt
here, and loses that where it is written.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from refcheck.errors import RefcheckError

SHARED = {"cpp": ("c/refcheck.h",)}  # beside what stands in a language's own folder


def written(language: str, out: str) -> str:
    """Write the skeleton for ``language`` into the folder ``out``; say what to do next.

    Raises:
        RefcheckError: if one of its files exists, or none can be written.
    """
    root, folder = files(__name__), Path(out)
    sources = [root / path for path in SHARED.get(language, ())]
    sources += sorted((root / language).iterdir(), key=lambda file: file.name)
    targets = [folder / source.name.removesuffix(".txt") for source in sources]
    for target in targets:
        if target.exists():
            message = f"{target} exists, and is not overwritten; name another --out."
            raise RefcheckError(message)
    try:
        _copied(sources, targets)
    except OSError as error:
        message = f"{out} cannot be written to: {error.strerror}."
        raise RefcheckError(message) from error
    names = "\n".join(f"wrote {target}" for target in targets)
    return f"{names}\n{folder / 'README.md'} tells how to build and check it."


def _copied(sources: list[Traversable], targets: list[Path]) -> None:
    targets[0].parent.mkdir(parents=True, exist_ok=True)
    for source, target in zip(sources, targets, strict=True):
        target.write_bytes(source.read_bytes())
