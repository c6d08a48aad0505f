"""What users are shown in the end is what the events have said."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.names import RunId
from tests.verifier.facts import OPERATION_CHANGED, gather
from tests.verifier.log import LoggedMessage

Statuses = Mapping[str, str]
"""The status of each operation of a run by its name, and that of the run itself under the empty name."""


def said(messages: Iterable[LoggedMessage], ended: Mapping[RunId, str]) -> dict[RunId, Statuses]:
    """Return how the runs that have ended stand by their events; those that were refused are left out."""
    found: dict[RunId, Statuses] = {}
    for run, facts in gather(messages).runs.items():
        if (status := ended.get(RunId(run), "rejected")) == "rejected":
            continue
        last = {
            str(event.data["operation"]): event.status
            for event in sorted(facts.events, key=lambda one: one.data["sequence"])
            if event.wire == OPERATION_CHANGED
        }
        found[RunId(run)] = {"": status, **last}
    return found


def kept(history: Path, runs: Iterable[RunId]) -> dict[RunId, Statuses]:
    """Return how runs stand in the projector's database; a run that it does not know is left out."""
    with closing(SqliteReadModel.open(history)) as model:
        found = ((run, model.run(run)) for run in runs)
        return {
            run: {
                "": str(view.status),
                **{str(one.name): str(one.status) for one in view.operations.values()},
            }
            for run, view in found
            if view is not None
        }


def differences(expected: Mapping[RunId, Statuses], shown: Mapping[RunId, Statuses]) -> Iterator[str]:
    """Yield a line for each run that is shown otherwise than its events have said."""
    for run, statuses in expected.items():
        there = shown.get(run)
        if there is None:
            yield f"{run} is not shown"
            continue
        for name in statuses:
            if there.get(name) != statuses[name]:
                yield f"{run} {name or '-'}: shown {there.get(name)}, said {statuses[name]}"
