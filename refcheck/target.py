"""From what the user types to a cell: import it, then hand it to the right adapter."""

import ast
import difflib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
import traceback
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from refcheck import conventions
from refcheck.cell import Cell, Declared
from refcheck.errors import RefcheckError, TargetError
from refcheck.translated import Translated

FORMS = "'package.module:Name', 'path/file.py:Name' or 'cmd: ./worker'"
COMMAND = "cmd:"  # what a worker in any language is named by
FRAMEWORKS = (  # a class, where it is defined, and the adapter of what derives from it
    ("keras", "Layer", "keras"),  # before PyTorch, from which it may derive
    ("torch.nn", "Module", "torch"),
    ("flax.linen", "Module", "flax_linen"),
    ("flax.nnx", "Module", "flax_nnx"),
    ("equinox", "Module", "equinox"),
    ("haiku", "Module", "haiku"),
    ("mlx.nn", "Module", "mlx"),
)
CELL = ("signature", "shapes", "forward", "backward", "fresh")  # of the protocol


def load(name: str, declared: Declared) -> Cell:
    """Return the cell that ``name`` says: 'package.module:Name', 'path/file.py:Name'.

    ``Name`` may be nested, as in 'module:Class.attribute'.  Modules are looked for in
    the current directory too, as under ``python -m``, and beside a file that is named.

    Raises:
        RefcheckError: if ``name`` has neither form.
        TargetError: if there is no such thing, or it cannot be imported or adapted.
    """
    if name.startswith(COMMAND):
        process = importlib.import_module("refcheck.adapters.process")
        worker = process.adapt(name.removeprefix(COMMAND), declared, name)
        return _following(worker, declared)
    if name.endswith(".onnx") or name.startswith("onnx:"):
        return _following(_onnx(name, declared), declared)
    place, colon, path = name.rpartition(":")
    if not (colon and place and path):
        raise RefcheckError(_formless(name))
    module = _module(place)
    if isinstance(declared.params, str):
        declared = replace(declared, params=_params(declared.params, module, place))
    return adapt(_attribute(module, path, place), declared, name)


def adapt(thing: Any, declared: Declared, name: str) -> Cell:
    """Return ``thing`` as a cell: by its own methods, or by the adapter that fits.

    A function that clips gradients is adapted as well, to a Clipper.

    Raises:
        TargetError: if it cannot be built or called, or is not what was declared.
        RefcheckError: if a convention was declared that it cannot follow.
    """
    return _following(_adapted(thing, declared, name), declared)


def _following(cell: Cell, declared: Declared) -> Cell:
    """Return the cell under the conventions that are declared of it."""
    if not declared.conventions:
        return cell
    signature = cell.signature
    if conventions.placing(declared.conventions):
        signature = conventions.placed(signature, declared.like)
    return Translated(cell, conventions.declared(signature, declared.conventions))


def _adapted(thing: Any, declared: Declared, name: str) -> Cell:
    if conventions.placing(declared.conventions):  # its names are nobody else's
        declared = replace(declared, like=None)
    if not isinstance(thing, type) and all(hasattr(thing, m) for m in CELL):
        cell: Cell = thing
        return cell
    adapter = importlib.import_module(f"refcheck.adapters.{_adapter(thing, declared)}")
    adapted: Cell = adapter.adapt(thing, declared, name)
    return adapted


def _onnx(name: str, declared: Declared) -> Cell:
    """Return an operator of ONNX, or what a file holds; --set backend= may be ours."""
    adapter = _framework("onnx", name)
    runtime = str(declared.options.get("backend", ""))
    place, colon, path = runtime.rpartition(":")
    backend = _attribute(_module(place), path, place) if colon else None
    cell: Cell = adapter.load(name, declared, backend)
    return cell


def _framework(adapter: str, name: str) -> ModuleType:
    """Import an adapter by its framework's name."""
    try:
        return importlib.import_module(f"refcheck.adapters.{adapter}")
    except ModuleNotFoundError as error:
        message = (
            f"{name} needs {error.name!r}, which is not installed; "
            f"pip install 'refcheck-rnn[{adapter}]' brings it."
        )
        raise TargetError(message) from error


def _adapter(thing: Any, declared: Declared) -> str:
    """Return the adapter's module: no framework is imported that nobody asked for."""
    clippers = importlib.import_module("refcheck.adapters.clippers")
    clips = declared.like is not None and not declared.like.recurrent
    if clips or clippers.is_clipper(thing):
        return "clippers"
    cls = thing if isinstance(thing, type) else type(thing)
    for module, name, adapter in FRAMEWORKS:
        base = getattr(sys.modules.get(module), name, None)
        if base is not None and issubclass(cls, base):
            return adapter
    if "jax" in sys.modules and inspect.isfunction(thing):
        functions = importlib.import_module("refcheck.adapters.jax_functions")
        return "jax_functions" if functions.returns_jax(thing) else "callables"
    return "callables"


def _module(place: str) -> ModuleType:
    """Import a module by its name, or by the path of its file."""
    if place.endswith(".py"):
        return _imported_file(Path(place))
    if not all(part.isidentifier() for part in place.split(".")):
        raise TargetError(_no_module(place, place))
    _importable(Path.cwd())
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and f"{place}.".startswith(f"{error.name}."):
            raise TargetError(_no_module(place, error.name)) from error
        raise TargetError(_raised(place, error)) from error
    except (Exception, SystemExit) as error:
        raise TargetError(_raised(place, error)) from error


def _imported_file(path: Path) -> ModuleType:
    if not path.is_file():
        close = _meant(path.name, [p.name for p in path.parent.glob("*.py")])
        message = f"there is no file {str(path)!r} below {Path.cwd()}.{close}"
        raise TargetError(message)
    path = path.resolve()
    _importable(path.parent)
    known = sys.modules.get(path.stem)
    taken = known is not None and getattr(known, "__file__", None) != str(path)
    name = f"{path.stem}_{zlib.crc32(bytes(path)):x}" if taken else path.stem
    return sys.modules.get(name) or _executed(path, name)


def _executed(path: Path, name: str) -> ModuleType:
    spec: Any = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise TargetError(_raised(path.name, error)) from error
    return module


def _importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _attribute(module: ModuleType, path: str, place: str) -> Any:
    """Return what ``path``, a dotted name, means in ``module``."""
    found: Any = module
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except Exception as error:
            public = [n for n in dir(found) if not n.startswith("_")]
            message = f"{place} has no {path!r}.{_meant(name, public)}"
            raise TargetError(message) from error
    return found


def _params(name: str, module: ModuleType, place: str) -> Any:
    """Return what --params names: in the target's module, or elsewhere as a target."""
    elsewhere, colon, path = name.rpartition(":")
    if colon:
        return _attribute(_module(elsewhere), path, elsewhere)
    return _attribute(module, name, place)


def _formless(name: str) -> str:
    file = name.endswith(".py")
    defined = _defined(Path(name if file else f"{name.replace('.', '/')}.py"))
    module, _, attribute = (name.strip(".:") or "module.Name").rpartition(".")
    likely = [f"{name}:{d}" for d in defined[:3]]
    likely = likely or [f"{name}:Name" if file else f"{module or 'module'}:{attribute}"]
    write = " or ".join(repr(target) for target in likely)
    return f"the target {name!r} names no object, expected {FORMS}; write {write}."


def _defined(path: Path) -> list[str]:
    """Return the public classes and functions of a file, without importing it."""
    with suppress(OSError, SyntaxError, ValueError):
        body = ast.parse(path.read_bytes()).body
        kinds = (ast.ClassDef, ast.FunctionDef)
        names = [node.name for node in body if isinstance(node, kinds)]
        return [name for name in names if not name.startswith("_")]
    return []


def _no_module(place: str, missing: str) -> str:
    above, _, last = missing.rpartition(".")
    paths = list(getattr(sys.modules.get(above), "__path__", [])) if above else ["."]
    beside = [module.name for module in pkgutil.iter_modules(paths)]
    close = _meant(last, beside)
    if Path(f"{place}.py").is_file():
        close = f" Write '{place}.py:Name' for the file."
    return f"there is no module {missing!r} in {Path.cwd()} or installed.{close}"


def _raised(place: str, error: BaseException) -> str:
    """Tell of an exception while the target was imported, and where it was raised."""
    if isinstance(error, SyntaxError):
        where = f"{Path(error.filename or place).name}, line {error.lineno}"
        return f"{place} cannot be imported: {error.msg} ({where})."
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not _passing_on(f.filename)]
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    if isinstance(error, ModuleNotFoundError):
        return f"{place} needs {error.name!r}, which is not installed{where}."
    said = f"{type(error).__name__}: {error}".rstrip(".: ")
    hint = (
        " Name it by its package: 'package.module:Name'." if "relative" in said else ""
    )
    return f"importing {place} raised {said}{where}.{hint}"


def _passing_on(filename: str) -> bool:
    return filename == __file__ or "importlib" in filename


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known))
    return f" Did you mean {' or '.join(close)}?" if close else ""
