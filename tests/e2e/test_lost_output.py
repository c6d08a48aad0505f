"""Output that cannot be written: a pipe that was closed, a terminal that was, a full disk."""

import json
import signal
import subprocess

import pytest

from tests.e2e.command import POLYFLOW, SOON, CommandLine, alive, rest_of, wait_for
from tests.e2e.terminal import Terminal
from tests.e2e.test_run import dag, job

SLOW = "echo $$$$ > pid; echo begun; exec sleep 60"
FULL = "/dev/full"


def shell(polyflow: CommandLine, words: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `polyflow` is the command; its status is that of the whole pipe."""
    # Without a buffer Python loses what a pipe does not take at once, and says nothing.
    environment = {**polyflow.environment, "PYTHONUNBUFFERED": ""}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"polyflow() {{ {POLYFLOW} \"$@\"; }}; {words}"],
        env=environment, cwd=polyflow.folder, capture_output=True, text=True, timeout=SOON, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("to", "why"),
    {
        "| head -1": "Broken pipe",
        f"> {FULL}": "No space left on device",
        "2>&1 | head -1": "Broken pipe",
    }.items(),
)
def test_a_run_whose_output_is_lost_is_stopped(polyflow: CommandLine, to: str, why: str) -> None:
    polyflow.file(dag(job("a", "true"), job("b", SLOW, ", dependencies: [a]")))
    done = shell(polyflow, f"polyflow run pipeline.yaml {to}")
    because = f"its output cannot be written: {why}"
    said = "" if "2>&1" in to else f"{because}; stopping, Ctrl-C kills what still runs\n"
    assert (done.returncode, done.stderr) == (130, said)
    assert polyflow.json("ls")[0]["status"] == "stopped"
    assert because in polyflow("show", "latest").stdout
    pid = polyflow.folder / "pid"
    assert not (pid.exists() and alive(int(pid.read_text())))


@pytest.mark.parametrize(
    "until", ["| sed /^outputs/q", "| sed '/ a succeeded/q'", "--quiet | head -n 0", "--quiet --format json | head -n 0"]
)  # fmt: skip
def test_a_run_that_has_ended_gives_its_status_though_nobody_reads_its_end(
    polyflow: CommandLine, until: str
) -> None:
    outputs = json.dumps({f"out{number}": "x" * 5000 for number in range(12)})
    write = f"echo '{outputs}' > $POLYFLOW_OUTPUTS"  # twice this is more than a pipe holds
    polyflow.file(dag(job("b", write), job("a", write, ", dependencies: [b]")))
    done = shell(polyflow, f"polyflow run pipeline.yaml {until} > /dev/null; echo ${{PIPESTATUS[0]}}")
    assert polyflow.json("ls")[0]["status"] == "succeeded"
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_run_whose_terminal_is_closed_is_stopped(polyflow: CommandLine) -> None:
    with Terminal(polyflow, "run", polyflow.file(dag(job("a", SLOW)))) as terminal:
        terminal.wait_for("a          running")
        assert terminal.close() == 130
    assert polyflow.json("show", "latest")["message"] == "the terminal was closed"
    assert not alive(int((polyflow.folder / "pid").read_text()))


def test_a_hang_up_stops_a_run_whose_output_goes_on(polyflow: CommandLine) -> None:
    running = polyflow.begin("run", polyflow.file(dag(job("a", SLOW))))
    wait_for(running, " a running")
    running.send_signal(signal.SIGHUP)
    assert "the terminal was closed" in rest_of(running)
    assert polyflow.json("show", "latest")["status"] == "stopped"


@pytest.mark.parametrize(
    "words", ["ls", "show latest", "events latest", "schema", "run pipeline.yaml --quiet --format json"]
)
def test_a_full_disk_is_told_in_a_sentence(polyflow: CommandLine, words: str) -> None:
    polyflow("run", polyflow.file(dag(job("a", "true"))))
    done = shell(polyflow, f"polyflow {words} > {FULL}")
    assert (done.returncode, done.stderr) == (2, "polyflow: cannot write: No space left on device\n")


@pytest.mark.parametrize("words", ["schema", "events latest -f", "logs latest a -f"])
def test_a_pipe_that_closes_ends_a_command_in_silence(polyflow: CommandLine, words: str) -> None:
    polyflow("run", polyflow.file(dag(job("a", "seq 100000"))))
    done = shell(polyflow, f"polyflow {words} | head -1")
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


@pytest.mark.parametrize("words", ["-h", "ls", "show latest", "check pipeline.yaml", "topics acls", "schema"])
def test_a_command_whose_output_nobody_reads_ends_as_any_program_does(
    polyflow: CommandLine, words: str
) -> None:
    polyflow("run", polyflow.file(dag(job("a", "true"))))
    done = shell(polyflow, f"polyflow {words} | exec true")
    assert (done.returncode, done.stdout, done.stderr) == (141, "", "")


@pytest.mark.parametrize(
    "words",
    [
        "run pipeline.yaml",
        "logs latest a",
        "check pipeline.yaml",
        "show latest",
        "ls",
        "run p.yaml --format json",
    ],
)
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_command_whose_output_is_closed_does_what_it_does(
    polyflow: CommandLine, words: str, closed: str
) -> None:
    polyflow("run", polyflow.file(dag(job("a", "echo begun"))))
    polyflow.file(dag(job("a", "echo begun")), "p.yaml")
    done = shell(polyflow, f"polyflow {words} {closed}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("form", ["", "--format json"])
def test_a_run_whose_home_is_removed_says_that_nothing_is_known_of_it(
    polyflow: CommandLine, form: str
) -> None:
    polyflow.file(dag(job("a", f"rm -rf {polyflow.home}")))
    done = shell(polyflow, f"polyflow run pipeline.yaml --quiet {form}")
    [line] = done.stderr.splitlines()
    assert "the history knows nothing of the run any more" in line
