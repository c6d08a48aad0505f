"""Where artifacts of other operations are: texts that each cluster completes with folders of its own."""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from polyflow_shared.variables import written
from polyflow_topics.message import Values
from polyflow_topics.plan import OutputOf, PlannedOperation, PlannedParam
from polyflow_topics.pods import ALL_ARTIFACTS, ARTIFACTS, RUNS_VARIABLE, PodParts, artifacts_variable
from polyflow_topics.status import Status

_NEVER_RAN: Final = frozenset({Status.SKIPPED, Status.UPSTREAM_FAILED})
_OTHER_RUNS: Final = f"$({RUNS_VARIABLE})/"


def of_upstream(name: str, status: Status, source: OutputOf) -> Values | None:
    """Return what a param reads of an operation's artifacts, by the entry's name; None if it never ran."""
    if status in _NEVER_RAN:
        return None
    folder = f"$({artifacts_variable(name)})"
    if source.files:
        return {source.output: {kind: _below(folder, paths) for kind, paths in source.files.items()}}
    return {source.output: folder if source.output == ALL_ARTIFACTS else f"{folder}/{source.output}"}


def _below(folder: str, paths: JsonValue) -> JsonValue:
    """Return paths, or pairs of where from and where to, with the folder before where they are read from."""
    found: list[JsonValue] = []
    for path in paths if isinstance(paths, list) else ():
        found.append([f"{folder}/{path[0]}", *path[1:]] if isinstance(path, list) else f"{folder}/{path}")
    return found


def as_type(kind: str | None, value: JsonValue) -> JsonValue:
    """Return a path, or a list of them, as a map of files where the type of the param is such a map."""
    if kind != ARTIFACTS or not isinstance(value, str | list):
        return value
    return {"files": [path for path in ([value] if isinstance(value, str) else value) if path is not None]}


def marked(planned: PlannedOperation, param: PlannedParam, value: JsonValue, name: str | None) -> JsonValue:
    """Return a param's value with marks where a cluster completes it; what names no artifacts is as it was.

    Args:
        planned: the operation.
        param: one of its params.
        value: that it has.
        name: the operation whose artifacts it reads, if it does.
    """
    if name is not None:
        return _marked(value, f"$({artifacts_variable(name)})")
    return _marked(value, _OTHER_RUNS) if _of_others(planned, param) else value


def _marked(value: JsonValue, folder: str) -> JsonValue:
    if isinstance(value, str) and value.startswith(folder):
        return written(folder) + value.removeprefix(folder)
    if isinstance(value, dict):
        return {key: _marked(item, folder) for key, item in value.items()}
    return [_marked(item, folder) for item in value] if isinstance(value, list) else value


def with_artifacts(
    parts: PodParts | None,
    planned: PlannedOperation,
    values: Values,
    names: Mapping[str, str],
) -> PodParts | None:
    """Return the parts of a pod with the artifacts that its operation reads.

    Args:
        parts: as they are without.
        planned: the operation.
        values: of its params, by name.
        names: of those of its params that read artifacts of an operation: by a param's, that operation's.
    """
    read: dict[str, tuple[str, ...]] = {}
    for param, name in names.items():
        if values.get(param) is not None:
            folder = f"$({artifacts_variable(name)})"
            below = tuple(path.removeprefix(folder).lstrip("/") for path in _paths(values[param]))
            read[name] = (*read.get(name, ()), *below)
    found = [param for param in planned.params if _of_others(planned, param)]
    texts = (path for param in found for path in _paths(values[param.name]))
    if others := tuple(path.removeprefix(_OTHER_RUNS) for path in texts if path.startswith(_OTHER_RUNS)):
        read[""] = others
    return (parts or PodParts()).model_copy(update={"artifacts": read}) if read else parts


def _of_others(planned: PlannedOperation, param: PlannedParam) -> bool:
    """Tell whether a param has artifacts of other runs."""
    if param.source is not None:
        return param.source.elsewhere
    entries = (planned.questions[found.question].entries[found.entry] for found in param.found)
    return any(entry.partition(".")[0] == ARTIFACTS for entry in entries)


def _paths(value: JsonValue) -> Iterator[str]:
    """Yield all paths that are read from; of a pair the first is."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for paths in value.values():
            for path in paths if isinstance(paths, list) else ():
                yield from _paths(path[0] if isinstance(path, list) and path else path)
    elif isinstance(value, list):
        for path in value:
            yield from _paths(path)
