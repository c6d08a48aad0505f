"""The examples that the project began with: as they are printed, and completed so that they run to their end."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import CommandLine

SEEDS = Path(__file__).parents[1] / "fixtures" / "seeds"
COMPLETED = SEEDS / "completed"

PRINTED = {
    "000_headers_lost": ["5:3: a list item is indented deeper than `name`", "PF1003"],
    "001_indents_lost": ["9:1: a list item stands at the level of `bucket`", "PF1003"],
    "002": [
        "6:5: input `input-bucket` needs a value",
        "hint: `bucket` is given and not declared",
        "9:7: no input or output `bucket` is declared",
        "hint: did you mean `input-bucket`?",
        "11:13: `deep-wide-model:latest` is in no hub; searched: `{home}/hub`",
        "the container has the name `data-processing-image` and no image",
        "hint: did you mean `image: data-processing-image`?",
        "this is the version 1 dialect",
        "`polyflow migrate FILE` rewrites the file",
    ],
    "003_headers_lost": ["7:3: `kind` is indented deeper than `name`", "PF1003"],
    "004_components": ["19:30: a comma cannot follow a value here", "hint: remove the comma"],
    "004_concurrency": ["2:9: kind `dag` cannot stand here", "hint: a DAG belongs under `run:`"],
    "004_dots": [
        "4:3: `...` is neither a field nor a list item",
        "`...` stands for something that was left out",
    ],
    "004_early_stopping": ["hint: a DAG belongs under `run:`"],
    "004_indents_lost": ["7:1: `...` at the beginning of a line ends the document"],
    "004_operations": [
        "7:7: `params`: this should be a map, not `...`",
        "`...` stands for something that was left out",
        "`component1:2.1` is in no hub",
        "https://some_url.com was not looked at",
    ],
    "004_usage": ["2:3: a DAG needs `operations`"],
}


def test_every_printed_example_is_here():
    assert {path.stem for path in (SEEDS / "as_printed").iterdir()} == set(PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_as_printed_it_is_refused_with_what_is_wrong(polyflow: CommandLine, name: str) -> None:
    done = polyflow("check", SEEDS / "as_printed" / f"{name}.yaml")
    assert done.returncode == 1
    for said in PRINTED[name]:
        assert said.format(home=polyflow.home) in done.stdout


@pytest.fixture
def web() -> Iterator[str]:
    """Serve the component that the example refers to by its URL; yield host and port."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=SEEDS / "web")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def statuses(view: dict) -> dict[str, str]:
    return {name: operation["status"] for name, operation in view["operations"].items()}


def test_the_example_of_version_1_runs_to_its_end(polyflow: CommandLine) -> None:
    view = polyflow.json("run", COMPLETED / "000_001_002.yaml", "--hub", SEEDS / "hub")
    assert statuses(view) == {"job1": "succeeded", "deep-wide-experiment": "succeeded"}
    assert view["operations"]["deep-wide-experiment"]["outputs"] == {"loss": 0.0005}


def test_the_example_of_the_beta_runs_to_its_end(polyflow: CommandLine) -> None:
    view = polyflow.json("run", COMPLETED / "003.yaml", "--hub", SEEDS / "hub", "--once")
    assert statuses(view) == {"job1": "succeeded", "deep-wide-experiment": "succeeded"}
    assert view["operations"]["job1"]["attempts"] == 2  # it fails once, and `max_restarts` is 2


def test_the_example_of_the_beta_builds_its_image_and_has_its_secret(polyflow: CommandLine) -> None:
    (polyflow.home / "secrets").mkdir(parents=True)
    (polyflow.home / "secrets" / "s3-secret.env").write_text("KEY=hidden")
    view = polyflow.json("run", COMPLETED / "003_with_build.yaml", "--hub", SEEDS / "hub", "--once")
    assert set(statuses(view)) == {"job1-build", "job1", "deep-wide-experiment"}
    assert set(statuses(view).values()) == {"succeeded"}
    assert polyflow("logs", "latest", "job1-build").stdout == "built from dockerfiles/Dockerfile\n"


def test_the_example_of_the_specification_runs_to_its_end(polyflow: CommandLine, web: str) -> None:
    path = polyflow.file((COMPLETED / "004.yaml").read_text().replace("HOST", web))
    polyflow.environment["POLYFLOW_PRIVATE_HOSTS"] = "127.0.0.1"
    view = polyflow.json("run", path, "--hub", SEEDS / "hub")
    assert set(statuses(view).values()) == {"succeeded"}
    assert statuses(view).keys() == {"job1", "job2", "job3", "download-url1", "download-url2"}


def test_a_url_at_a_private_address_is_refused_unless_it_is_allowed(polyflow: CommandLine, web: str) -> None:
    path = polyflow.file((COMPLETED / "004.yaml").read_text().replace("HOST", web))
    done = polyflow("run", path, "--hub", SEEDS / "hub")
    assert done.returncode == 2
    assert "PF7003" in done.stderr


def test_the_example_in_python_runs_to_its_end(polyflow: CommandLine) -> None:
    view = polyflow.json("run", "-pm", f"{COMPLETED / 'flow.py'}:dag")
    assert statuses(view) == {"first": "succeeded", "second": "succeeded"}


def test_the_example_in_python_uses_a_connection_that_is_declared(polyflow: CommandLine) -> None:
    flow = f"{COMPLETED / 'flow.py'}:with_volumes"
    done = polyflow("run", "-pm", flow)
    assert done.returncode == 2
    assert "flow.py: there is no connection `connection-name1`" in done.stderr
    polyflow.home.joinpath("connections.yaml").write_text(
        "connections: [{name: connection-name1, kind: s3, schema: {bucket: 's3://digits'}}]"
    )
    assert statuses(polyflow.json("run", "-pm", flow)) == {"first": "succeeded", "second": "succeeded"}
