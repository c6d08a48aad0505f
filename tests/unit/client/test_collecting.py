"""What goes with a request, and what the service makes of it: on files, hubs and servers."""

import json
from datetime import UTC, datetime

import pytest

from polyflow.specifications.collecting import Options, collected, read_specification, sent_with
from polyflow_services.spec_validator.act import Validator
from polyflow_shared.broker.codec import encode
from polyflow_shared.broker.port import Record
from polyflow_shared.language.references import ReferenceKind, file_reference
from polyflow_shared.references.fetching import Places
from polyflow_topics.events import RequestRejected
from polyflow_topics.requests import RequestPipeline, SpecificationFile
from tests.unit.references.servers import ok, serving

JOB = "run: {kind: job, container: {image: i, command: [a]}}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows" / "parts").mkdir(parents=True)
    (tmp_path / "flows" / "parts" / "job.yaml").write_text(JOB)
    (tmp_path / "flows" / "parts" / "far.yaml").write_text("pathRef: ../parts/job.yaml\n")
    (tmp_path / "hub" / "own").mkdir(parents=True)
    (tmp_path / "hub" / "own" / "latest.yaml").write_text("pathRef: part.yaml\n")
    (tmp_path / "hub" / "own" / "part.yaml").write_text(JOB)
    return tmp_path


def sent(text, file="flows/main.yaml", **options):
    return sent_with(read_specification(text), file, Options(**options))


async def answered(text, fields, places):
    """Return what a service that knows these places answers to a request."""
    request = RequestPipeline.model_validate({"specification": text, "request": "1", **fields})
    at = datetime(2026, 1, 1, tzinfo=UTC)
    out = encode(request, source="/me", at=at)
    record = Record(out.topic, 0, 0, out.key, out.value, out.headers, at)
    return await Validator(places=places).act(record)


async def problems(text, fields, places=None):
    (message,) = await answered(text, fields, places or Places())
    assert isinstance(message, RequestRejected)
    return message.problems


async def planned(text, fields, places=None):
    _, part, *_ = await answered(text, fields, places or Places())
    return [operation.container.image for operation in part.operations]


def test_what_refers_to_nothing_goes_alone(folder):
    assert sent(JOB) == {"file": "flows/main.yaml"}
    assert sent(JOB, file="") == {}


async def test_files_go_with_a_request_over_several_steps_and_need_no_file_there(folder):
    fields = sent("pathRef: parts/far.yaml")
    assert fields["references"] == [
        {"name": "pathRef flows/parts/far.yaml", "text": "pathRef: ../parts/job.yaml\n"},
        {"name": "pathRef flows/parts/job.yaml", "text": JOB},
    ]
    assert await planned("pathRef: parts/far.yaml", json.loads(json.dumps(fields))) == ["i"]


async def test_files_of_what_is_laid_over_go_as_well(folder):
    (folder / "over.yaml").write_text("")
    over = SpecificationFile(name="over.yaml", text="isPreset: true\ntermination: {maxRetries: 1}\n")
    fields = sent("pathRef: parts/job.yaml", overlays=[over])
    assert [one["name"] for one in fields["overlays"]] == ["over.yaml"]
    assert await planned("pathRef: parts/job.yaml", fields) == ["i"]


async def test_components_of_the_clients_hubs_go_with_what_they_refer_to(folder):
    fields = sent("hubRef: own", hubs=["hub"])
    assert [one["name"] for one in fields["references"]] == [
        "hubRef own:latest",
        "pathRef own/part.yaml within own:latest",
    ]
    assert await planned("hubRef: own", fields) == ["i"]


async def test_a_component_that_the_client_does_not_have_may_be_in_a_hub_of_the_service(folder):
    fields = sent("hubRef: own")
    assert fields["references"] == []
    assert await planned("hubRef: own", fields, Places(hubs=[str(folder / "hub")])) == ["i"]
    (problem,) = await problems("hubRef: own", fields, Places(hubs=[str(folder / "other")]))
    assert (problem.code, problem.path) == ("PF7002", "hubRef")
    assert f"searched: `{folder}/other`" in problem.message


async def test_what_is_sent_comes_before_the_hubs_of_the_service(folder):
    (folder / "theirs" / "own").mkdir(parents=True)
    (folder / "theirs" / "own" / "latest.yaml").write_text(JOB.replace("image: i", "image: theirs"))
    places = Places(hubs=[str(folder / "theirs")])
    assert await planned("hubRef: own", {}, places) == ["theirs"]
    assert await planned("hubRef: own", sent("hubRef: own", hubs=["hub"]), places) == ["i"]


NOT_READ = {
    "there is none": ("gone.yaml", "PF7002", "there is no file `flows/gone.yaml`"),
    "it is elsewhere": ("../../secret.yaml", "PF7003", "`../secret.yaml` is outside"),
    "it is a folder": ("parts", "PF7004", "`flows/parts` is not a file"),
    "it is no path": ("https://e.org/a", "PF7001", "is no path"),
}


@pytest.mark.parametrize(("path", "code", "words"), NOT_READ.values(), ids=NOT_READ)
async def test_a_file_is_refused_for_what_the_client_has_found(folder, path, code, words):
    text = f"pathRef: {path}"
    (problem,) = await problems(text, sent(text))
    assert (problem.code, problem.path, problem.line) == (code, "pathRef", 1)
    assert words in problem.message


async def test_a_file_that_was_not_sent_is_refused_with_that_reason(folder):
    (problem,) = await problems("pathRef: flows/parts/job.yaml", {})
    assert problem.code == "PF7007"
    assert "`flows/parts/job.yaml` did not come with the request" in problem.message


async def test_a_problem_of_a_code_that_is_not_known_is_told_as_well(folder):
    problem = {"code": "PF9999", "message": "the moon is wrong", "hint": "wait"}
    fields = {"references": [{"name": "pathRef a.yaml", "problem": problem}]}
    (told,) = await problems("pathRef: a.yaml", fields)
    assert (told.code, told.message, told.hint) == ("PF7002", "the moon is wrong", "wait")


async def test_urls_are_fetched_by_the_service_where_its_settings_allow_them(folder):
    with serving({"/a/b.yaml": ok(b"pathRef: c.yaml\n"), "/a/c.yaml": ok(JOB.encode())}) as server:
        text = f"urlRef: {server.url}/a/b.yaml"
        fields = sent(text)
        assert fields["references"] == []
        assert server.requests == []
        assert await planned(text, fields, Places(private_hosts=["127.0.0.1"])) == ["i"]
        (problem,) = await problems(text, fields)
    assert (problem.code, problem.path) == ("PF7003", "urlRef")


async def test_a_problem_in_a_file_is_told_with_the_file_and_its_lines(folder):
    (folder / "flows" / "parts" / "job.yaml").write_text(f"naem: x\n{JOB}")
    text = "pathRef: parts/far.yaml"
    (problem,) = await problems(text, sent(text))
    assert (problem.file, problem.line, problem.column) == ("flows/parts/job.yaml", 1, 1)
    assert "`naem`" in problem.message


async def test_a_circle_of_files_is_told_with_its_chain(folder):
    (folder / "flows" / "parts" / "job.yaml").write_text("pathRef: far.yaml\n")
    text = "pathRef: parts/far.yaml"
    (problem,) = await problems(text, sent(text))
    assert problem.code == "PF7005"
    chain = "pathRef flows/parts/far.yaml -> pathRef flows/parts/job.yaml -> pathRef flows/parts/far.yaml"
    assert problem.message.endswith(chain)


def test_a_check_is_offline_unless_told_otherwise(folder):
    with serving({"/": ok(JOB.encode())}) as server:
        read = read_specification(f"urlRef: {server.url}")
        offline = collected(read, "a.yaml", Options(private_hosts=["127.0.0.1"]))
        online = collected(read, "a.yaml", Options(private_hosts=["127.0.0.1"], online=True))
    place = file_reference("a.yaml")
    assert "offline" in offline.get(place, ReferenceKind.URL, server.url).message
    assert online.get(place, ReferenceKind.URL, server.url).text == JOB
    assert len(server.requests) == 1
