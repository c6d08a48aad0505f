"""Matrices, as a user types them: each test is named after a row of the list of features."""

import json
import math
from itertools import pairwise
from typing import Any

import pytest

from tests.e2e.command import CommandLine
from tests.e2e.test_run import dag, job

INPUTS = "inputs: [{name: x, type: any}]\n"
TRAIN = f"name: train\n{INPUTS}run: {{kind: job, container: {{command: [sh, -c, 'true']}}}}\n"


def search(script: str, matrix: str, more: str = "") -> str:
    """Return a file that runs a script for each value of `x`."""
    command = json.dumps(["sh", "-c", script])
    return f"name: train\n{INPUTS}run: {{kind: job, container: {{command: {command}}}}}\nmatrix: {matrix}\n{more}"


def trials(view: dict[str, Any], name: str = "train") -> list[Any]:
    """Return the values of `x` of the trials of a matrix, in order."""
    operations = view["operations"]
    return [operations[f"{name}.{number}"]["params"]["x"] for number in range(count(view, name))]


def count(view: dict[str, Any], name: str = "train") -> int:
    return sum(one.startswith(f"{name}.") and one.count(".") == 1 for one in view["operations"])


def statuses(view: dict[str, Any]) -> dict[str, str]:
    return {name: operation["status"] for name, operation in view["operations"].items()}


def spans(view: dict[str, Any]) -> list[tuple[str, str]]:
    """Return when each trial began and ended, in order."""
    found = view["operations"].items()
    return [(one["started_at"], one["finished_at"]) for name, one in found if name.count(".") == 1]


def most_at_once(view: dict[str, Any]) -> int:
    moments = spans(view)
    return max(sum(begin <= start < end for begin, end in moments) for start, _ in moments)


def values_of(polyflow: CommandLine, param: str, *, seed: int | None = None, runs: int = 20) -> list[Any]:
    """Return what a kind of param makes: all of it in a grid, or so many samples."""
    kind = "grid" if seed is None else f"random, numRuns: {runs}, seed: {seed}, concurrency: 4"
    text = search("true", f"{{kind: {kind}, params: {{x: {param}}}}}")
    return trials(polyflow.json("run", polyflow.file(text)))


def test_row_52_a_mapping_within_a_dag(polyflow: CommandLine) -> None:
    text = dag(
        job("first", "true"),
        job(
            "train", "echo {{ x }}",
            ", dependencies: [first], inputs: [{name: x, type: int}]"
            ", matrix: {kind: mapping, values: [{x: 1}, {x: 2}, {x: 3}]}",
        ),
        job("last", "true", ", dependencies: [train]"),
    )  # fmt: skip
    view = polyflow.json("run", polyflow.file(text))
    assert trials(view) == [1, 2, 3]
    assert statuses(view) == dict.fromkeys(
        ("first", "train", "train.0", "train.1", "train.2", "last"), "succeeded"
    )
    assert view["operations"]["last"]["started_at"] >= max(end for _, end in spans(view))
    assert "1\n" in polyflow("logs", "latest", "train.0").stdout


def test_row_52_a_matrix_of_dags(polyflow: CommandLine) -> None:
    text = (
        dag(
            job("fit", "echo '{\"y\": {{ x }}}' > $POLYFLOW_OUTPUTS",
                ", inputs: [{name: x, type: int}], outputs: [{name: y, type: int}]"
                ", params: {x: {ref: dag, value: inputs.x}}"),
            job("score", "true",
                ", inputs: [{name: y, type: int}], params: {y: {ref: ops.fit, value: outputs.y}}"),
        )
        + "inputs: [{name: x, type: int}]\nmatrix: {kind: mapping, values: [{x: 5}, {x: 6}, {x: 7}]}\n"
    )  # fmt: skip
    view = polyflow.json("run", polyflow.file(text))
    assert trials(view, "test") == [5, 6, 7]
    assert [view["operations"][f"test.{n}.score"]["params"]["y"] for n in range(3)] == [5, 6, 7]
    assert set(statuses(view).values()) == {"succeeded"}
    shown = polyflow("plan", polyflow.file(text)).stdout
    assert "test (dag, mapping: 3 trials)\n│  0: x=5\n│  1: x=6\n│  2: x=7\n├─ fit (job)\n" in shown


def test_row_52_a_matrix_in_a_matrix(polyflow: CommandLine) -> None:
    inner = job(
        "fit", "true",
        ", inputs: [{name: x, type: int}, {name: lr, type: float}], params: {x: {ref: dag, value: inputs.x}}"
        ", matrix: {kind: grid, params: {lr: {kind: choice, value: [0.1, 0.2]}}}",
    )  # fmt: skip
    text = dag(inner) + "inputs: [{name: x, type: int}]\nmatrix: {kind: mapping, values: [{x: 1}, {x: 2}]}\n"
    view = polyflow.json("run", polyflow.file(text))
    found = {name: one["params"] for name, one in view["operations"].items() if name.count(".") == 3}
    assert found == {
        f"test.{n}.fit.{m}": {"x": x, "lr": lr}
        for n, x in enumerate((1, 2))
        for m, lr in enumerate((0.1, 0.2))
    }


def test_row_53_labels_and_volumes_of_a_dag_reach_its_operations(polyflow: CommandLine) -> None:
    text = dag(
        job("a", "echo $TEAM {{ x }} > $POLYFLOW_VOLUME_SHARED/a",
            ", inputs: [{name: x, type: int}], matrix: {kind: mapping, values: [{x: 1}]}"
            ", env: {TEAM: none}, runPatch: {container: {env: [{name: TEAM, valueFrom: "
            "{fieldRef: {fieldPath: \"metadata.labels['team']\"}}}]}}"),
        job("b", "cat $POLYFLOW_VOLUME_SHARED/a", ", dependencies: [a]"),
        more=(
            "\n  environment: {labels: {team: vision}}"
            f"\n  volumes: [{{name: shared, hostPath: {{path: {polyflow.folder}}}}}]"
        ),
    )  # fmt: skip
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 0, done.stdout + done.stderr
    assert polyflow("logs", "latest", "b").stdout.strip().endswith("vision 1")


def test_row_54_termination_of_a_dag_holds_for_what_is_in_it(polyflow: CommandLine) -> None:
    text = (
        dag(
            job("own", "exit 1", ", termination: {maxRetries: 0}"),
            job("handed", "exit 1"),
            job("search", "exit 1",
                ", inputs: [{name: x, type: int}], matrix: {kind: mapping, values: [{x: 1}]}"),
        )
        + "termination: {maxRetries: 1, backoff: {kind: fixed, delay: 0}}\n"
    )  # fmt: skip
    operations = polyflow.json("run", polyflow.file(text))["operations"]
    attempts = {name: operations[name]["attempts"] for name in ("own", "handed", "search.0")}
    assert attempts == {"own": 1, "handed": 2, "search.0": 2}


def test_row_76_a_backfill_goes_day_by_day(polyflow: CommandLine) -> None:
    text = search(
        "true",
        "{kind: grid, concurrency: 1, params: {x: {kind: daterange, value: ['2024-02-27', '2024-03-02', 1]}}}",
    )
    view = polyflow.json("run", polyflow.file(text))
    assert trials(view) == ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01"]
    moments = spans(view)
    assert all(end <= start for (_, end), (start, _) in pairwise(moments))


def test_row_77_mapping(polyflow: CommandLine) -> None:
    text = search("true", "{kind: mapping, values: [{x: b}, {x: a}, {x: c}]}")
    view = polyflow.json("run", polyflow.file(text))
    assert trials(view) == ["b", "a", "c"]
    assert view["status"] == "succeeded"


def test_row_77_an_empty_mapping_ends_at_once(polyflow: CommandLine) -> None:
    view = polyflow.json("run", polyflow.file(search("true", "{kind: mapping, values: []}")))
    assert (view["status"], statuses(view)) == ("succeeded", {"train": "succeeded"})


@pytest.mark.parametrize(("runs", "wanted"), [("", 6), (", numRuns: 4", 4)])
def test_row_78_grid(polyflow: CommandLine, runs: str, wanted: int) -> None:
    matrix = (
        f"{{kind: grid{runs}, params: {{x: {{kind: choice, value: [1, 2]}}, "
        "y: {kind: choice, value: [a, b, c]}}}"
    )
    view = polyflow.json("run", polyflow.file(search("echo {{ y }}", matrix)))
    every = [(x, y) for x in (1, 2) for y in "abc"]
    operations = view["operations"]
    found = [tuple(operations[f"train.{n}"]["params"].values()) for n in range(count(view))]
    assert found == every[:wanted]


def test_row_79_random(polyflow: CommandLine) -> None:
    uniform = "{kind: uniform, value: [0, 1]}"
    first = values_of(polyflow, uniform, seed=7, runs=5)
    assert len(set(first)) == 5
    assert values_of(polyflow, uniform, seed=7, runs=5) == first
    assert values_of(polyflow, uniform, seed=8, runs=5) != first
    assert sorted(values_of(polyflow, "{kind: choice, value: [1, 2, 3]}", seed=1, runs=9)) == [1, 2, 3]


def test_row_79_the_seed_of_a_random_search_is_told(polyflow: CommandLine) -> None:
    matrix = "{kind: random, numRuns: 3, params: {x: {kind: uniform, value: [0, 1]}}}"
    view = polyflow.json("run", polyflow.file(search("true", matrix)))
    message = view["operations"]["train"]["statuses"][0]["message"]
    assert message.startswith("3 trials of a matrix of kind random, drawn with seed ")
    seeded = matrix.replace("numRuns: 3", f"numRuns: 3, seed: {message.rpartition(' ')[2]}")
    assert trials(polyflow.json("run", polyflow.file(search("true", seeded)))) == trials(view)


DISCRETE = {
    "choice": ("[0, false, a]", [0, False, "a"]),
    "range": ("[0, 10, 3]", [0, 3, 6, 9]),
    "linspace": ("'0:1:5'", [0, 0.25, 0.5, 0.75, 1]),
    "logspace": ("[0, 3, 4]", [1, 10, 100, 1000]),
    "geomspace": ("{start: 1, stop: 1000, num: 4}", [1, 10, 100, 1000]),
    "daterange": ("['2024-01-01', '2024-01-04', 1]", ["2024-01-01", "2024-01-02", "2024-01-03"]),
    "datetimerange": (
        "['2024-01-01T00:00:00', '2024-01-01T00:01:00', 30]",
        ["2024-01-01T00:00:00", "2024-01-01T00:00:30"],
    ),
}


@pytest.mark.parametrize("kind", DISCRETE)
def test_row_84_discrete_generators(polyflow: CommandLine, kind: str) -> None:
    value, wanted = DISCRETE[kind]
    found = values_of(polyflow, f"{{kind: {kind}, value: {value}}}")
    assert found == (pytest.approx(wanted) if isinstance(wanted[-1], int | float) else wanted)


DISTRIBUTIONS = {
    "uniform": ("[2, 3]", lambda x: 2 <= x <= 3),
    "quniform": ("[0, 10, 3]", lambda x: x in (0, 3, 6, 9)),
    "loguniform": ("[0, 1]", lambda x: 1 <= x <= math.e),
    "qloguniform": ("[0, 3, 2]", lambda x: 0 <= x <= 20 and x % 2 == 0),
    "normal": ("[100, 1]", lambda x: 80 < x < 120),
    "qnormal": ("[100, 1, 5]", lambda x: x in (95, 100, 105)),
    "lognormal": ("[0, 0.1]", lambda x: 0.1 < x < 10),
    "qlognormal": ("[2, 0.1, 2]", lambda x: x % 2 == 0),
}


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
def test_row_85_distributions(polyflow: CommandLine, kind: str) -> None:
    value, fits = DISTRIBUTIONS[kind]
    found = values_of(polyflow, f"{{kind: {kind}, value: {value}}}", seed=3, runs=6)
    assert found
    assert len(set(found)) == len(found)
    assert all(map(fits, found)), found


def test_row_86_weighted_choice(polyflow: CommandLine) -> None:
    found = values_of(polyflow, "{kind: pchoice, value: [[a, 0.9], [b, 0.1], [c, 0]]}", seed=1, runs=2)
    assert sorted(found) == ["a", "b"]
    text = search(
        "true", "{kind: random, numRuns: 1, params: {x: {kind: pchoice, value: [[a, 0.9], [b, 0.2]]}}}"
    )
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 2
    assert "the probabilities add up to more than 1" in done.stderr


def test_row_87_a_matrix_from_the_command_line(polyflow: CommandLine) -> None:
    file = polyflow.file(TRAIN)
    options = ("-HP", "x=linspace:0.1:1:3", "--matrix-concurrency", "1")
    view = polyflow.json("run", file, *options)
    assert trials(view) == pytest.approx([0.1, 0.55, 1])
    assert most_at_once(view) == 1
    drawn = polyflow.json(
        "run", file, "-HP", "x=choice:[1, 2]", "--matrix-kind", "random", "--matrix-num-runs", 2
    )
    assert sorted(trials(drawn)) == [1, 2]
    assert "train (job, grid: 3 trials, 1 at once)" in polyflow("plan", file, *options).stdout


@pytest.mark.parametrize("limit", [1, 2])
def test_row_88_matrix_concurrency(polyflow: CommandLine, limit: int) -> None:
    matrix = f"{{kind: grid, concurrency: {limit}, params: {{x: {{kind: range, value: [0, 5, 1]}}}}}}"
    view = polyflow.json("run", polyflow.file(search("sleep 0.1", matrix)))
    assert view["status"] == "succeeded"
    assert most_at_once(view) == limit


def test_row_88_concurrency_of_a_matrix_of_dags(polyflow: CommandLine) -> None:
    text = (
        dag(job("a", "sleep 0.1"), job("b", "true", ", dependencies: [a]"))
        + "inputs: [{name: x, type: int}]\n"
        + "matrix: {kind: mapping, concurrency: 1, values: [{x: 1}, {x: 2}, {x: 3}]}\n"
    )
    view = polyflow.json("run", polyflow.file(text))
    assert view["status"] == "succeeded"
    moments = spans(view)
    assert all(end <= start for (_, end), (start, _) in pairwise(moments))


def test_row_89_types_of_generators(polyflow: CommandLine) -> None:
    text = search("true", "{kind: grid, params: {x: {kind: range, value: [0, 9, 3]}}}")
    done = polyflow("run", polyflow.file(text.replace("type: any", "type: str")))
    assert done.returncode == 2
    assert "input `x` is `str`, and `range` makes numbers" in done.stderr


def test_row_90_failure_early_stopping(polyflow: CommandLine) -> None:
    matrix = (
        "{kind: mapping, concurrency: 1, values: [{x: 1}, {x: 2}, {x: 3}, {x: 4}], "
        "earlyStopping: [{kind: failure_early_stopping, percent: 50}]}"
    )
    view = polyflow.json("run", polyflow.file(search("exit 1", matrix)))
    assert statuses(view) == {
        "train": "failed", "train.0": "failed", "train.1": "failed", "train.2": "stopped", "train.3": "stopped",
    }  # fmt: skip
    assert (view["operations"]["train"]["reason"], view["status"]) == ("FailureEarlyStopping", "failed")


def test_row_90_of_a_matrix_of_dags_the_trials_count(polyflow: CommandLine) -> None:
    failing = job(
        "b", "exit {{ x }}", ", inputs: [{name: x, type: int}], params: {x: {ref: dag, value: inputs.x}}"
    )
    text = (
        dag(job("a", "true"), failing)
        + "inputs: [{name: x, type: int}]\nmatrix: {kind: mapping, concurrency: 1, "
        + "values: [{x: 0}, {x: 1}, {x: 1}, {x: 0}], "
        + "earlyStopping: [{kind: failure_early_stopping, percent: 50}]}\n"
    )
    view = polyflow.json("run", polyflow.file(text))
    found = [view["operations"][f"test.{n}"]["status"] for n in range(4)]
    assert found == ["succeeded", "failed", "failed", "stopped"]
    assert view["operations"]["test"]["message"] == "2 of 4 trials failed; the limit is 50 %"


def test_row_91_metric_early_stopping(polyflow: CommandLine) -> None:
    matrix = (
        "{kind: mapping, values: [{x: 0.5}, {x: 0.05}, {x: 0.7}], earlyStopping: "
        "[{kind: metric_early_stopping, metric: loss, value: 0.1, optimization: minimize}]}"
    )
    script = "python3 -c 'from polyflow import tracking; tracking.log_metrics(loss={{ x }})'; sleep 20"
    view = polyflow.json("run", polyflow.file(search(script, matrix)))
    assert set(statuses(view).values()) == {"succeeded", "stopped"}
    assert view["status"] == statuses(view)["train"] == "succeeded"
    assert view["operations"]["train.0"]["reason"] == "MetricEarlyStopping"


def test_row_91_an_output_counts_as_a_metric_of_its_name(polyflow: CommandLine) -> None:
    matrix = (
        "{kind: mapping, concurrency: 1, values: [{x: 0.5}, {x: 0.05}, {x: 0.7}], earlyStopping: "
        "[{kind: metric_early_stopping, metric: loss, value: 0.1, optimization: minimize}]}"
    )
    script = "[ {{ x }} = 0.7 ] && sleep 20; echo '{\"loss\": {{ x }}}' > $POLYFLOW_OUTPUTS"
    view = polyflow.json("run", polyflow.file(search(script, matrix)))
    assert statuses(view) == {
        "train": "succeeded", "train.0": "succeeded", "train.1": "succeeded", "train.2": "stopped",
    }  # fmt: skip
    assert view["operations"]["train"]["message"] == "loss of train.1 is 0.05: at most 0.1 was wanted"


def test_a_plan_shows_the_first_trials_and_how_many_there_are(polyflow: CommandLine) -> None:
    matrix = "{kind: grid, params: {x: {kind: range, value: [0, 1000, 1]}, y: {kind: choice, value: [a, b]}}}"
    shown = polyflow("plan", polyflow.file(search("true", matrix))).stdout
    assert "train (job, grid: 2000 trials)\n      0: x=0.0, y=a\n      1: x=0.0, y=b\n" in shown
    assert "… and 1997 more" in shown
    assert len(shown.splitlines()) < 15


POLICIES = {
    "median": "{kind: median}",
    "truncation": "{kind: truncation, percent: 40, evaluationInterval: 1}",
    "diff": "{kind: diff, percent: 50, evaluationInterval: 1}",
}


@pytest.mark.parametrize("kind", POLICIES)
def test_row_91_a_policy_stops_single_trials(polyflow: CommandLine, kind: str) -> None:
    policy = (
        "{kind: metric_early_stopping, metric: loss, value: 0, optimization: minimize, "
        f"policy: {POLICIES[kind]}}}"
    )
    matrix = f"{{kind: mapping, concurrency: 1, values: [{{x: 1}}, {{x: 1}}, {{x: 9}}], earlyStopping: [{policy}]}}"
    # The last trial would go on until it is stopped.
    script = (
        "python3 -c 'from polyflow import tracking; tracking.log_metrics(loss={{ x }})'; "
        "[ {{ x }} = 1 ] || sleep 20"
    )
    view = polyflow.json("run", polyflow.file(search(script, matrix)))
    assert statuses(view) == {
        "train": "succeeded", "train.0": "succeeded", "train.1": "succeeded", "train.2": "stopped",
    }  # fmt: skip
    stopping = next(one for one in view["operations"]["train.2"]["statuses"] if one["status"] == "stopping")
    assert stopping["reason"] == "MetricEarlyStopping"
    assert stopping["message"].startswith("loss of train.2: its best value after 1 is 9")


def test_a_matrix_with_a_failed_trial_has_failed(polyflow: CommandLine) -> None:
    text = search("exit {{ x }}", "{kind: mapping, values: [{x: 0}, {x: 1}]}")
    view = polyflow.json("run", polyflow.file(text))
    assert statuses(view) == {"train": "failed", "train.0": "succeeded", "train.1": "failed"}
    assert view["operations"]["train"]["message"] == "1 of 2 operations failed"


def test_conditions_of_a_matrix_are_evaluated_once(polyflow: CommandLine) -> None:
    more = ", inputs: [{name: x, type: int}], matrix: {kind: mapping, values: [{x: 1}, {x: 2}]}"
    text = dag(job("train", "true", f"{more}, conditions: 'false'"))
    view = polyflow.json("run", polyflow.file(text))
    assert set(statuses(view).values()) == {"skipped"}
    assert view["operations"]["train"]["reason"] == "ConditionFalse"
