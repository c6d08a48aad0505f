"""Runs that the Python client makes from runs, with engines of its own: real runs of real processes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from polyflow import AsyncClient, Client
from polyflow.again.earlier import NotRepeatableError
from polyflow.history import UnknownRunError
from polyflow.specifications.collecting import NotReadableError
from polyflow_shared.read_model.views import RunView
from polyflow_topics.events import OperationChanged, RequestRejected, RunChanged
from polyflow_topics.names import RunId
from tests.e2e.test_run import dag, job

INPUT = "inputs: [{name: lr, type: float, value: 0.1}]\n"
MAKE = """echo '{"x": 0}' > $POLYFLOW_OUTPUTS; echo made > $POLYFLOW_ARTIFACTS_PATH/model"""
OUTPUT = ", outputs: [{name: x, type: int}]"
READS = ", params: {x: {ref: ops.a, value: outputs.x}}, inputs: [{name: x, type: int}]"
UPON = ", dependencies: [b]"
SLOW = "echo x >> began; until [ -e ok ]; do sleep 0.05; done"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client whose operations start in the test's folder."""
    monkeypatch.chdir(tmp_path)
    with Client(home_folder=tmp_path / "home") as client:
        yield client


@pytest.fixture
def failed(client: Client) -> RunId:
    """The id of a run that has failed in `b`, and fails until there is a file `ok`."""
    text = INPUT + dag(job("a", MAKE, OUTPUT), job("b", "test -e ok", READS), job("c", "true", UPON))
    run = client.submit(text)
    assert ended(client, run).status == "failed"
    return run


def ended(client: Client, run: RunId) -> RunView:
    """Watch a run to its end, and return what became of it."""
    for _ in client.watch(run):
        pass
    return client.get(run)


def statuses(client: Client, run: RunId) -> list[str]:
    """Watch a run to its end, and return the statuses that it had."""
    return [event.status for event in client.watch(run) if isinstance(event, RunChanged)]


def reasons(view: RunView) -> dict[str, tuple[str, str]]:
    return {name: (one.status, one.reason) for name, one in view.operations.items()}


def refusal(client: Client, run: RunId) -> str:
    """Return why what was requested last of a run was refused."""
    (rejected,) = client.watch(run)
    assert isinstance(rejected, RequestRejected)
    return rejected.problems[0].message


def test_a_restart_is_a_new_run_in_which_all_runs_anew(client: Client, failed: RunId) -> None:
    Path("ok").touch()
    view = ended(client, client.restart(failed, params={"lr": 0.5}, tags=["second"], name="other"))
    assert view.id != failed
    assert view.origin is not None
    assert (view.origin.run, view.origin.kind) == (failed, "restart")
    assert (view.params["lr"], view.tags, view.name) == (0.5, ("second",), "other")
    assert reasons(view) == dict.fromkeys("abc", ("succeeded", ""))


def test_a_run_to_repeat_is_meant_by_the_beginning_of_its_id_or_as_the_latest(
    client: Client, failed: RunId
) -> None:
    first = ended(client, client.restart(failed[:8]))
    second = ended(client, client.restart("latest"))
    assert [view.origin and view.origin.run for view in (first, second)] == [failed, first.id]


def test_a_copy_has_the_artifacts_of_the_earlier_run(client: Client) -> None:
    once = "test -e $POLYFLOW_ARTIFACTS_PATH/model && exit 0; echo m > $POLYFLOW_ARTIFACTS_PATH/model; exit 1"
    run = client.submit(dag(job("a", once)))
    assert ended(client, run).status == "failed"
    assert ended(client, client.restart(run)).status == "failed"
    view = ended(client, client.copy(run))
    assert view.origin is not None
    assert (view.status, view.origin.kind) == ("succeeded", "copy")


def test_a_rerun_does_an_operation_and_what_follows_anew(client: Client, failed: RunId) -> None:
    Path("ok").touch()
    view = ended(client, client.rerun(failed, "c"))
    kept = {"a": ("succeeded", "Kept"), "b": ("succeeded", ""), "c": ("succeeded", "")}
    assert (view.id != failed, reasons(view)) == (True, kept)
    with pytest.raises(NotRepeatableError, match=f"run {failed} has no operation 'x'; it has a, b, c"):
        client.rerun(failed, "x")


def test_a_resumed_run_goes_on_under_its_id_and_is_watched_to_its_new_end(
    client: Client, failed: RunId
) -> None:
    Path("ok").touch()
    assert client.resume(failed) == failed
    assert statuses(client, failed)[2:] == ["failed", "created", "running", "succeeded"]
    view = client.get(failed)
    assert (view.id, view.status, view.generation) == (failed, "succeeded", 1)
    assert reasons(view) == {"a": ("succeeded", "Kept"), "b": ("succeeded", ""), "c": ("succeeded", "")}


def test_a_resumed_run_is_watched_to_its_new_end_by_other_clients_too(
    client: Client, failed: RunId, tmp_path: Path
) -> None:
    Path("ok").touch()
    client.resume(failed)
    with Client(home_folder=tmp_path / "home") as other:
        assert statuses(other, failed)[-1] == "succeeded"


def test_a_run_that_was_just_resumed_can_be_asked(client: Client) -> None:
    run = client.submit(dag(job("a", "test -e ok"), job("b", "sleep 60", ", dependencies: [a]")))
    assert ended(client, run).status == "failed"
    Path("ok").touch()
    client.stop(client.resume(run))
    assert ended(client, run).status == "stopped"


def test_what_is_kept_though_its_definition_has_changed_is_for_the_user_to_say(
    client: Client, failed: RunId
) -> None:
    new = INPUT + dag(job("a", f"{MAKE}; true", OUTPUT), job("b", "true", READS))
    kept = ended(client, client.rerun(failed, "b", keep_changed=True, specification=new))
    assert reasons(kept) == {"a": ("succeeded", "Kept"), "b": ("succeeded", "")}
    assert ended(client, client.resume(failed, specification=new)).status == "succeeded"
    assert reasons(client.get(failed)) == {"a": ("succeeded", ""), "b": ("succeeded", "")}


PRESET = "isPreset: true\ntags: [from-preset]\nname: other\n"
FILES: dict[str, Any] = {
    "a file": Path("preset.yaml"),
    "a text": PRESET,
    "an object": {"isPreset": True, "tags": ["from-preset"], "name": "other"},
}


@pytest.mark.parametrize("form", FILES)
def test_what_is_laid_over_a_specification_is_a_file_a_text_or_an_object(
    client: Client, failed: RunId, form: str
) -> None:
    Path("preset.yaml").write_text(PRESET)
    view = ended(client, client.restart(failed, files=[FILES[form]]))
    assert (view.name, view.tags) == ("other", ("from-preset",))


def test_saved_presets_are_laid_over_a_specification_after_files(client: Client, failed: RunId) -> None:
    presets = Path("home", "presets")
    presets.mkdir()
    presets.joinpath("saved.yaml").write_text("{isPreset: true, name: saved}")
    view = ended(client, client.restart(failed, files=[PRESET], presets=["saved"]))
    assert (view.name, view.tags) == ("saved", ("from-preset",))


@pytest.mark.parametrize("form", [Path("new", "new.yaml"), dag(job("only", "pwd > where"))])
def test_a_new_specification_takes_the_place_of_the_old_one(
    client: Client, failed: RunId, tmp_path: Path, form: Path | str
) -> None:
    Path("new").mkdir()
    Path("new", "new.yaml").write_text(dag(job("only", "pwd > where")))
    view = ended(client, client.restart(failed, specification=form))
    assert reasons(view) == {"only": ("succeeded", "")}
    where = tmp_path / "new" if isinstance(form, Path) else tmp_path
    assert where.joinpath("where").read_text() == f"{where}\n"


def test_what_was_uploaded_for_a_run_is_brought_along(client: Client) -> None:
    run = client.submit(dag(job("a", "cat $POLYFLOW_ARTIFACTS_PATH/words")))
    assert ended(client, run).status == "failed"
    uploads = Path("home", "runs", run, "artifacts")
    uploads.mkdir()
    uploads.joinpath("words").write_text("hello")
    for again in (client.restart(run), client.resume(run)):
        assert ended(client, again).status == "succeeded"


def test_an_interrupted_run_is_taken_up_as_it_is(client: Client, tmp_path: Path) -> None:
    with Client(home_folder=tmp_path / "home") as closed:
        run = closed.submit(dag(job("a", "echo x >> ran"), job("b", SLOW, ", dependencies: [a]")))
        for event in closed.watch(run):
            if isinstance(event, OperationChanged) and (event.operation, event.status) == ("b", "running"):
                break
    Path("ok").touch()
    with pytest.raises(NotRepeatableError, match=f"run {run} is interrupted, and goes on as it is"):
        client.resume(run, params={"lr": 0.5})
    assert client.resume(run) == run
    view = ended(client, run)
    assert (view.status, view.generation) == ("succeeded", 0)
    assert Path("ran").read_text() == "x\n"


HOOKED = "hooks: [{hubRef: slow}]\n"


@pytest.fixture
def hub(client: Client) -> str:
    """A hub with a component for hooks, which waits for a file `ok`."""
    hub = Path("hub", "slow")
    hub.mkdir(parents=True)
    slow = f"run: {{kind: job, container: {{command: [sh, -c, '{SLOW}']}}}}"
    hub.joinpath("latest.yaml").write_text(f"kind: component\nname: slow\n{slow}")
    return str(hub.parent.resolve())


def hook_of(client: Client) -> RunId:
    """Return the run of the hook, once it has begun to write."""
    while not Path("began").exists():
        assert len(client.list()) <= 2
    (hook,) = client.list(query="cloning_kind: hook")
    return hook.id


def test_hooks_of_a_run_go_on_while_the_client_is_open(client: Client, hub: str) -> None:
    run = client.submit(HOOKED + dag(job("a", "true")), hubs=[hub])
    assert ended(client, run).status == "succeeded"
    hook = hook_of(client)
    Path("ok").touch()
    assert ended(client, hook).status == "succeeded"


def test_the_run_of_a_hook_that_was_interrupted_is_taken_up(client: Client, hub: str, tmp_path: Path) -> None:
    with Client(home_folder=tmp_path / "home") as closed:
        run = closed.submit(HOOKED + dag(job("a", "true")), hubs=[hub])
        assert ended(closed, run).status == "succeeded"
        hook = hook_of(closed)
    assert client.get(hook).status == "interrupted"
    Path("ok").touch()
    assert client.resume(hook) == hook
    assert ended(client, hook).status == "succeeded"
    with pytest.raises(NotRepeatableError, match="has ended with its engine: `polyflow restart` it"):
        client.resume(hook)


def test_a_run_is_known_to_its_client_from_the_moment_that_it_was_submitted(client: Client) -> None:
    run = client.submit(dag(job("a", SLOW)))
    with pytest.raises(NotRepeatableError, match="what goes on need not be resumed"):
        client.resume(run)
    other = client.submit(dag(job("a", SLOW)))
    again = client.restart(other)
    for one in (run, other, again):
        client.stop(one)


def test_a_run_that_goes_on_is_not_resumed(client: Client) -> None:
    run = client.submit(dag(job("a", "exec sleep 60")))
    for event in client.watch(run):
        if isinstance(event, OperationChanged) and event.status == "running":
            with pytest.raises(
                NotRepeatableError, match=f"{run} is running; what goes on need not be resumed"
            ):
                client.resume(run)
            client.stop(run)


def test_why_a_resume_was_refused_is_what_there_is_to_watch(client: Client) -> None:
    run = client.submit(dag(job("a", "true")))
    before = ended(client, run)
    assert client.resume(run) == run
    assert f"nothing of run {run} is left to do" in refusal(client, run)
    client.resume(run, specification="run: {kind: jobb}")
    assert "jobb" in refusal(client, run)
    assert client.get(run) == before
    assert ended(client, client.rerun(run, "a")).status == "succeeded"


def test_a_repetition_that_is_wrong_is_a_rejected_run(client: Client, failed: RunId) -> None:
    run = client.restart(failed, params={"lr": "much"})
    assert "lr" in refusal(client, run)
    assert client.get(run).status == "rejected"
    with pytest.raises(
        NotRepeatableError, match=f"it was a restart of another one: polyflow restart {failed}"
    ):
        client.restart(run)


def test_mistakes_are_told_in_a_sentence(client: Client, failed: RunId) -> None:
    with pytest.raises(UnknownRunError, match="there is no run 'nope'"):
        client.resume("nope")
    with pytest.raises(NotReadableError, match=r"nowhere\.yaml: no such file"):
        client.restart(failed, files=[Path("nowhere.yaml")])
    with pytest.raises(TypeError, match="restart has no argument 'tag'; did you mean `tags`"):
        client.restart(failed, tag="x")  # type: ignore[call-arg]
    for name, what in (
        ("tags", "texts"),
        ("hubs", "texts"),
        ("roots", "paths"),
        ("files", "files, texts or objects"),
    ):
        wrong: Any = {name: "mine"}
        for request in (client.restart, client.copy, client.resume):
            with pytest.raises(
                TypeError, match=rf"`{name}` is a list of {what}, not a str; .* `{name}=\['mine'\]`"
            ):
                request(failed, **wrong)
    with pytest.raises(TypeError, match="`files` is a list"):
        client.resume(failed, files=Path("a.yaml"))  # type: ignore[arg-type]
    assert [one.id for one in client.list()] == [failed]


async def test_runs_come_from_runs_in_asyncio_too(tmp_path: Path) -> None:
    async with AsyncClient(home_folder=tmp_path) as client:
        first = await client.submit(dag(job("a", "true")))
        assert [event async for event in client.watch(first)]
        made = await asyncio.gather(client.restart(first), client.copy(first), client.rerun(first, "a"))
        for run in made:
            assert [event async for event in client.watch(run)][-1].status == "succeeded"
        assert [one.status for one in await client.list(query=f"original: {first}")] == ["succeeded"] * 3
