"""What the commands say beside a run's end: what is missing, what was mistyped, who stopped reading."""

import json
import subprocess

from tests.e2e.command import EXAMPLES, POLYFLOW, CommandLine
from tests.e2e.test_run import dag, job


def test_a_fresh_home_is_empty_and_says_so(polyflow: CommandLine) -> None:
    listed = polyflow("ls")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "polyflow run FILE" in listed.stderr
    assert polyflow.json("ls") == []
    for command in (["show", "latest"], ["events", "latest"], ["logs", "latest", "a"], ["stop", "latest"]):
        done = polyflow(*command)
        assert (done.returncode, "nothing has run yet" in done.stderr) == (2, True), done


def test_a_run_is_meant_by_the_beginning_of_its_id(polyflow: CommandLine) -> None:
    run = polyflow.json("run", polyflow.file(dag(job("a", "true"))))["id"]
    assert polyflow.json("show", run[:6])["id"] == run
    assert polyflow.json("show", run[:6].upper())["id"] == run


def test_a_beginning_of_several_ids_means_none(polyflow: CommandLine) -> None:
    file = polyflow.file(dag(job("a", "true")))
    ids = {polyflow.json("run", file, "--id", str(n))["id"] for n in range(17)}
    shared = next(first for first in sorted(one[0] for one in ids) if sum(one[0] == first for one in ids) > 1)
    done = polyflow("show", shared)
    assert done.returncode == 2
    assert f"'{shared}' is the beginning of" in done.stderr


def test_a_param_that_is_not_declared_is_not_looked_for_in_the_file(polyflow: CommandLine) -> None:
    done = polyflow("run", EXAMPLES / "01_hello.yaml", "-P", "nmae=Ana")
    assert done.returncode == 2
    assert "request: no input or output `nmae` is declared" in done.stderr
    assert "did you mean `name`?" in done.stderr
    assert "^" not in done.stderr


def test_an_output_that_was_not_written_is_named_where_it_is_needed(polyflow: CommandLine) -> None:
    reads = ", inputs: [{name: n, type: int}], params: {n: {ref: ops.a, value: outputs.n}}"
    text = dag(job("a", "true", ", outputs: [{name: n, type: int}]"), job("b", "true", reads))
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 1
    assert "b failed: ParamInvalid: param 'n': the upstream operation 'a' has no output 'n'" in done.stdout
    said = polyflow("logs", "latest", "b")
    assert (said.returncode, "b was not started" in said.stderr) == (2, True)


def test_a_log_of_an_attempt_that_was_not_made_says_how_many_were(polyflow: CommandLine) -> None:
    polyflow("run", polyflow.file(dag(job("a", "true"))))
    done = polyflow("logs", "latest", "a", "--attempt", "7")
    assert (done.returncode, "no log of attempt 7 (it had 1" in done.stderr) == (2, True)


def test_long_outputs_are_cut_to_a_line(polyflow: CommandLine) -> None:
    write = """printf '{"s": "%05000d"}' 0 > $POLYFLOW_OUTPUTS"""
    done = polyflow("run", polyflow.file(dag(job("a", write))))
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("  a.s = ")]
    assert (len(line), line[-1]) == (120, "…")
    assert len(polyflow.json("show", "latest")["operations"]["a"]["outputs"]["s"]) == 5000


def test_nobody_complains_about_a_reader_who_left(polyflow: CommandLine) -> None:
    polyflow("run", polyflow.file(dag(job("a", "seq 1 300000"))))
    for words in (["logs", "latest", "a"], ["events", "latest"], ["show", "latest"], ["ls"]):
        with subprocess.Popen(
            [POLYFLOW, *words], env=polyflow.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as left:
            assert left.stdout
            assert left.stderr
            left.stdout.close()
            assert left.stderr.read() == b"", words


def test_quiet_says_nothing_unless_something_is_wrong(polyflow: CommandLine) -> None:
    done = polyflow("run", polyflow.file(dag(job("a", "true"))), "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_run_carries_who_asked_and_what_for(polyflow: CommandLine) -> None:
    about = ["--project", "p", "--owner", "o", "--name", "n", "--tag", "x", "--tag", "y"]
    view = polyflow.json("run", polyflow.file(dag(job("a", "true"))), *about)
    assert [view[key] for key in ("project", "owner", "name", "tags")] == ["p", "o", "n", ["x", "y"]]
    for line in polyflow("events", "latest", "--format", "json").stdout.splitlines():
        data = json.loads(line)["data"]
        assert [data[key] for key in ("project", "owner", "name", "tags")] == ["p", "o", "n", ["x", "y"]]
    assert [run["id"] for run in polyflow.json("ls", "--project", "p")] == [view["id"]]
    assert polyflow.json("ls", "--project", "q") == polyflow.json("ls", "--status", "failed") == []
