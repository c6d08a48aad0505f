"""Specifications in Python: what a file or module defines, as `polyflow run -pm flow.py:dag` takes it."""

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

import polyflow_shared
from polyflow_shared.errors import PolyflowError
from polyflow_shared.language import models
from polyflow_shared.language.fields.wording import hint, should_be
from polyflow_shared.language.findings import did_you_mean, path_text
from polyflow_shared.language.models import Model, V1Component, V1Operation, V1Runtime

DEFAULT: Final = "main"
"""What is taken where a reference names no attribute."""
_NOT_THE_USERS: Final = (
    Path(__file__).parents[1],
    *map(Path, polyflow_shared.__path__),
    Path(re.__file__).parents[1],
)
"""Folders of code whose lines say nothing to a user: our own, and Python's."""


class NotLoadedError(PolyflowError):
    """There is no specification where a reference leads."""


def load(reference: str) -> dict[str, Any]:
    """Return the specification that a Python file or module defines; a runtime alone becomes a component.

    Args:
        reference: `FILE.py:NAME` or `MODULE:NAME`; without `:NAME` it is `main`.

    Raises:
        NotLoadedError: it cannot be found, or running the file fails, which is told with the user's own line.
    """
    place, _, name = reference.partition(":")
    name = name or DEFAULT
    module = _module(place, Path(place))
    found: object = module
    for part in name.split("."):
        if not hasattr(found, part):
            hint = did_you_mean(part, _specifications(found)) or _listed(found)
            raise NotLoadedError(f"{place} defines no `{name}`" + (f"; {hint}" if hint else ""))
        found = getattr(found, part)
    return _specification(found, place, name)


def _module(place: str, path: Path) -> ModuleType:
    """Run a file or import a module, with its folder on the search path as Python has it for scripts."""
    is_file = path.suffix == ".py" or path.exists()
    if is_file and not path.is_file():
        raise NotLoadedError(f"{place}: there is no such file")
    folder = path.resolve().parent if is_file else Path.cwd()
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return _executed(path.resolve()) if is_file else importlib.import_module(place)
    except (Exception, SystemExit) as error:
        raise NotLoadedError(_failure(place, error)) from error


def _executed(path: Path) -> ModuleType:
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_{len(sys.modules)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _failure(place: str, error: BaseException) -> str:
    """Return what went wrong, where it did in the user's own code."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    what = "; ".join(_told(error)) if isinstance(error, ValidationError) else str(error)
    own = [frame for frame in extract_tb(error.__traceback__) if _is_the_users(Path(frame.filename))]
    where = f"{own[-1].filename}:{own[-1].lineno}" if own else place
    return f"{where}: {type(error).__name__}: {what}"


def _is_the_users(file: Path) -> bool:
    library = "site-packages" in file.parts or any(folder in file.parents for folder in _NOT_THE_USERS)
    return file.is_file() and not library


def _told(error: ValidationError) -> Iterator[str]:
    model = getattr(models, error.title, None)
    known = list(model.model_fields) if isinstance(model, type) and issubclass(model, Model) else []
    for details in error.errors(include_url=False):
        message, better = _message(details, known if len(details["loc"]) == 1 else ())
        said = f"{message} ({better})" if better else message
        yield f"{path_text((error.title, *details['loc']))}: {said}"


def _message(details: ErrorDetails, known: Sequence[str]) -> tuple[str, str]:
    """Return what is wrong with a field and what to write instead, as for a file."""
    match details["type"]:
        case "extra_forbidden":
            return "unknown field", did_you_mean(str(details["loc"][-1]), known)
        case "union_tag_invalid":
            kinds = re.findall(r"'(\w+)'", details["ctx"]["expected_tags"])
            return f"there is no kind `{details['ctx']['tag']}`", did_you_mean(details["ctx"]["tag"], kinds)
        case "missing":
            return "field is required", ""
        case models.RULE:
            return details["ctx"]["message"], details["ctx"]["hint"]
        case _:
            return should_be([details]), str(hint(details))


def _specifications(module: object) -> list[str]:
    return [name for name in dir(module) if isinstance(getattr(module, name, None), Model)]


def _listed(module: object) -> str:
    names = ", ".join(f"`{name}`" for name in _specifications(module)[:10])
    return f"there are {names}" if names else ""


def _specification(found: object, place: str, name: str) -> dict[str, Any]:
    if isinstance(found, V1Operation):
        kind = "component" if isinstance(found, V1Component) else "operation"
        return {"kind": kind, **found.to_dict()}
    if isinstance(found, V1Runtime):
        return {"kind": "component", "name": _slug(place), "run": found.to_dict()}
    message = (
        f"`{name}` of {place} is a {type(found).__name__}; expected was an operation, a component or a run"
    )
    raise NotLoadedError(f"{message}, such as V1Operation, V1Component, V1Dag or V1Job")


def _slug(place: str) -> str:
    """Return a name for what has none: that of its file or module."""
    stem = Path(place).stem if place.endswith(".py") else place.rpartition(".")[2]
    return re.sub(r"[^-a-zA-Z0-9_]+", "-", stem)
