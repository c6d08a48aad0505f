"""Results of equal operations are used again: each test is named after a row of the list of features."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import CommandLine, rest_of, wait_for
from tests.e2e.test_run import dag, job

COUNT = """echo . >> executed; echo '{"loss": 0.25}' > $POLYFLOW_OUTPUTS"""
OUT = ", outputs: [{name: loss, type: float}]"
IN = ", inputs: [{name: lr, type: float}, {name: note, type: str}]"


def cached(script: str = COUNT, cache: str = "{}", more: str = "") -> str:
    return dag(
        job("train", script, f"{OUT}{more}, cache: {cache}"),
        job(
            "use", "test $LOSS = 0.25", ", params: {loss: {ref: ops.train, value: outputs.loss, toEnv: LOSS}}"
        ),
    )


def run(polyflow: CommandLine, text: str, *words: str) -> dict[str, Any]:
    """Run a pipeline and return what became of its operation `train`."""
    view = polyflow.json("run", polyflow.file(text), *words)
    assert view["status"] == "succeeded", view
    return view["operations"]["train"] | {"run": view["id"]}


def executed(polyflow: CommandLine) -> int:
    return len((polyflow.folder / "executed").read_text().split())


def test_106_cache(polyflow: CommandLine) -> None:
    first, second = (run(polyflow, cached()) for _ in range(2))
    assert (first["reason"], second["reason"]) == ("", "CacheHit")
    assert second["message"] == f"the cached results of operation 'train' of run {first['run']} are used"
    assert second["outputs"] == {"loss": 0.25}
    assert [change["status"] for change in second["statuses"]] == ["succeeded"]
    assert executed(polyflow) == 1


def test_106_cache_of_a_dag_is_that_of_its_operations(polyflow: CommandLine) -> None:
    text = dag(job("train", COUNT, OUT)) + "cache: {}\n"
    assert [run(polyflow, text)["reason"] for _ in range(2)] == ["", "CacheHit"]


def test_106_without_a_word_about_it_nothing_is_cached(polyflow: CommandLine) -> None:
    assert [run(polyflow, dag(job("train", COUNT, OUT)))["reason"] for _ in range(2)] == ["", ""]
    assert executed(polyflow) == 2


DIFFERENT = {
    "another command": (cached(), cached(f"{COUNT} ")),
    "another variable": (cached(), cached().replace("command:", "env: [{name: A, value: b}], command:", 1)),
    "another image": (cached(), cached().replace("command:", "image: other, command:", 1)),
    "an init container": (
        cached(),
        cached().replace("{kind: job,", "{kind: job, init: [{container: {command: ['true']}}],", 1),
    ),
    "another value": tuple(
        cached(more=f", params: {{lr: {{value: {lr}}}, note: {{value: a}}}}{IN}") for lr in (0.1, 0.2)
    ),
    "a template with the run's id": (cached("echo {{ globals.uuid }}; " + COUNT),) * 2,
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_106_what_differs_is_executed(polyflow: CommandLine, case: str) -> None:
    assert [run(polyflow, text)["reason"] for text in DIFFERENT[case]] == ["", ""]


def test_106_another_project_has_results_of_its_own(polyflow: CommandLine) -> None:
    assert [run(polyflow, cached(), "--project", name)["reason"] for name in "ab"] == ["", ""]


def test_107_cache_controls_disable(polyflow: CommandLine) -> None:
    text = cached(cache="{disable: true}") + "cache: {}\n"
    assert [run(polyflow, text)["reason"] for _ in range(2)] == ["", ""]


def test_107_cache_controls_disable_false_is_for_single_operations(polyflow: CommandLine) -> None:
    command = json.dumps(["sh", "-c", COUNT])
    text = f"name: train\nrun: {{kind: job, container: {{command: {command}}}}}\ncache: "
    assert [run(polyflow, text + "{}")["reason"] for _ in range(2)] == ["", ""]
    assert [run(polyflow, text + "{disable: false}")["reason"] for _ in range(2)] == ["", "CacheHit"]


def test_107_cache_controls_ttl(polyflow: CommandLine) -> None:
    assert run(polyflow, cached(cache="{ttl: 3600}"))["reason"] == ""
    assert run(polyflow, cached(cache="{ttl: 3600}"))["reason"] == "CacheHit"
    polyflow("run", polyflow.file(dag(job("meanwhile", "sleep 1.5"))))
    assert run(polyflow, cached(cache="{ttl: 1}"))["reason"] == ""


def test_107_cache_controls_io(polyflow: CommandLine) -> None:
    def text(lr: float, note: str) -> str:
        params = f", params: {{lr: {{value: {lr}}}, note: {{value: {note}}}}}{IN}"
        return cached(cache="{io: [lr]}", more=params)

    assert run(polyflow, text(0.1, "a"))["reason"] == ""
    assert run(polyflow, text(0.1, "b"))["reason"] == "CacheHit"
    assert run(polyflow, text(0.2, "b"))["reason"] == ""


def test_107_a_name_that_is_none_in_io_is_refused(polyflow: CommandLine) -> None:
    text = polyflow.file(cached(cache="{io: [lrr]}", more=", inputs: [{name: lr, type: float, value: 1}]"))
    done = polyflow("check", text)
    assert done.returncode != 0
    assert "`lrr` in `cache.io` is neither an input nor an output" in done.stdout + done.stderr
    assert "lr`" in done.stdout + done.stderr


def test_106_times_of_what_was_not_executed_can_be_read(polyflow: CommandLine) -> None:
    reads = ", params: {took: {ref: ops.a, value: globals.duration, contextOnly: true}}"
    text = dag(job("a", "true", ", cache: {}"), job("b", "true", reads))
    for _ in range(2):
        assert polyflow.json("run", polyflow.file(text))["status"] == "succeeded"


TIMES = ("started_at", "finished_at", "duration")


def test_106_times_of_what_was_not_executed_are_those_of_its_execution(polyflow: CommandLine) -> None:
    reads = ", ".join(f"{it}: {{ref: ops.a, value: globals.{it}, contextOnly: true}}" for it in TIMES)
    text = dag(
        job("a", "sleep 0.3", ", cache: {}"),
        job("b", "true", f", cache: {{}}, params: {{{reads}}}"),
        job("c", "test -e ok", f", dependencies: [b], params: {{{reads}}}"),
    )
    views = [polyflow.json("run", polyflow.file(text)) for _ in range(2)]
    for words in (["resume"], ["resume"], ["rerun", "--from", "c"]):
        polyflow(words[0], "latest", *words[1:], "--quiet")
        views.append(polyflow.json("show", "latest"))
    read = [view["operations"]["c"]["params"] for view in views]
    # It counts from when the process was heard to run, which may be late.
    assert (read[1:], read[0]["duration"] > 0) == ([read[0]] * 4, True)
    ends = [[view["operations"][name]["reason"] for name in "ab"] for view in views]
    assert ends == [["", ""], ["CacheHit"] * 2, *[["Kept"] * 2] * 3]


def test_107_cache_controls_sections(polyflow: CommandLine) -> None:
    assert run(polyflow, cached(cache="{sections: [init]}"))["reason"] == ""
    assert run(polyflow, cached("false", cache="{sections: [init]}"))["reason"] == "CacheHit"


def test_107_cache_controls_invalidate(polyflow: CommandLine) -> None:
    first = run(polyflow, cached())
    assert polyflow("invalidate", "latest", "use").returncode == 2
    missing = polyflow("invalidate", "latest", "trian")
    assert (missing.returncode, "no operation 'trian'; did you mean `train`?" in missing.stderr) == (2, True)
    done = polyflow("invalidate", "latest", "train")
    assert done.stdout == "1 cached result is not used any more\n", done.stderr
    again = polyflow("invalidate", "latest", "train")
    assert again.stdout == "1 cached result was not used before either\n"
    assert run(polyflow, cached())["reason"] == ""
    assert polyflow("invalidate", "--project", "default").returncode == 0
    assert run(polyflow, cached())["reason"] == ""
    assert polyflow("invalidate", first["run"]).returncode == 0


def test_106_a_restart_uses_what_is_cached(polyflow: CommandLine) -> None:
    first = run(polyflow, cached())
    polyflow("restart", first["run"], "--quiet")
    again = polyflow.json("show", "latest")
    assert (again["id"] != first["run"], again["operations"]["train"]["reason"]) == (True, "CacheHit")
    told = " ".join(polyflow("restart", "--help").stdout.split())
    assert "everything runs, but for what its cache has" in told


def test_106_what_a_rerun_executes_takes_the_place_of_the_result(polyflow: CommandLine) -> None:
    text = cached(f"{COUNT}; [ ! -e other ] || echo '{{\"loss\": 0.5}}' > $POLYFLOW_OUTPUTS").replace(
        "= 0.25", ""
    )
    first = run(polyflow, text)
    polyflow.file("", "other")
    polyflow("rerun", first["run"], "--from", "train", "--quiet")
    rerun = polyflow.json("show", "latest")
    again = rerun["operations"]["train"]
    assert (again["reason"], again["outputs"], executed(polyflow)) == ("", {"loss": 0.5}, 2)
    hit = run(polyflow, text)
    assert (hit["reason"], hit["outputs"]) == ("CacheHit", {"loss": 0.5})
    done = polyflow("invalidate", rerun["id"], "train")
    assert done.stdout == "1 cached result is not used any more\n", done.stderr


def test_107_a_failure_is_not_kept(polyflow: CommandLine) -> None:
    for _ in range(2):
        view = polyflow.json("run", polyflow.file(cached("echo . >> executed; exit 1")))
        assert view["status"] == "failed"
    assert executed(polyflow) == 2


def waits(path: Path, script: str = COUNT) -> str:
    return cached(f"until [ -e {path.name} ]; do sleep 0.05; done; {script}")


def two(polyflow: CommandLine, text: str) -> tuple[Any, Any]:
    """Begin two equal runs: the first is being executed, the second has been told that it waits."""
    file = polyflow.file(text)
    first = polyflow.begin("run", file)
    wait_for(first, "train running")
    second = polyflow.begin("run", file)
    wait_for(second, "is equal")
    return first, second


def test_108_waiting_on_in_progress_cache(polyflow: CommandLine) -> None:
    first, second = two(polyflow, waits(go := polyflow.folder / "go"))
    waiting = polyflow.json("show", "latest")["operations"]["train"]
    assert (waiting["status"], waiting["pending"], waiting["reason"]) == ("created", "cache", "CacheAwaited")
    go.touch()
    assert (rest_of(first), rest_of(second)) != ("", "")
    assert (first.returncode, second.returncode, executed(polyflow)) == (0, 0, 1)
    assert polyflow.json("show", "latest")["operations"]["train"]["reason"] == "CacheHit"


def test_108_after_a_failure_the_one_that_waits_is_executed(polyflow: CommandLine) -> None:
    fails_once = "[ -e once ] || { touch once; exit 1; }; " + COUNT
    first, second = two(polyflow, waits(go := polyflow.folder / "go", fails_once))
    go.touch()
    rest_of(first), rest_of(second)
    assert (first.returncode, second.returncode, executed(polyflow)) == (1, 0, 1)


def test_108_a_run_whose_process_is_gone_keeps_nobody_waiting(polyflow: CommandLine) -> None:
    first, second = two(polyflow, waits(go := polyflow.folder / "go"))
    first.kill()
    rest_of(first)
    go.touch()
    rest_of(second)
    assert second.returncode == 0
    assert polyflow.json("show", "latest")["operations"]["train"]["reason"] == ""


def test_108_equal_operations_of_one_run_are_executed_once(polyflow: CommandLine) -> None:
    text = dag(job("a", COUNT, OUT), job("b", COUNT, OUT)) + "cache: {}\n"
    view = polyflow.json("run", polyflow.file(text))
    assert sorted(one["reason"] for one in view["operations"].values()) == ["", "CacheHit"]
    assert executed(polyflow) == 1
