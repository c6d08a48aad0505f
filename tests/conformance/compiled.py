"""`python -m tests.conformance.compiled --corpus DIR`: are layers composed as by the released reader?

Compares each compiled operation that the corpus has with what we compose of the same file, field by field.
Both are read by our models first, so that only what is said counts and not how it is spelled; a field that
the models refuse is left out on both sides.  A component that the reader has written beside the reference
which leads to it is left out as well: whether references lead there, the graphs and verdicts say.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import chdir
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click
from pydantic import TypeAdapter

from polyflow_services.spec_validator.checked import Checked, check_document
from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.requests import reading
from polyflow_services.spec_validator.shape.around import Around
from polyflow_shared.language import schema
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.models import Model, V1Operation, V1Runtime
from polyflow_shared.language.references import Reference, ReferenceKind, file_reference
from polyflow_shared.language.sources import collect
from polyflow_shared.references.fetching import Fetcher, Places
from polyflow_shared.references.files import Files
from tests.conformance.__main__ import BAR, EXPECTED
from tests.conformance.disagreements import COMPILED

_NOT_COMPARED: Final = frozenset({"version", "kind", "contexts", "strictParams"})
"""What the reader adds."""
_REFERENCES: Final = frozenset({"hubRef", "dagRef", "pathRef", "urlRef"})
_USED_UP: Final = frozenset(
    {"run", "params", "component", "runPatch", "patchStrategy", "presets", "isPreset", "template"}
    | _REFERENCES
    | {"ports", "container", "cmd", "env", "resources"}
    | {"environment", "init", "connections", "sidecars", "volumes"}
)
"""What is left of an operation's own fields in no compiled operation."""
_DURATION: Final = TypeAdapter(timedelta)
_MISSING: Final = "PF7002"
"""The code of a reference that leads to nothing."""
_ON_THE_WEB: Final = "https://raw.githubusercontent.com/polyaxon/polyaxon-quick-start/master/"
"""Where documents refer to what the corpus has in `quickstart/`."""


def main() -> int:
    """Print where two compiled operations differ; the exit status is 0 where the figure reaches the bar."""
    parser = ArgumentParser(prog="compiled", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="The folder of the corpus.")
    corpus = parser.parse_args().corpus
    if not (corpus / EXPECTED).is_file():
        click.echo(f"there is no corpus in {corpus}: it has to have {EXPECTED}", err=True)
        return 2
    with chdir(corpus):
        expected = [json.loads(line) for line in Path(EXPECTED).read_text().splitlines()]
        results = [_compared(one) for one in expected if "compiled" in one]
    judged = [different for different in results if different is not None]
    alike = sum(not different for different in judged)
    also = f"; {len(results) - len(judged)} more refer to files that the corpus lacks"
    share = alike / len(judged)
    click.echo(f"compiled: {alike} of {len(judged)} agree, {share:.2%} (bar: {BAR:.0%}){also}")
    return 0 if share >= BAR else 1


def _compared(expected: Mapping[str, Any]) -> list[str] | None:
    """Print and return where an operation differs; None where it refers to a file that is not there."""
    file = expected["file"]
    checked = _checked(file)
    if any(error.code == _MISSING and error.path.endswith("pathRef") for error in checked.errors):
        return None
    top = checked.compiled.top if checked.compiled else None
    found = list(differences(_of_reader(expected["compiled"]), {} if top is None else _of_layers(top)))
    if found:
        click.echo(f"  {file}")
        for one in found:
            click.echo(f"    {one}")
        click.echo(f"    {COMPILED.get(file, 'NO REASON IS GIVEN')}")
    return found


def _checked(file: str) -> Checked:
    place, read = file_reference(file), reading.read(Path(file).read_bytes())
    return check_document(
        read, file=file, around=Around(sources=collect([(place, read)], _fetch), owner=place)
    )


def _fetch(reference: Reference) -> str | Finding:
    if reference.kind is ReferenceKind.URL and reference.name.startswith(_ON_THE_WEB):
        return Path("quickstart", reference.name.removeprefix(_ON_THE_WEB)).read_text()
    return Fetcher(Places(hubs=("hub",), files=Files(Path.cwd(), [Path.cwd()])))(reference)


def _of_reader(compiled: Mapping[str, Any]) -> dict[str, Any]:
    value = {name: _in_seconds(one) for name, one in compiled.items() if name not in _NOT_COMPARED}
    operation = schema.read(value).operation
    run = operation.run if operation is not None else None
    return {} if operation is None or isinstance(run, dict) else _plain(operation, run)


def _in_seconds(value: Any) -> Any:
    """Return a value with the steps of its ranges of moments in seconds; the reader writes `4:00:00`."""
    if not isinstance(value, dict):
        return value
    if value.get("kind") == "datetimerange":
        span = value["value"]
        return value | {"value": span | {"step": _DURATION.validate_python(span["step"]).total_seconds()}}
    return {name: _in_seconds(one) for name, one in value.items()}


def _of_layers(top: Composed) -> dict[str, Any]:
    return _plain(top.operation, top.run)


def _plain(operation: V1Operation, run: V1Runtime | None) -> dict[str, Any]:
    """Return what an operation says, as plain values."""
    fields = {name: one for name, one in _said(operation).items() if name not in _USED_UP | _NOT_COMPARED}
    return fields | {"run": _said(run)}


def _said(value: Any) -> Any:
    """Return plain values without null, and without what follows from other fields."""
    if isinstance(value, Model):
        value = value.model_dump(by_alias=True, exclude_none=True, mode="json", warnings=False)
    if isinstance(value, dict):
        implied = {"isOptional"} if "value" in value else set[str]()
        implied |= {"component"} if value.keys() & _REFERENCES else set()
        return {name: _said(one) for name, one in value.items() if one is not None and name not in implied}
    return [_said(one) for one in value] if isinstance(value, list) else value


def differences(theirs: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Yield where two plain values differ, and how."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in dict.fromkeys([*theirs, *ours]):
            yield from differences(theirs.get(name), ours.get(name), f"{path}.{name}" if path else name)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(their, our, f"{path}[{index}]")
    elif theirs != ours:
        yield f"{path}: the reader has {_short(theirs)}, polyflow has {_short(ours)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


if __name__ == "__main__":
    sys.exit(main())
