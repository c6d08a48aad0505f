"""What a pod of the process cluster meets on this machine."""

import asyncio
import os
import time
from dataclasses import replace

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.local.folders import LOG_TAIL_BYTES
from polyflow_shared.cluster.local.follower import LOOK_EVERY, LookingFollower
from polyflow_shared.cluster.processes import open_cluster
from polyflow_shared.cluster.released import KEPT
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_topics.plan import Container
from polyflow_topics.status import PodStatus
from tests.contract.clusters import GO_ON, end, end_of, measured, pod, seen_until_ended
from tests.unit.cluster.test_survival import gone

READY = 'printf \'{"values":{"ready":1}}\\n\' >> $POLYFLOW_METRICS'
DEAF = f"trap '' TERM; {READY}; while :; do sleep 0.01; done"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "runs" / pod().run / "operations" / "operation-0" / "0"


def with_container(**container):
    return replace(pod(), container=Container(**container))


async def test_both_outputs_go_to_the_log_in_order(cluster, folder):
    await end(cluster, pod("echo one; echo two >&2; echo three"))
    assert (folder / "log.txt").read_text() == "one\ntwo\nthree\n"


async def test_a_process_is_told_where_it_is(cluster, folder):
    await end(
        cluster, pod("env; test -d $POLYFLOW_OUTPUTS_PATH && test -d $POLYFLOW_ARTIFACTS_PATH", attempt=0)
    )
    told = dict(line.split("=", 1) for line in (folder / "log.txt").read_text().splitlines())
    assert {
        name: told[f"POLYFLOW_{name}"] for name in ("RUN", "OPERATION", "ATTEMPT", "PROJECT", "OWNER")
    } == {
        "RUN": pod().run,
        "OPERATION": "operation-0",
        "ATTEMPT": "0",
        "PROJECT": "default",
        "OWNER": "default",
    }
    assert told["POLYFLOW_OUTPUTS"] == f"{folder}/outputs.json"
    assert told["POLYFLOW_METRICS"] == f"{folder}/metrics.jsonl"
    assert (await cluster.get(pod().name)).status is PodStatus.SUCCEEDED


async def test_it_starts_in_the_working_directory_and_reads_nothing(cluster, folder, tmp_path):
    (tmp_path / "below").mkdir()
    await end(cluster, with_container(command=("sh", "-c", "pwd; cat"), working_dir="below"))
    assert (folder / "log.txt").read_text() == f"{tmp_path}/below\n"


@pytest.mark.parametrize(
    ("container", "reason", "says"),
    [
        ({"command": ("pyhton",)}, "CommandNotFound", "did you mean 'python'"),
        ({"command": ("./missing",)}, "CommandNotFound", "'./missing' was not found"),
        ({"command": ("/etc/passwd",)}, "CommandNotExecutable", "Permission denied"),
        ({"command": ("/",)}, "CommandNotExecutable", "Permission denied"),
        ({"command": ("true",), "working_dir": "missing"}, "WorkingDirNotFound", "No such file"),
        ({"args": ("alone",)}, "CommandMissing", "has no command"),
        ({"command": ("a\0b",)}, "CommandInvalid", "null byte"),
        ({"command": ("true",), "env": {"A=B": "c"}}, "CommandInvalid", "environment"),
        ({"command": ("true",), "args": ("x" * 3_000_000,)}, "CommandNotExecutable", "too long"),
        ({"command": ("sh", "-c", "kill -9 $$$$")}, "Killed", "SIGKILL, which polyflow did not send"),
        ({"command": ("sh", "-c", "kill -SEGV $$$$")}, "Signal", "SIGSEGV"),
        ({"command": ("sh", "-c", "exit 137")}, "Error", "exit code 137, which polyflow did not send"),
    ],
)
async def test_a_pod_that_cannot_do_its_work_says_why(cluster, container, reason, says):
    report = await end(cluster, with_container(**container))
    assert (report.status, report.reason) == (PodStatus.FAILED, reason)
    assert says in report.message


async def test_a_script_whose_interpreter_is_missing_says_so(cluster, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/missing/interpreter\n")
    script.chmod(0o755)
    report = await end(cluster, with_container(command=("./script",)))
    assert (report.reason, "names an interpreter" in report.message) == ("CommandNotFound", True)


async def test_a_failure_quotes_the_end_of_a_long_log(cluster):
    report = await end(cluster, pod("seq 1 10000; exit 1"))
    quoted = report.message.splitlines()
    assert quoted[:2] == ["exit code 1", "its log ends:"]
    assert quoted[-1] == "10000"
    assert LOG_TAIL_BYTES / 2 < len(report.message) < LOG_TAIL_BYTES + 100


async def test_a_signals_exit_code_is_the_shells(cluster):
    assert (await end(cluster, pod("kill -9 $$$$"))).exit_code == 137


async def test_outputs_that_are_too_large_fail_the_pod_with_their_size(cluster):
    words = """(printf '{"a":"'; head -c 70000 /dev/zero | tr '\\0' x; printf '"}') > $POLYFLOW_OUTPUTS"""
    report = await end(cluster, pod(words))
    assert (report.status, report.reason) == (PodStatus.FAILED, "OutputsInvalid")
    assert "70008 bytes" in report.message
    assert report.outputs == {}


async def test_a_failed_pod_keeps_its_outputs_and_its_own_reason(cluster):
    report = await end(cluster, pod("""printf '{"n":0}' > $POLYFLOW_OUTPUTS; exit 3"""))
    assert (report.reason, report.outputs) == ("Error", {"n": 0})
    report = await end(cluster, pod("echo [] > $POLYFLOW_OUTPUTS; exit 3", attempt=1))
    assert (report.reason, report.outputs) == ("Error", {})


async def test_what_a_leader_leaves_behind_does_not_survive_it(cluster, folder):
    await end(cluster, pod("sleep 1000 & echo $!"))
    await gone(int((folder / "log.txt").read_text()))


async def test_a_stop_reaches_the_whole_group(cluster, folder):
    await cluster.ensure(pod("""sleep 1000 & echo '{"values":{"child":'$!'}}' >> $POLYFLOW_METRICS; wait"""))
    child = int((await measured(cluster))["child"])
    await cluster.stop(pod().name, grace=10, reason="Unwanted")
    report = await end_of(cluster, pod())
    assert (report.status, report.exit_code) == (PodStatus.STOPPED, 143)
    await gone(child)


async def test_who_ends_well_when_told_to_end_was_stopped(cluster, folder):
    await cluster.ensure(pod(f"trap 'exit 0' TERM; {READY}; while :; do sleep 0.01; done"))
    assert await measured(cluster) == {"ready": 1}
    await cluster.stop(pod().name, grace=10, reason="Unwanted")
    report = await end_of(cluster, pod())
    assert (report.status, report.reason, report.exit_code) == (PodStatus.STOPPED, "Unwanted", 0)


async def test_who_does_not_listen_is_killed_after_the_grace_and_not_before(cluster, clock, folder):
    await cluster.ensure(pod(DEAF))
    assert await measured(cluster) == {"ready": 1}
    await cluster.stop(pod().name, grace=10, reason="Unwanted")
    await clock.move(0)
    await clock.move(9)
    assert (await cluster.get(pod().name)).status is PodStatus.RUNNING
    await clock.move(2)
    report = await end_of(cluster, pod())
    assert (report.status, report.exit_code) == (PodStatus.STOPPED, 137)


async def test_without_a_grace_it_is_killed_at_once(cluster, folder):
    await cluster.ensure(pod(DEAF))
    assert await measured(cluster) == {"ready": 1}
    await cluster.stop(pod().name, grace=0, reason="Unwanted")
    assert (await end_of(cluster, pod())).exit_code == 137


async def test_closing_ends_what_runs_even_what_does_not_listen(tmp_path, clock, folder):
    cluster = await open_cluster(
        tmp_path / "runs", state=tmp_path / "s", workdir=tmp_path, clock=clock, grace=5
    )
    await cluster.ensure(pod(DEAF))
    await cluster.ensure(pod(GO_ON, index=1))
    assert await measured(cluster) == {"ready": 1}
    watching = asyncio.create_task(seen_until_ended(cluster, pod(), pod(index=1)))
    closing = asyncio.create_task(cluster.close())
    await asyncio.sleep(0)
    await clock.move(0)
    await clock.move(6)
    await closing
    reports = (await watching)[-2:]
    assert {(one.status, one.reason) for one in reports} == {(PodStatus.LOST, "Interrupted")}
    with pytest.raises(ClusterUnavailableError):
        await cluster.ensure(pod(index=2))


async def test_a_measurement_is_seen_at_once_while_its_pod_goes_on(cluster):
    script = """if True:
        import os, signal, time
        with open(os.environ["POLYFLOW_METRICS"], "a") as metrics:
            print('{"values":{"at":%f}}' % time.time(), file=metrics)
        signal.pause()
    """
    await cluster.ensure(with_container(command=("python", "-c", script)))
    assert time.time() - (await measured(cluster))["at"] < 1
    assert (await cluster.get(pod().name)).status is PodStatus.RUNNING


async def test_files_are_followed_by_looking_where_there_is_no_inotify(tmp_path):
    clock, news = FakeClock(), []
    path = tmp_path / "file"
    path.touch()
    follower = LookingFollower(clock)
    number = follower.follow(str(path), lambda: news.append(path.read_text()))
    await asyncio.sleep(0)
    assert news == []
    path.write_text("a")
    await clock.move(LOOK_EVERY)
    assert news == ["a"]
    await clock.move(LOOK_EVERY)
    assert news == ["a"]
    follower.leave(number)
    path.write_text("ab")
    await clock.move(LOOK_EVERY)
    assert news == ["a"]
    follower.close()


async def test_without_pidfd_a_thread_waits(cluster, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")
    report = await end(cluster, pod("sleep 1000 & exit 3"))
    assert (report.status, report.exit_code) == (PodStatus.FAILED, 3)


async def test_an_attempts_folder_that_is_used_again_is_empty_of_what_was_there(cluster, clock, folder):
    await end(
        cluster, pod("""echo old; printf '{"old":1}' > $POLYFLOW_OUTPUTS; echo {} > $POLYFLOW_METRICS""")
    )
    await cluster.release(pod().name)
    await clock.move(KEPT.total_seconds() + 1)
    report = await end(cluster, pod("exit 0"))
    assert report.outputs == {}
    assert (folder / "log.txt").read_text() == (folder / "metrics.jsonl").read_text() == ""


async def test_a_folder_that_cannot_be_made_makes_the_cluster_unavailable(cluster, tmp_path):
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(ClusterUnavailableError, match="cannot be made"):
        await cluster.ensure(pod())
    assert await cluster.list() == []
