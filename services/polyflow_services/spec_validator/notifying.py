"""Notifications of `plugins`: hooks with the notifiers that come with polyflow, one for each connection."""

from collections.abc import Iterator

from polyflow_services.spec_validator.fields.connections import Granted
from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1Hook, V1Notification, V1Plugins, known
from polyflow_shared.language.references import NOTIFIERS
from polyflow_shared.language.sanity.operations import HOOK_STATUSES


def notifications(composed: Composed, granted: Granted | None) -> Iterator[tuple[Path, V1Hook] | Finding]:
    """Yield the notifications of an operation as hooks, each with its place, and what is wrong with them.

    Args:
        composed: the operation.
        granted: the connections that may be used; None where they are not known, and nothing is yielded.
    """
    if granted is None:
        return
    plugins = composed.operation.plugins
    listed = known(plugins.notifications) if isinstance(plugins, V1Plugins) else None
    for index, one in enumerate(listed or ()):
        path: Path = (*composed.place("plugins"), "notifications", index)
        if one.trigger is not None and one.trigger not in HOOK_STATUSES:
            message = f"a notification when a run is `{one.trigger}` is not supported yet"
            hint = f"write one of {', '.join(sorted(HOOK_STATUSES))}"
            yield Finding(Code.NOT_YET, message, (*path, "trigger"), hint)
        else:
            yield from _of_one(one, path, granted)


def _of_one(one: V1Notification, path: Path, granted: Granted) -> Iterator[tuple[Path, V1Hook] | Finding]:
    for index, name in enumerate(one.connections):
        place: Path = (*path, "connections", index)
        found = granted.find(name)
        if isinstance(found, Finding):
            yield Finding(found.code, found.message, place, found.hint)
        elif found.kind not in NOTIFIERS:
            message = f"nothing comes with polyflow that notifies a connection of kind `{found.kind}`"
            kinds = ", ".join(f"`{kind}`" for kind in NOTIFIERS)
            hint = f"name one of kind {kinds}, or write a hook with a component of your own"
            yield Finding(Code.NOT_YET, message, place, hint)
        else:
            yield place, V1Hook(hub_ref=NOTIFIERS[found.kind], connection=name, trigger=one.trigger)
