"""Files that a user brings to a run: each test is named after a row of the list of features."""

import os

from tests.e2e.command import CommandLine, rest_of, wait_for
from tests.e2e.terminal import Terminal
from tests.e2e.test_how_runs_behave import statuses
from tests.e2e.test_run import dag, job

READ = "cat $POLYFLOW_ARTIFACTS_PATH/src/words"


def sources(polyflow: CommandLine, words: str = "hello") -> None:
    (polyflow.folder / "src").mkdir(exist_ok=True)
    (polyflow.folder / "src" / "words").write_text(f"{words}\n")


def test_113_upload_code(polyflow: CommandLine) -> None:
    sources(polyflow)
    nested = f"{{name: n, component: {{run: {{kind: dag, operations: [{job('inner', READ)}]}}}}}}"
    templated = (
        "{name: t, run: {kind: job, container: {command: [cat, '{{ globals.run_artifacts_path }}/x']}}}"
    )
    file = polyflow.file(dag(job("a", READ), nested, templated))
    view = polyflow.json("run", file, "-u", "src", "--upload", "src/words:x")
    assert view["status"] == "succeeded"
    held = [change for change in view["statuses"] if change["reason"] == "UploadAwaited"]
    assert [change["status"] for change in held] == ["created"]
    for operation in ("a", "n.inner", "t"):
        assert polyflow("logs", "latest", operation).stdout == "hello\n"


def test_113_uploads_that_meet_lose_nothing(polyflow: CommandLine) -> None:
    sources(polyflow)
    polyflow.file("", "more")
    listed = polyflow.file(dag(job("a", "cd $POLYFLOW_ARTIFACTS_PATH; find src/ -type f | sort")))
    assert polyflow("run", listed, "-u", "more:src/new/more", "-u", "src", "--quiet").returncode == 0
    assert polyflow("logs", "latest", "a").stdout == "src/new/more\nsrc/words\n"
    for command in (["run", listed, "-u", "src", "-u", "more:src"], ["upload", "latest", "src", "more:src"]):
        done = polyflow(*command)
        assert (done.returncode, "src and more would both go to 'src'" in done.stderr) == (2, True), command
    assert len(polyflow.json("ls")) == 1


def test_113_a_failed_upload_is_told_and_can_be_repeated(polyflow: CommandLine) -> None:
    sources(polyflow)
    os.mkfifo(polyflow.folder / "src" / "pipe")
    run = polyflow.begin("run", polyflow.file(dag(job("a", READ))), "-u", "src")
    assert "created, pending upload" in wait_for(run, "UploadFailed")[-1]
    view = polyflow.json("show", "latest")
    assert (view["status"], view["pending"], statuses(view)) == ("created", "upload", {"a": "created"})
    assert "is a named pipe; to try again: polyflow upload" in view["message"]
    assert "created, pending upload" in polyflow("ls").stdout
    assert "it waits for: its files (polyflow upload" in polyflow("explain", "latest").stdout
    again = polyflow("upload", "latest", "src")
    assert (again.returncode, "is a named pipe" in again.stderr) == (2, True)
    (polyflow.folder / "src" / "pipe").unlink()
    assert polyflow("upload", "latest", "src").stdout == "latest: uploaded\n"
    rest_of(run)
    assert polyflow.json("show", "latest")["status"] == "succeeded"
    late = polyflow("upload", "latest", "src")
    assert (late.returncode, "is not going on: it is succeeded" in late.stderr) == (2, True)


def test_113_what_waits_for_files_can_be_stopped(polyflow: CommandLine) -> None:
    sources(polyflow)
    os.mkfifo(polyflow.folder / "src" / "pipe")
    with Terminal(polyflow, "run", polyflow.file(dag(job("a", READ))), "-u", "src") as terminal:
        terminal.wait_for("test created, pending upload: 1 created  UploadFailed")
        assert polyflow("stop", "latest").returncode == 0
        assert terminal.last_frame()[-1:] != []
    assert polyflow.json("show", "latest")["status"] == "stopped"


def test_113_a_run_without_uploads_takes_none(polyflow: CommandLine) -> None:
    sources(polyflow)
    run = polyflow.begin("run", polyflow.file(dag(job("a", "sleep 60"))))
    wait_for(run, "a running")
    refused = polyflow("upload", "latest", "src")
    assert (refused.returncode, "waits for no files: it is running" in refused.stderr) == (2, True)
    polyflow("stop", "latest")
    rest_of(run)
    missing = polyflow("run", "pipeline.yaml", "-u", "nowhere")
    assert (missing.returncode, "there is no file or folder 'nowhere'" in missing.stderr) == (2, True)


def test_113_runs_that_come_from_a_run_have_its_files(polyflow: CommandLine) -> None:
    sources(polyflow)
    first = polyflow.json("run", polyflow.file(dag(job("a", f"{READ}; test -e ok"))), "-u", "src")
    assert first["status"] == "failed"
    sources(polyflow, "changed on disk, not in the run")
    polyflow.file("", "ok")
    for command in (["restart", first["id"]], ["copy", first["id"]], ["resume", first["id"]]):
        view = polyflow.json(*command, "--quiet")
        assert view["status"] == "succeeded", command
        assert polyflow("logs", view["id"], "a").stdout == "hello\n", command


def test_113_on_kafka_the_folder_of_artifacts_has_to_be_known(polyflow: CommandLine) -> None:
    sources(polyflow)
    done = polyflow("run", polyflow.file(dag(job("a", READ))), "-u", "src", "--kafka", "127.0.0.1:9")
    assert done.returncode == 2
    assert "set $POLYFLOW_ARTIFACTS_STORE to the folder" in done.stderr
