"""Real containers on a real node: what runs in them, what the API server shows of them, what a node leaves behind."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kubernetes.pods import (
    CASES,
    DISTURBED,
    container,
    create,
    ended,
    logs,
    runs,
    spec,
    wait,
    warnings,
    watch,
)
from tests.kubernetes.recording import (
    NODE_GONE,
    NODE_REBOOTED,
    lose_node,
    reboot_node,
    recorded,
    told,
    trimmed,
)
from tests.testbed.kubernetes import control, images, node
from tests.testbed.kubernetes.api import Api
from tests.testbed.kubernetes.control import running_control_plane
from tests.testbed.kubernetes.node import RealNode

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

EXAMPLES = Path(__file__).parents[2] / "examples"
SHARED = {"name": "shared", "emptyDir": {}}
MOUNTED = {"name": "shared", "mountPath": "/shared"}


@pytest.fixture(scope="module")
def joined() -> Iterator[tuple[Api, RealNode]]:
    """A control plane of this file's own: what it shows depends on which nodes there are."""
    with running_control_plane() as plane, node.running_node(plane) as real:
        yield plane.api, real


@pytest.fixture(scope="module")
def api(joined) -> Api:
    return joined[0]


@pytest.fixture(scope="module")
def real(joined) -> RealNode:
    return joined[1]


@pytest.fixture(scope="module")
def calm(api) -> None:
    """All pods that nobody disturbs, at once: most of their time is waiting."""
    for name, case in CASES.items():
        create(api, name, case.spec)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("calm")
def test_a_real_cluster_shows_what_was_recorded(api, name):
    assert_as_recorded(api, name, trimmed(watch(api, name, CASES[name])))


@pytest.mark.parametrize("name", DISTURBED)
def test_a_real_cluster_shows_what_was_recorded_of_a_pod_that_is_disturbed(api, name):
    create(api, name, DISTURBED[name].spec)
    assert_as_recorded(api, name, trimmed(watch(api, name, DISTURBED[name])))


def assert_as_recorded(api, name, pod) -> None:
    before = recorded(name)
    assert pod == before["pod"]

    def warned(_pod) -> bool:
        return all(event in told(warnings(api, name)) for event in before["events"])

    wait(api, name, warned)


def test_nothing_is_recorded_that_no_case_makes():
    files = {path.stem for path in (Path(__file__).parents[1] / "fixtures" / "pods").glob("*.json")}
    assert files == {*CASES, *DISTURBED, NODE_REBOOTED, NODE_GONE}


def test_an_operation_may_handle_the_signal_to_end_within_its_grace_period(api):
    name = "handles-term"
    create(api, name, DISTURBED["deleted-ends-in-time"].spec)
    pod = watch(api, name, DISTURBED["deleted-ends-in-time"])
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0
    assert logs(api, name) == "told to end\n"


def test_an_init_container_a_sidecar_and_the_main_one_share_a_folder(api):
    first = container("echo prepared > /shared/first", name="first", volumeMounts=[MOUNTED])
    beside = container(
        "echo beside > /shared/beside; trap 'echo told to end; exit 0' TERM; while true; do sleep 0.1; done",
        name="beside",
        restartPolicy="Always",
        startupProbe={"exec": {"command": ["test", "-e", "/shared/beside"]}, "periodSeconds": 1},
        volumeMounts=[MOUNTED],
    )
    main = container("cat /shared/first /shared/beside; echo wrong >&2; exit 3", volumeMounts=[MOUNTED])
    create(
        api,
        "sharing",
        spec(main, initContainers=[first, beside], volumes=[SHARED], terminationGracePeriodSeconds=30),
    )
    pod = wait(api, "sharing", ended)
    assert pod["status"]["phase"] == "Failed"
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
    # Its two outputs are two streams, which nobody keeps in order.
    assert sorted(logs(api, "sharing").splitlines()) == ["beside", "prepared", "wrong"]
    assert logs(api, "sharing", "beside") == "told to end\n"


def test_the_image_of_python_runs_operations_as_any_user(api, real):
    real.load(images.python(), images.python_with("testbed.polyflow.io/parts:1", EXAMPLES / "parts"))
    script = "import sklearn, matplotlib; from polyflow.tracking import log_outputs; log_outputs(answer=0)"
    first = {
        **container(name="first", volumeMounts=[MOUNTED]),
        "image": "python:3.11",
        "command": ["python", "-c", script],
        "env": [{"name": "POLYFLOW_OUTPUTS", "value": "/shared/out"}],
    }
    main = container("cat /shared/out; echo; pwd; ls", volumeMounts=[MOUNTED])
    nobody = {"runAsUser": 1000, "runAsNonRoot": True, "fsGroup": 1000}
    form = spec({**main, "image": "testbed.polyflow.io/parts:1"}, initContainers=[first], volumes=[SHARED])
    create(api, "python", {**form, "securityContext": nobody})
    pod = wait(api, "python", ended)
    assert pod["status"]["phase"] == "Succeeded", logs(api, "python", "first")
    files = sorted(path.name for path in (EXAMPLES / "parts").glob("*.yaml"))
    assert logs(api, "python").split() == ['{"answer":', "0}", "/work", *files]


def test_pods_reach_each_other_and_this_machine(api, real):
    create(api, "server", spec(container("echo pod > index.html; exec httpd -f -p 8080", workingDir="/tmp")))
    address = wait(api, "server", runs)["status"]["podIP"]
    with serving(real.address) as port:
        urls = f"http://{address}:8080/ http://{real.address}:{port}/"
        create(api, "client", spec(container(f"for url in {urls}; do wget -q -O - $url; done")))
        assert wait(api, "client", ended)["status"]["phase"] == "Succeeded", logs(api, "client")
    assert logs(api, "client") == "pod\nmachine\n"


@contextmanager
def serving(address: str) -> Iterator[int]:
    """Answer every request at an address of this machine with one line; yield the port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"machine\n")

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    with http.server.HTTPServer((address, 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_pod_has_failed_when_its_node_has_lost_its_power_and_come_back():
    with running_control_plane() as plane, node.running_node(plane) as real:
        pod = trimmed(reboot_node(real, plane))
        assert_as_recorded(plane.api, NODE_REBOOTED, pod)
        create(plane.api, "after", spec(container()))
        assert wait(plane.api, "after", ended)["status"]["phase"] == "Succeeded"


def test_of_a_node_that_lost_its_power_the_cluster_tells_and_nothing_is_left_on_the_machine():
    with running_control_plane() as plane, node.running_node(plane) as real:
        pod = trimmed(lose_node(real, plane.api))
        assert pod == recorded(NODE_GONE)["pod"]
        assert (real.folder, []) == (only(crashed_here(real)), processes_of(real))
        groups = node.groups_of(real.folder)
        assert groups
        node.prepare().stop()
        assert not any(group.exists() for group in groups)
        assert not real.folder.exists()
        assert not Path(f"/sys/class/net/{real.bridge}").exists()


def crashed_here(real: RealNode) -> list[Path]:
    return [left.folder for left in node.crashed() if left.folder == real.folder]


def only(found: list[Path]) -> Path:
    assert len(found) == 1
    return found[0]


def processes_of(real: RealNode) -> list[str]:
    """Return the command lines that name a node's folder, and the mounts of anybody below it."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command, mounts = (path / "cmdline").read_text(), (path / "mountinfo").read_text()
        except OSError:
            continue
        if str(real.folder) in command + mounts:
            found.append(command)
    return found


def test_a_node_whose_user_was_killed_is_ended_by_the_next_one():
    with running_control_plane() as plane:
        script = (
            "import sys; from tests.testbed.kubernetes import control, node\n"
            "from pathlib import Path\n"
            "plane = control.load(Path(sys.argv[1]).read_text())\n"
            "with node.running_node(plane) as real:\n"
            "    print(real.folder, flush=True)\n"
            "    sys.stdin.read()\n"
        )
        saved = plane.folder / "plane.json"
        saved.write_text(control.save(plane))
        user = subprocess.Popen(
            [sys.executable, "-c", script, str(saved)], stdin=-1, stdout=-1, cwd=EXAMPLES.parent
        )
        with user:
            real = node.load(Path(user.stdout.readline().decode().strip()))
            user.kill()
        assert real.running()
        node.prepare().stop()
        assert (real.running(), processes_of(real), real.folder.exists()) == (False, [], False)
