"""Outputs and metrics on their way to a gateway, over real HTTP on this machine."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from polyflow import tracking
from polyflow.gateway import Gateway, NotDeliveredError, NotNowError, deliver, pause
from polyflow.tracking import stating
from polyflow.tracking.delivery import LAST_WORD_BYTES, Delivery, Metrics, Waits
from polyflow.tracking.tally import Tally
from polyflow_shared.cluster.kubernetes.pods.termination import last_word
from tests.unit.receiver import Receiver, served

ATTEMPT = "/v1/runs/r/operations/0/attempts/0"
SHORT = Waits(gather=0.001, first=0.001)
PATIENCE = 60.0
"""Seconds, of which nobody waits for more than a moment."""


class Stub(Receiver):
    """A gateway."""

    def __init__(self) -> None:
        super().__init__(ATTEMPT, said=b"{}", refusal=b'{"error": {"reason": "R", "message": "told so"}}')

    def paths(self) -> list[str]:
        return [posted.path.removeprefix(ATTEMPT) for posted in self.got]

    def outputs(self) -> list[tuple[str, dict]]:
        return [
            (path, posted.body)
            for path, posted in zip(self.paths(), self.got, strict=True)
            if "/outputs" in path
        ]

    def lines(self) -> list[dict]:
        return [
            json.loads(line)
            for posted in self.got
            if "/metrics" in posted.path
            for line in posted.raw.split(b"\n")
        ]


@pytest.fixture
def stub() -> Iterator[Stub]:
    with served(Stub()) as server:
        yield server


@pytest.fixture
def sending(stub, tmp_path) -> Delivery:
    last_word = str(tmp_path / "termination-log")
    return Delivery(Gateway(stub.url, "t"), Tally(str(tmp_path)), last_word, waits=SHORT)


def state(sending: Delivery, **values) -> None:
    sending.state(values, lambda all_of_them: json.dumps(all_of_them).encode())


def said(tmp_path) -> str:
    return (tmp_path / "termination-log").read_text()


def test_each_statement_has_all_outputs_so_far_a_number_and_the_token(stub, sending):
    state(sending, a=1)
    state(sending, b=0)
    assert stub.outputs() == [("/outputs?number=1", {"a": 1}), ("/outputs?number=2", {"a": 1, "b": 0})]
    assert {posted.headers["Authorization"] for posted in stub.got} == {"Bearer t"}


def test_what_the_gateway_has_no_room_for_is_sent_again_under_its_number(stub, sending):
    stub.answers = [(503, {}), (429, {"Retry-After": "0"})]
    state(sending, a=1)
    assert stub.outputs() == [("/outputs?number=1", {"a": 1})] * 3


def test_refused_outputs_are_an_error_and_not_part_of_later_ones(stub, sending, tmp_path):
    stub.answers = [(422, {})]
    with pytest.raises(NotDeliveredError, match="answers 422: told so"):
        state(sending, a=1)
    state(sending, b=2)
    assert stub.outputs()[-1] == ("/outputs?number=2", {"b": 2})
    sending.close()
    assert json.loads(said(tmp_path))["acknowledged"] == {"outputs": 2, "metrics": 0}


def test_two_processes_of_an_attempt_add_up(stub, tmp_path):
    one, other = (Delivery(Gateway(stub.url, "t"), Tally(str(tmp_path)), "") for _ in range(2))
    state(one, a=1)
    state(other, b=2)
    assert stub.outputs()[-1] == ("/outputs?number=2", {"a": 1, "b": 2})


def test_outputs_are_given_up_after_some_time():
    now = [0.0]

    def fail() -> None:
        raise NotNowError("away", wait=3.0)

    with pytest.raises(NotNowError, match="away"):
        deliver(fail, 10.0, clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    assert now[0] == 9.0


def test_a_gateway_that_is_not_there_is_one_that_is_not_there_now():
    with pytest.raises(NotNowError, match="cannot be reached"):
        Gateway("http://127.0.0.1:1", "t").post("/outputs", b"{}")


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 0.1, 0.2), (3, 0.4, 0.8), (50, 5.0, 10.0)])
def test_pauses_double_up_to_a_limit(failures, least, most):
    assert least <= pause(failures, 0.0) <= most


def test_measurements_are_numbered_and_delivered_before_the_end(stub, sending, tmp_path):
    for step in range(1200):
        sending.measure(b'{"values": {"loss": 0.5}, "step": %d}' % step)
    sending.close()
    assert [line["step"] for line in stub.lines()] == list(range(1200))
    firsts = [int(path.partition("=")[2]) for path in stub.paths()]
    sizes = [posted.raw.count(b"\n") + 1 for posted in stub.got]
    assert firsts == [sum(sizes[:place]) for place in range(len(sizes))]
    assert max(sizes) <= 500
    assert json.loads(said(tmp_path))["acknowledged"]["metrics"] == 1200


def test_a_batch_that_is_sent_again_keeps_its_numbers(stub, sending):
    stub.answers = [(503, {}), (500, {})]
    sending.measure(b'{"values": {"loss": 0.5}}')
    sending.close()
    assert stub.paths() == ["/metrics?first=0"] * 3


def test_refused_measurements_are_a_warning_and_later_ones_go_on(stub, sending, caplog):
    stub.answers = [(422, {})]
    sending.measure(b"bad")
    sending.close()
    assert [record.message for record in caplog.records] == [
        "polyflow: measurements are lost: the gateway answers 422: told so"
    ]


def test_without_a_gateway_measurements_cost_a_warning_and_no_error(tmp_path, caplog):
    metrics = Metrics(Gateway("http://127.0.0.1:1", "t"), Tally(str(tmp_path)), waits=SHORT)
    metrics.add(b"{}")
    metrics.close(0.0)
    (record,) = caplog.records
    assert "cannot be reached" in record.message


def test_no_more_measurements_wait_than_there_is_room_for(stub, tmp_path, caplog):
    until_the_end = Waits(gather=PATIENCE)
    metrics = Metrics(Gateway(stub.url, "t"), Tally(str(tmp_path)), waits=until_the_end, room=2)
    for line in (b'{"step": 1}', b'{"step": 2}', b'{"step": 3}'):
        metrics.add(line)
    metrics.add(b"x" * 70_000)
    metrics.close(PATIENCE)
    assert stub.lines() == [{"step": 2}, {"step": 3}]
    assert [record.message for record in caplog.records] == [
        "polyflow: more than 2 measurements wait to be sent: the oldest are dropped"
    ]


def test_small_outputs_are_in_the_last_word_and_large_ones_only_counted(sending, tmp_path):
    state(sending, a=1)
    sending.close()
    assert (last_word(said(tmp_path)).outputs, last_word(said(tmp_path)).awaited) == ({"a": 1}, 0)
    state(sending, b="x" * LAST_WORD_BYTES)
    sending.close()
    assert (last_word(said(tmp_path)).outputs, last_word(said(tmp_path)).awaited) == ({}, 2)
    assert len(said(tmp_path)) < LAST_WORD_BYTES


SCRIPT = """
from polyflow.tracking import log_metrics, log_outputs
log_metrics(step=1, loss=0.5)
log_outputs(accuracy=0)
"""


def run(stub, tmp_path, script: str) -> subprocess.CompletedProcess:
    environment = {
        "POLYFLOW_GATEWAY": stub.url,
        "POLYFLOW_TOKEN": "t",
        "POLYFLOW_TRACKING_PATH": str(tmp_path / "tracking"),
        "POLYFLOW_OUTPUTS": str(tmp_path / "termination-log"),
    }
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_script_delivers_and_leaves_its_last_word(stub, tmp_path):
    ended = run(stub, tmp_path, SCRIPT)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert stub.outputs() == [("/outputs?number=1", {"accuracy": 0})]
    assert [(line["step"], line["values"]) for line in stub.lines()] == [(1, {"loss": 0.5})]
    assert json.loads(said(tmp_path)) == {
        "polyflow": 1,
        "outputs": {"accuracy": 0},
        "acknowledged": {"outputs": 1, "metrics": 1},
    }


def test_a_script_that_dies_of_an_error_leaves_the_end_of_its_log_to_say_why(stub, tmp_path):
    ended = run(stub, tmp_path, f"{SCRIPT}raise ValueError('no')")
    assert ended.returncode == 1
    assert not (tmp_path / "termination-log").exists()
    assert len(stub.lines()) == 1


def test_a_fork_delivers_for_itself(stub, tmp_path):
    script = f"import os{SCRIPT}pid = os.fork()\nlog_outputs(**{{f'pid{{bool(pid)}}': 1}})\nif pid: os.wait()"
    ended = run(stub, tmp_path, script)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert stub.outputs()[-1] == ("/outputs?number=3", {"accuracy": 0, "pidTrue": 1, "pidFalse": 1})


def test_without_a_gateway_small_outputs_are_the_termination_message(tmp_path, monkeypatch):
    message = tmp_path / "termination-log"
    message.touch()
    monkeypatch.setenv("POLYFLOW_OUTPUTS", str(message))
    monkeypatch.setattr(stating, "_TERMINATION_LOG", str(message))
    tracking.log_outputs(a=1)
    tracking.log_outputs(b=0)
    assert last_word(message.read_text()).outputs == {"a": 1, "b": 0}
    with pytest.raises(ValueError, match="without a gateway 4096 is the limit"):
        tracking.log_outputs(c="x" * 4096)
    assert last_word(message.read_text()).outputs == {"a": 1, "b": 0}
