"""What `polyflow run` does and says."""

import json

from tests.e2e.command import CommandLine, alive, interrupt, rest_of, wait_for


def dag(*operations: str, more: str = "") -> str:
    listed = "".join(f"\n    - {operation}" for operation in operations)
    return f"name: test\nrun:\n  kind: dag{more}\n  operations:{listed}\n"


def job(name: str, script: str, more: str = "") -> str:
    command = json.dumps(["sh", "-c", script])
    return f"{{name: {name}, run: {{kind: job, container: {{command: {command}}}}}{more}}}"


def test_the_exit_status_tells_how_the_run_ended(polyflow: CommandLine) -> None:
    assert polyflow("run", polyflow.file(dag(job("a", "true")))).returncode == 0
    assert polyflow("run", polyflow.file(dag(job("a", "exit 3")))).returncode == 1
    assert polyflow("run", polyflow.file("run: {kind: jobb}")).returncode == 2
    assert polyflow("run", "missing.yaml").returncode == 2


def test_a_cold_start_does_not_wait_for_what_reads_the_settings_of_services(polyflow: CommandLine) -> None:
    polyflow.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    done = polyflow("run", polyflow.file(dag(job("a", "true"))))
    assert done.returncode == 0, done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "polyflow_services.planner.core" in imported
    assert {"pydantic_settings", "polyflow_shared.hosting.settings"} & imported == set()


def test_a_failure_says_why_with_the_end_of_the_log(polyflow: CommandLine) -> None:
    done = polyflow(
        "run",
        polyflow.file(dag(job("a", "echo no more disk; exit 3"), job("b", "true", ", dependencies: [a]"))),
    )
    assert "a failed: Error" in done.stdout
    assert "exit code 3" in done.stdout
    assert "| no more disk" in done.stdout
    view = polyflow.json("show", "latest")
    assert view["operations"]["b"]["status"] == "upstream_failed"
    assert (view["operations"]["a"]["exit_code"], view["reason"]) == (3, "OperationsFailed")


def test_a_command_that_does_not_exist_is_a_failure_with_its_name(polyflow: CommandLine) -> None:
    spec = "name: a\nrun: {kind: job, container: {command: [no-such-program]}}"
    done = polyflow("run", polyflow.file(spec))
    assert done.returncode == 1
    assert "no-such-program" in done.stdout


def test_a_rejection_lists_all_that_is_wrong_with_line_and_column(polyflow: CommandLine) -> None:
    text = dag(
        "{name: a, dependencies: [b], run: {kind: job, container: {command: [x]}}}",
        "{name: b, dependencies: [aa], run: {kind: job, containr: {command: [x]}}}",
        "{name: b, run: {kind: job, container: {command: [x]}}, termination: {maxRetries: many}}",
    )
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 2
    problems = [line for line in done.stderr.splitlines() if "pipeline.yaml:" in line]
    assert len(problems) >= 3, done.stderr
    assert any("pipeline.yaml:6:" in line and "containr" in line for line in problems), done.stderr
    assert "did you mean" in done.stderr
    assert "^" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_an_unknown_upstream_is_shown_as_a_compiler_would(polyflow: CommandLine) -> None:
    text = dag(
        job("prepare", "true"),
        "{name: b, dependencies: [prepair], run: {kind: job, container: {command: [x]}}}",
    )
    done = polyflow("run", polyflow.file(text))
    where, line, caret, hint, count = done.stderr.splitlines()
    assert "pipeline.yaml:6:" in where
    assert "`prepair`" in where
    assert line == f"    6 | {text.splitlines()[5]}"
    assert line[caret.index("^") :].startswith("prepair")
    assert hint == "  hint: did you mean `prepare`?"
    assert count == "1 problem; nothing was run"
    assert done.stdout == ""


def test_a_cycle_is_shown(polyflow: CommandLine) -> None:
    done = polyflow(
        "run", polyflow.file(dag(job("a", "x", ", dependencies: [b]"), job("b", "x", ", dependencies: [a]")))
    )
    assert done.returncode == 2
    assert "a -> b -> a" in done.stderr or "b -> a -> b" in done.stderr, done.stderr


def test_files_that_are_no_specification_get_one_clear_message(polyflow: CommandLine) -> None:
    for text in ("", "- a\n", "{", "a: [1", "\t- x"):
        done = polyflow("run", polyflow.file(text))
        assert done.returncode == 2, text
        assert "Traceback" not in done.stderr + done.stdout
    path = polyflow.file("")
    path.write_bytes(b"name: a\nrun: \xff\xfe")
    done = polyflow("run", path)
    assert (done.returncode, "pipeline.yaml:2:6: not UTF-8: the byte 0xff" in done.stderr) == (2, True)


def test_json_ends_with_the_object_that_show_prints(polyflow: CommandLine) -> None:
    shown = polyflow.json("run", polyflow.file(dag(job("a", "true"))))
    assert shown == polyflow.json("show", shown["id"])
    assert {"id", "name", "status", "reason", "message", "operations"} <= set(shown)
    keys = {"status", "reason", "message", "started_at", "finished_at", "attempts", "outputs"}
    assert keys <= set(shown["operations"]["a"])
    assert [run["id"] for run in polyflow.json("ls")] == [shown["id"]]
    events = [
        json.loads(line) for line in polyflow("events", "latest", "--format", "json").stdout.splitlines()
    ]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))


def test_retries_are_attempts_with_logs_of_their_own(polyflow: CommandLine) -> None:
    script = "echo attempt $POLYFLOW_ATTEMPT; test $POLYFLOW_ATTEMPT = 2"
    view = polyflow.json("run", polyflow.file(dag(job("a", script, ", termination: {maxRetries: 3}"))))
    assert (view["status"], view["operations"]["a"]["attempts"]) == ("succeeded", 3)
    assert polyflow("logs", "latest", "a").stdout == "attempt 2\n"
    assert polyflow("logs", "latest", "a", "--attempt", "0").stdout == "attempt 0\n"


def test_102_timeout_is_a_failure_with_its_reason(polyflow: CommandLine) -> None:
    view = polyflow.json("run", polyflow.file(dag(job("a", "sleep 60", ", termination: {timeout: 1}"))))
    assert (view["status"], view["operations"]["a"]["reason"]) == ("failed", "DeadlineExceeded")


def test_falsy_outputs_are_values(polyflow: CommandLine) -> None:
    write = """echo '{"n": 0, "b": false, "s": ""}' > $POLYFLOW_OUTPUTS"""
    outputs = ", outputs: [{name: n, type: int}, {name: b, type: bool}, {name: s, type: str}]"
    reads = (
        ", inputs: [{name: n, type: int}, {name: b, type: bool}, {name: s, type: str}]"
        ", params: {n: {ref: ops.a, value: outputs.n}, b: {ref: ops.a, value: outputs.b},"
        " s: {ref: ops.a, value: outputs.s}}"
    )
    view = polyflow.json("run", polyflow.file(dag(job("a", write, outputs), job("b", "true", reads))))
    assert view["operations"]["b"]["params"] == {"n": 0, "b": False, "s": ""}


def test_too_many_failures_stop_the_rest_and_fail_the_run(polyflow: CommandLine) -> None:
    more = "\n  earlyStopping: [{kind: failure_early_stopping, percent: 50}]"
    text = dag(job("a", "exit 1"), job("b", "sleep 60"), more=more)
    view = polyflow.json("run", polyflow.file(text))
    assert (view["status"], view["reason"]) == ("failed", "FailureEarlyStopping")
    assert view["operations"]["b"]["status"] == "stopped"


def test_no_more_operations_run_at_once_than_the_limit(polyflow: CommandLine) -> None:
    script = "mkdir -p at && touch at/$POLYFLOW_OPERATION && ls at | wc -l >> counts; sleep 0.1; rm at/$POLYFLOW_OPERATION"
    text = dag(*(job(f"a{n}", script) for n in range(8)), more="\n  concurrency: 2")
    assert polyflow("run", polyflow.file(text)).returncode == 0
    counts = [int(line) for line in (polyflow.folder / "counts").read_text().split()]
    assert len(counts) == 8
    assert max(counts) == 2


def test_ctrl_c_stops_the_run_and_its_processes(polyflow: CommandLine) -> None:
    running = polyflow.begin(
        "run",
        polyflow.file(
            dag(job("a", "echo $$$$ > pid; exec sleep 60"), job("b", "true", ", dependencies: [a]"))
        ),
    )
    wait_for(running, " a running")
    interrupt(running)
    said = rest_of(running)
    assert running.returncode == 130, said
    assert "stopping" in said
    view = polyflow.json("show", "latest")
    assert view["status"] == "stopped"
    assert {one["status"] for one in view["operations"].values()} == {"stopped"}
    assert not alive(int((polyflow.folder / "pid").read_text()))


def test_ctrl_c_stops_a_run_that_was_stopped_and_resumed_too(polyflow: CommandLine) -> None:
    text = dag(job("a", "echo $$$$ > pid; exec sleep 60"), job("b", "true", ", dependencies: [a]"))
    for words in (("run", polyflow.file(text)), ("resume", "latest")):
        running = polyflow.begin(*words)
        wait_for(running, " a running")
        interrupt(running)
        said = rest_of(running)
        assert running.returncode == 130, said
        view = polyflow.json("show", "latest")
        assert (view["status"], view["operations"]["a"]["status"]) == ("stopped", "stopped")
        assert not alive(int((polyflow.folder / "pid").read_text()))


def test_a_second_ctrl_c_kills_what_ignores_the_first(polyflow: CommandLine) -> None:
    running = polyflow.begin(
        "run", polyflow.file(dag(job("a", "trap '' TERM; echo $$$$ > pid; while :; do sleep 1; done")))
    )
    wait_for(running, " a running")
    interrupt(running)
    wait_for(running, "a stopping")
    interrupt(running)
    rest_of(running)
    assert running.returncode == 130
    assert not alive(int((polyflow.folder / "pid").read_text()))


def test_unknown_runs_and_operations_are_said_to_be_unknown(polyflow: CommandLine) -> None:
    assert "there is no run" in polyflow("show", "abc").stderr
    polyflow("run", polyflow.file(dag(job("train", "true"))))
    done = polyflow("logs", "latest", "trian")
    assert done.returncode == 2
    assert "train" in done.stderr


def test_two_runs_at_the_same_time_share_a_home(polyflow: CommandLine) -> None:
    both = [polyflow.begin("run", polyflow.file(dag(job("a", "sleep 0.3")), f"{n}.yaml")) for n in range(2)]
    assert [rest_of(one) and one.returncode for one in both] == [0, 0]
    assert len(polyflow.json("ls")) == 2


def test_a_metrics_file_that_never_ends_holds_nobody_up(polyflow: CommandLine) -> None:
    script = "ln -sf /dev/zero $POLYFLOW_METRICS; sleep 30"
    view = polyflow.json("run", polyflow.file(dag(job("a", script, ", termination: {timeout: 1}"))))
    assert view["operations"]["a"]["reason"] == "DeadlineExceeded"


def test_text_on_the_command_line_stays_text(polyflow: CommandLine) -> None:
    spec = "name: a\ninputs: [{name: s, type: str}, {name: d, type: date}, {name: l, type: 'List[int]'}]\n"
    spec += "run: {kind: job, container: {command: [echo, '{{ s }} {{ d }} {{ l }}']}}"
    done = polyflow("run", polyflow.file(spec), "-P", "s=0123", "-P", "d=2020-01-01", "-P", "l=[1, 2]")
    assert done.returncode == 0, done.stderr
    assert polyflow("logs", "latest", "a").stdout == "0123 2020-01-01 [1, 2]\n"
    assert polyflow("run", polyflow.file(spec), "--id", "a\nb").returncode == 2
