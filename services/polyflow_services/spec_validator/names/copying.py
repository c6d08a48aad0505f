"""The steps that copy artifacts before an operation starts: containers with the image of the operation."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from pydantic import JsonValue

from polyflow_services.spec_validator.links.refs import AskedElsewhere, Bindings, Bound
from polyflow_shared.language.models import known
from polyflow_shared.language.models.pods import V1ArtifactsType, V1Init
from polyflow_shared.variables import escaped
from polyflow_topics.pods import ARTIFACTS

OWN: Final = "$(POLYFLOW_ARTIFACTS_PATH)"
_COPY: Final = r"""set -eu
base=$1 to=$2; shift 2
while [ $# -gt 0 ]; do
  number=0
  printf '%s\n' "$1" | while IFS= read -r from; do
    number=$((number + 1))
    case $from in ''|None) continue ;; /*) ;; *) from=$base/$from ;; esac
    [ -e "$from" ] || { echo "there is no $from" >&2; exit 1; }
    from=${from%/}
    case $2 in '') into=$to/${from##*/} ;; '*') into=$to/$((number - 1))/${from##*/} ;; *) into=$to/$2 ;; esac
    if [ "$from" -ef "$into" ]; then continue; fi
    mkdir -p "${into%/*}"
    if [ -d "$from" ]; then mkdir -p "$into"; cp -R "$from/." "$into"; else cp "$from" "$into"; fi
  done
  shift 2
done"""
"""Copies files and folders: `$1` is the folder of relative paths, `$2` that which they are copied to; then
pairs of what is copied, a path a line, and its new path: empty for its own name, `*` for numbered folders."""
EACH: Final = "*"

Pair = tuple[str, str]


def is_artifacts(bound: Bound) -> bool:
    """Tell whether a name stands for files and folders."""
    of_source = bound.source is not None and bound.source.of == ARTIFACTS
    return of_source or asks(bound) or (bound.source is None and isinstance(bound.value, dict | None))


def asks(bound: Bound) -> bool:
    """Tell whether a name stands for artifacts of other runs."""
    return any(names_artifacts(asked.entry) for asked in _asked(bound))


def names_artifacts(entry: str) -> bool:
    """Tell whether what is read of a run are artifacts."""
    return entry.partition(".")[0] == ARTIFACTS


def _asked(bound: Bound) -> Sequence[AskedElsewhere]:
    return bound.asked or bound.behind


def to_init(bound: Bound) -> bool:
    """Tell whether what a name stands for is copied before the start."""
    given = bound.param is not None and bound.param.to_init
    return bool(given or (bound.io is not None and bound.io.to_init))


def copies_of(bindings: Bindings, image: str | None) -> Iterator[dict[str, Any]]:
    """Yield the containers that copy the artifacts which params name, before an operation starts.

    Args:
        bindings: what its names stand for.
        image: that of its main container, which the copies are made in as well.
    """
    for name, bound in bindings.items():
        if not to_init(bound):
            continue
        pairs = [*_pairs(name, bound)]
        if pairs:
            to = f"{OWN}/{name}" if _is_list(bound) else OWN
            step = f"to-init-{name.replace('_', '-').lower()}"
            yield _container(step, image, _words(OWN, to, pairs))


def _pairs(name: str, bound: Bound) -> Iterator[Pair]:
    """Yield what is copied for a name, as templates of its value, and where to."""
    if _asked(bound) and _is_list(bound):
        field = f"{name}.files" if bound.kind == ARTIFACTS else name
        yield f"{{{{ {field} | join('\\n') }}}}", EACH
    elif bound.source is not None and bound.source.files:
        for kind, paths in bound.source.files.items():
            yield from _rendered_pairs(f"{name}.{kind}", paths)
    elif bound.asked or bound.source is not None:
        yield f"{{{{ {name}{'.files[0]' if bound.kind == ARTIFACTS else ''} }}}}", ""
    elif isinstance(bound.value, dict):
        for paths in bound.value.values():
            yield from ((escaped(path), escaped(to)) for path, to in _written_pairs(paths))


def _is_list(bound: Bound) -> bool:
    """Tell whether a name stands for what joins have found, and not for what one run has."""
    return not all(asked.question.run for asked in _asked(bound))


def _rendered_pairs(field: str, paths: JsonValue) -> Iterator[Pair]:
    for place, path in enumerate(paths if isinstance(paths, list) else ()):
        if isinstance(path, list):
            yield f"{{{{ {field}[{place}][0] }}}}", escaped(str(path[1])) if len(path) > 1 else ""
        else:
            yield f"{{{{ {field}[{place}] }}}}", ""


def _written_pairs(paths: Any) -> Iterator[Pair]:
    for path in paths if isinstance(paths, list) else [paths]:
        if isinstance(path, list):
            yield str(path[0]), str(path[1]) if len(path) > 1 else ""
        elif path is not None:
            yield str(path), ""


def copy_step(step: V1Init, name: str, image: str | None) -> dict[str, Any] | None:
    """Return the container that copies what an init step names; None for a step of another kind."""
    artifacts = known(step.artifacts)
    if not isinstance(artifacts, V1ArtifactsType):
        return None
    pairs = [*_written_pairs(known(artifacts.files) or []), *_written_pairs(known(artifacts.dirs) or [])]
    path = step.path or ""
    to = path if path.startswith(("/", "$(")) else f"{OWN}/{path}".rstrip("/")
    return {**_container(name, image, _words(OWN, to, pairs)), **(known(step.container) or {})}


def _container(name: str, image: str | None, words: list[str]) -> dict[str, Any]:
    return {"name": name, **({"image": image} if image else {}), "command": words}


def _words(base: str, to: str, pairs: Iterable[Pair]) -> list[str]:
    return ["sh", "-c", _COPY, "copy", base, to, *(word for pair in pairs for word in pair)]
