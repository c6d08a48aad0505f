"""The live table, in a terminal."""

from tests.e2e.command import CommandLine, alive
from tests.e2e.terminal import CTRL_C, Terminal
from tests.e2e.test_run import dag, job


def test_the_last_frame_stays_with_every_operation(polyflow: CommandLine) -> None:
    flaky = job("flaky", "test $POLYFLOW_ATTEMPT = 1", ", termination: {maxRetries: 1}")
    text = dag(flaky, job("bad", "echo boom; exit 3"), job("last", "true", ", dependencies: [bad]"))
    with Terminal(polyflow, "run", polyflow.file(text)) as terminal:
        frame = terminal.last_frame()
    assert terminal.status == 1
    assert frame[0].split() == ["OPERATION", "STATUS", "TRY", "TIME", "REASON"]
    assert frame[1].split()[:3] == ["flaky", "succeeded", "2"]
    assert frame[2].startswith("bad")
    assert frame[2].endswith("Error: exit code 3")
    assert frame[3].split()[:2] == ["last", "upstream_failed"]
    assert frame[3].endswith("…"), "a reason that is too long is cut, and the other columns are not"
    assert frame[4] == "test failed: 1 succeeded, 1 failed, 1 upstream_failed"
    assert "  | boom" in frame


def test_many_operations_leave_the_foot_on_a_small_screen(polyflow: CommandLine) -> None:
    slow = "test -e go || exec sleep 60"
    text = dag(*(job(f"op-{n}", slow) for n in range(40)))
    with Terminal(polyflow, "run", polyflow.file(text), rows=12) as terminal:
        terminal.wait_for("40 running  (31 more not shown)")
        terminal.press(CTRL_C)
        assert "test stopped: 40 stopped" in "\n".join(terminal.last_frame())


def test_ctrl_c_is_answered_above_the_table(polyflow: CommandLine) -> None:
    text = dag(job("a", "echo $$$$ > pid; echo begun; exec sleep 60"))
    with Terminal(polyflow, "run", polyflow.file(text)) as terminal:
        terminal.wait_for("a          running")
        terminal.press(CTRL_C)
        terminal.wait_for("stopping; Ctrl-C again kills")
        frame = terminal.last_frame()
    assert terminal.status == 130
    assert "test stopped: 1 stopped" in frame
    assert not alive(int((polyflow.folder / "pid").read_text()))
