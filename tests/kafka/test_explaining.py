"""Why runs on real Kafka stand as they do, told where the projector runs and anywhere else."""

from collections.abc import Iterator, Sequence

import pytest

from polyflow.history import UnknownOperationError
from tests.e2e.command import CommandLine, rest_of, wait_for
from tests.e2e.test_run import dag, job
from tests.kafka.installation import OnKafka, an_installation, client_of
from tests.kafka.test_operating import UNTIL, has_ended

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

FAILING = dag(
    job("a", "exit 3", ", termination: {maxRetries: 1, backoff: {delay: 0}}"),
    job("b", "true", ", dependencies: [a], hooks: [{hubRef: say}, {hubRef: say, trigger: failed}]"),
    job("c", "true", ", conditions: 1 > 2"),
    job("d", "true"),
)


@pytest.fixture(scope="module")
def polyflow(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnKafka]:
    with an_installation(tmp_path_factory.mktemp("installation"), kafka) as installed:
        yield installed


@pytest.fixture(scope="module")
def user(polyflow: OnKafka) -> CommandLine:
    """A user on whose machine nothing is known of any run."""
    return polyflow.elsewhere()


def explained(user: CommandLine, *words: str) -> Sequence[str]:
    done = user("explain", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_why_a_run_has_ended_is_told_as_on_this_machine(polyflow: OnKafka, user: CommandLine) -> None:
    component = polyflow.folder / "hub" / "say"
    component.mkdir(parents=True)
    (component / "latest.yaml").write_text("run: {kind: job, container: {command: ['true']}}\n")
    view = user.json("run", polyflow.file(FAILING), "--hub", component.parent)
    run, (hook,) = view["id"], view["hooks"]
    polyflow.shown(hook["run"], has_ended)
    assert explained(user, run) == [
        "the run failed: OperationsFailed: 1 of 4 operations failed",
        "a failed: Error: exit code 3",
        "b upstream_failed: TriggerNotMet: trigger all_succeeded cannot be met: upstream 'a' failed",
        "c skipped: ConditionFalse: condition `{{ 1 > 2 }}` is false",
        f"hook say #1 of b is run {hook['run']}, succeeded",
        "hook say #2 (failed) of b was not asked for: TriggerNotMet: it is for `failed`",
    ]
    of_b = explained(user, run, "b")
    assert of_b[-3:] == [
        "  upstream a: failed  Error: exit code 3",
        f"hook say #1 is run {hook['run']}, succeeded",
        "hook say #2 (failed) was not asked for: TriggerNotMet: it is for `failed`",
    ]
    assert "retry 1 of 1" in "\n".join(explained(user, run, "a"))
    for operation in ("", "a", "b"):
        assert explained(user, run, operation) == explained(polyflow, run, operation)
    missing = user("explain", run, "bb")
    assert (missing.returncode, "did you mean `b`?" in missing.stderr) == (2, True)
    with client_of(user) as client:
        told = client.explain(run, "b")
        assert (told.goes_on, told.whole, [one.name for one in told.decisive]) == (False, True, ["a"])
        assert [(hook.run, hook.status) for hook in told.hooks] == [
            (hook["run"], "succeeded"),
            (None, "skipped"),
        ]
        with pytest.raises(UnknownOperationError, match="did you mean `b`"):
            client.explain(run, "bb")


def test_what_goes_on_is_asked_of_the_planner_and_told_with_its_statuses(
    polyflow: OnKafka, user: CommandLine
) -> None:
    text = dag(job("a", "true"), job("b", UNTIL.format("done"), ", dependencies: [a]"))
    going = user.begin("run", polyflow.file(text))
    wait_for(going, "b running")
    run = polyflow.newest()
    of_run, of_a, of_b = (explained(user, run, operation) for operation in ("", "a", "b"))
    with client_of(user) as client:
        told = client.explain(run, "b")
    (polyflow.folder / "done").touch()
    rest_of(going)
    assert of_run[0] == "the run is running: 1 of 2 operations have not ended"
    assert (told.goes_on, told.said[0]) == (True, "b is running")
    assert of_a[0] == "a succeeded"
    assert of_b[0] == "b is running"
    assert of_b[1].startswith("the cluster 'local' was last heard of it ")
    assert (of_b[-2].split()[-1], of_b[-1]) == ("running", "  upstream a: succeeded")


def test_a_run_that_nobody_knows_is_told_as_such(user: CommandLine) -> None:
    done = user("explain", "11111111")
    assert done.returncode == 2
    assert "there are no events of a run '11111111' (any more, or yet); give its whole id" in done.stderr


def test_a_refused_run_is_told_with_its_problems(polyflow: OnKafka, user: CommandLine) -> None:
    user("run", polyflow.file("name: refused\nrun: {kind: jobb}\n"))
    run = polyflow.newest()
    told = explained(user, run)
    assert told[0].startswith("the run rejected: RequestRejected: ")
    assert any("pipeline.yaml:2:" in line for line in told)
