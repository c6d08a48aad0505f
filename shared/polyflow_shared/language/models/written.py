"""Models as they are written: plain values, YAML and JSON, in both directions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from polyflow_shared.language.findings import Finding, Locate

_FILES: Final = (".yaml", ".yml", ".json")


def as_plain(model: BaseModel) -> dict[str, Any]:
    """Return what was given, with camelCase keys, as plain values; and what kind of thing it is."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False, fallback=_built)


def _built(value: Any) -> Any:
    """Return the plain values of an object that says them itself, such as one of `polyflow.k8s`.

    Raises:
        TypeError: it does not.
    """
    if callable(to_dict := getattr(value, "to_dict", None)):
        return to_dict()
    raise TypeError(f"{value!r} cannot be written in a specification")


def as_json(model: BaseModel) -> str:
    """Return the JSON text of a model."""
    return json.dumps(as_plain(model), indent=2, ensure_ascii=False)


def as_yaml(model: BaseModel) -> str:
    """Return the YAML text of a model, its fields in the order of the reference."""
    import yaml  # noqa: PLC0415 - only who writes YAML pays for it

    text: str = yaml.safe_dump(as_plain(model), sort_keys=False, allow_unicode=True)
    return text


def plain(source: Mapping[str, Any] | str | Path) -> Any:
    """Return the plain values of a map, of a YAML or JSON text, or of a file that holds one.

    Args:
        source: a text of one line that ends as a file's name is one.

    Raises:
        ValueError: the text is neither YAML nor JSON, with all problems and their lines.
        OSError: the file cannot be read.
    """
    from polyflow_shared.language import document  # noqa: PLC0415 - only who reads a text pays for it

    if isinstance(source, Mapping):
        return source
    named = isinstance(source, str) and "\n" not in source and source.endswith(_FILES)
    path = Path(source) if named or isinstance(source, Path) else None
    read = document.read(path.read_bytes() if path else str(source))
    if read.findings:
        raise ValueError("; ".join(_told(finding, read.locate) for finding in read.findings))
    return read.value


def _told(finding: Finding, locate: Locate) -> str:
    line, column = finding.position or locate(finding.path, finding.at_key) or (1, 1)
    return f"{line}:{column}: {finding.message}"
