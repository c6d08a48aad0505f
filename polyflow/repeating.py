"""Runs that come from runs, as users ask for them: what is looked up, refused, ordered, and brought along.

The command line and the client ask here; `again/` says what such a request is made of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypedDict

from pydantic import JsonValue

from polyflow.again.copying import copy_artifacts
from polyflow.again.earlier import Changes, Earlier, NotRepeatableError, earlier, fields_of, lineage, of_view
from polyflow.again.interrupted import as_it_is, cut_short
from polyflow.history import History
from polyflow.known.heard import in_memory, take_in
from polyflow.requests.orders import Order, as_json
from polyflow.requests.uploads import Upload, bring
from polyflow.running.session import workdir_of
from polyflow.specifications.collecting import (
    Given,
    Options,
    Specification,
    given,
    layer,
    options_here,
    overlay_of,
    read_specification,
    sent_with,
)
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import did_you_mean
from polyflow_shared.machine.home import Home, RunFolder
from polyflow_shared.read_model.views import RunView
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.origins import OriginKind
from polyflow_topics.requests import SpecificationFile


class Overrides(TypedDict, total=False):
    """What is other than the first time; what is not given stays as it was.

    Attributes:
        params: values that come before those that it had, by name.
        files: what is laid over the specification, after all that was laid over it before: each a file, a
            text or an object, with `isPreset: true`.
        presets: names of saved presets that are laid over it after that.
        specification: what takes the place of the old one and of all that was laid over it; the params stay.
        name: what the run is called.
        tags: in place of the old ones.
        hubs: where components are looked up.
        roots: further folders whose files may be referred to.
    """

    params: Mapping[str, JsonValue]
    files: Sequence[Specification | SpecificationFile]
    presets: str | Sequence[str]
    specification: Specification | None
    name: str | None
    tags: Sequence[str]
    hubs: Sequence[str]
    roots: Sequence[Path]


@dataclass(frozen=True, slots=True)
class How:
    """How a run comes from another one.

    Attributes:
        kind: its kind.
        operation: `rerun`: the operation that it begins with.
        keeps_changed: whether operations are kept whose definition has changed.
    """

    kind: OriginKind
    operation: str = ""
    keeps_changed: bool = False


class Elsewhere(Protocol):
    """Where runs go on that do not on this machine."""

    @property
    def address(self) -> str:
        """What users call it."""

    async def so_far(self, run: RunId) -> Sequence[Message]:
        """Return a run's events, as far as they are kept."""


def check_names(how: How, overrides: Mapping[str, Any]) -> None:
    """Refuse what is none of `Overrides`.

    Raises:
        TypeError: something is not; the message says which there are.
    """
    only_known(how.kind, overrides, list(Overrides.__annotations__))
    lists(overrides, files="files, texts or objects", tags="texts", hubs="texts", roots="paths")


def only_known(call: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse arguments of a call that there are not, and params that are no map.

    Raises:
        TypeError: one is such; the message says which there are.
    """
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
            raise TypeError(f"{call} has no argument {name!r}; {hint}")
    params = given.get("params")
    if not (params is None or isinstance(params, Mapping)):
        raise TypeError(f"`params` is a map of values by name, not a {type(params).__name__}")


def lists(given: Mapping[str, Any], **of: str) -> None:
    """Refuse what is no list; a text in place of one would be taken letter by letter.

    Args:
        given: arguments by name.
        of: for each that is a list, what that is a list of.

    Raises:
        TypeError: one is none; the message says what to write.
    """
    for name, what in of.items():
        value = given.get(name)
        if value is None or (isinstance(value, Iterable) and not isinstance(value, _ONE)):
            continue
        one = f"; for a single one write `{name}=[{value!r}]`" if len(repr(value)) <= _SHOWN else ""
        raise TypeError(f"`{name}` is a list of {what}, not a {type(value).__name__}{one}")


_ONE: Final = (str, bytes, Path, Mapping)
"""What can be iterated over, or is a path, and is no list."""
_SHOWN: Final = 80
"""Characters."""


def taken_up(run: str, how: How, overrides: Overrides, at: Home) -> tuple[RunId, Order] | None:
    """Return the run that goes on, and how, where one is resumed whose engine on this machine was killed.

    Raises:
        UnknownRunError: no run, or more than one, is meant.
        NotRepeatableError: something is to be other than it was.
    """
    if how.kind != "resume":
        return None
    with closing(History.open(at)) as history:
        found = cut_short(history, run)
    if found is None:
        return None
    if how.keeps_changed or any(value for name, value in overrides.items() if name != "hubs"):
        message = f"run {found.goes_on} is interrupted, and goes on as it is: leave the options out"
        raise NotRepeatableError(message)
    return found.goes_on, as_it_is(at, found.engine, overrides.get("hubs") or ())


async def earlier_run(run: str, kind: OriginKind, at: Home, elsewhere: Elsewhere | None) -> Earlier:
    """Return a run with its request, from the history of this machine, or from its events elsewhere.

    Args:
        run: its id, the beginning of one, or `latest`; the whole id of what this machine does not know.
        kind: how a run is to come from it.
        at: where the history is.
        elsewhere: where it goes on; on this machine if not given.

    Raises:
        UnknownRunError: no run, or more than one, is meant.
        NotRepeatableError: it was refused, or its request is not kept.
        BrokerUnavailableError: what is elsewhere cannot be reached.
    """
    with closing(History.open(at)) as history:
        if elsewhere is None:
            return earlier(history, history.find(run))
        known = earlier(history, history.find(run)) if history.knows(run) else None
    # Whoever has watched a run to its end may be faster than the history.
    if known is not None and (kind != "resume" or known.view.final):
        return known
    return await _told(known.run if known else RunId(run), elsewhere, known)


async def _told(run: RunId, elsewhere: Elsewhere, known: Earlier | None) -> Earlier:
    """Return a run as its events tell it, or as it is known where they do not."""
    with in_memory() as model:
        take_in(model, await elsewhere.so_far(run))
        view, body = model.run(run), model.request(run)
    if known is not None and (view is None or body is None):
        return known
    if view is None:
        message = f"the broker {elsewhere.address} has no events of a run {run}; give its whole id"
        raise NotRepeatableError(message)
    return of_view(view, body)


def order_again(before: Earlier, how: How, overrides: Overrides, at: Home, *, here: bool) -> Order:
    """Return the order that makes a run of an earlier one, or lets that go on.

    Args:
        before: the earlier one.
        how: how.
        overrides: what is other than the first time.
        at: where runs of this machine are kept.
        here: whether it runs on this machine.

    Raises:
        NotRepeatableError: that means nothing as things stand; the message says why.
        NotReadableError: a file cannot be read.
    """
    folder = at.run(before.run)
    _check(before.view, how.kind, folder, here=here)
    origin = lineage(before, how.kind, operation=how.operation, keeps_changed=how.keeps_changed)
    wanted = overrides.get("specification")
    new = None if wanted is None else given(wanted)
    options = _options(overrides, at)
    fields = fields_of(before, origin, _changes(overrides, new, options))
    if _has_uploads(before.view, how.kind, folder, here=here):
        fields.pop("upload", None)
    specification = fields.pop("specification")
    workdir = _workdir(folder) if new is None else new.workdir
    resumed = before.run if how.kind == "resume" else None
    return Order(specification, workdir, fields, None, options.places, resumed)


def _has_uploads(view: RunView, kind: OriginKind, folder: RunFolder, *, here: bool) -> bool:
    """Tell whether a run need not wait for what was uploaded for the earlier one.

    On Kafka it lies on a volume of the operations' side, beside what they have written there: a resumed run,
    which had it, finds it again, and nobody copies it for a new one.
    """
    return folder.artifacts.is_dir() if here else kind == "resume" and view.started_at is not None


def _check(view: RunView, kind: OriginKind, folder: RunFolder, *, here: bool) -> None:
    """Refuse what cannot mean anything.

    Raises:
        NotRepeatableError: the run goes on, or is to be resumed elsewhere.
    """
    if kind != "resume":
        return
    if not view.final:
        raise NotRepeatableError(f"run {view.id} is {view.status}; what goes on need not be resumed")
    if view.origin is not None and view.origin.kind == "hook":
        raise NotRepeatableError(f"run {view.id} of a hook has ended with its engine: `polyflow restart` it")
    if here and not folder.journal.exists():
        raise NotRepeatableError(f"run {view.id} did not run on this machine: name its broker with --kafka")


def _changes(overrides: Overrides, new: Given | None, options: Options) -> Changes:
    read = Document({}) if new is None else read_specification(new.content)
    sent = sent_with(read, new.file if new else "", options)
    about = {name: value for name in ("name", "tags") if (value := overrides.get(name))}
    return Changes(overrides.get("params") or {}, sent, new.content if new else None, about)


def _options(overrides: Overrides, at: Home) -> Options:
    return options_here(
        at,
        hubs=overrides.get("hubs") or (),
        overlays=[*_overlays(overrides)],
        roots=overrides.get("roots") or (),
    )


def _overlays(overrides: Overrides) -> Iterator[SpecificationFile]:
    for number, one in enumerate(overrides.get("files") or ()):
        match one:
            case SpecificationFile():
                yield one
            case Path():
                yield overlay_of(one)
            case str():
                yield SpecificationFile(name=f"files[{number}]", text=one)
            case _:
                yield SpecificationFile(name="-f", text=as_json(one))
    if presets := overrides.get("presets"):
        yield layer("--presets", {"presets": presets if isinstance(presets, str) else [*presets]})


def _workdir(folder: RunFolder) -> Path:
    return workdir_of(folder) if folder.path.joinpath("workdir").exists() else Path.cwd()


def bring_along(before: Earlier, kind: OriginKind, run: RunId, at: Home) -> int:
    """Give a run of this machine that has not begun the files of the run that it comes from.

    Args:
        before: the run that it comes from: what was uploaded for it.
        kind: how; a copy has the artifacts of its operations as well.
        run: the one that has not begun.
        at: where runs are kept.

    Returns:
        The number of operations that had artifacts to copy.

    Raises:
        NotUploadedError, NotCopiedError: they cannot be read, or not be written.
    """
    uploads = at.run(before.run).artifacts
    if before.run != run and uploads.is_dir():
        bring([Upload(path, path.name) for path in uploads.iterdir()], at.run(run).artifacts)
    if kind != "copy":
        return 0
    with closing(History.open(at)) as history:
        return copy_artifacts(history, before.view, run)
