"""Connections of a request: planned where its project may use them, refused with the reason where not."""

import json

import pytest

from polyflow_services.spec_validator.checked import check
from polyflow_services.spec_validator.core import Installation
from polyflow_shared.declared.connections.catalogue import read
from tests.unit.spec_validator.requests import plan, problems, record, validate

CATALOGUE = read(
    """
connections:
- {name: data, kind: volume_claim, schema: {volumeClaim: digits, mountPath: /data}}
- {name: other, kind: host_path, schema: {hostPath: /srv, mountPath: /data/}}
- {name: keys, kind: custom, secret: {name: s, mountPath: /keys}}
- {name: lake, kind: s3, schema: {bucket: 's3://lake'}, secret: {name: s3}, projects: [vision], owners: [ana]}
""",
    "connections.yaml",
)
THERE = Installation(frozenset({"local", "gpu"}), CATALOGUE)
JOB = "run: {{kind: job, container: {{image: a, command: [b]{}}}, connections: [{}]}}"


def ask(text, installation=THERE, **fields):
    body = json.dumps({"specification": text, **fields}).encode()
    return validate(record(body), installation=installation)


def test_a_connection_is_part_of_the_pod():
    _, operations, *_ = plan(ask(JOB.format("", "lake, data, lake"), project="vision", owner="ana"))
    container, parts = operations["main"].container, operations["main"].parts
    assert [source.name for source in container.env_from] == ["s3"]
    assert json.loads(container.env["POLYFLOW_CONNECTION_LAKE"])["bucket"] == "s3://lake"
    assert [volume["name"] for volume in parts.volumes] == ["connection-data"]
    assert operations["main"].templated is False


def test_a_dag_hands_its_connections_down():
    text = f"run: {{kind: dag, connections: [data], operations: [{{name: a, {JOB.format('', '')}}}]}}"
    _, operations, *_ = plan(ask(text))
    assert [volume["name"] for volume in operations["a"].parts.volumes] == ["connection-data"]


BUCKET = ", args: ['{{ connections.lake.bucket }}/x', '{{ connections[\"lake\"].kind }}']"


def test_templates_may_name_where_a_connection_leads():
    _, operations, *_ = plan(ask(JOB.format(BUCKET, "lake, data"), project="vision", owner="ana"))
    assert operations["main"].templated is True
    assert operations["main"].connections == {
        "lake": {"kind": "s3", "bucket": "s3://lake"},
        "data": {"kind": "volume_claim", "volumeClaim": "digits", "mountPath": "/data"},
    }


TEMPLATES = {
    "a connection that is not used": ("connections.data.volumeClaim", "does not use a connection `data`", ""),
    "a field that there is not": ("connections.lake.buckt", "`connections.lake.buckt` does not exist", "`bucket`"),
    "a secret": ("connections.lake.secret", "`connections.lake.secret` does not exist", ""),
}  # fmt: skip


@pytest.mark.parametrize(("name", "says", "hint"), TEMPLATES.values(), ids=TEMPLATES)
def test_a_wrong_name_in_a_template_is_told(name, says, hint):
    text = JOB.format(f", args: ['{{{{ {name} }}}}']", "lake")
    (found,) = problems(ask(text, project="vision", owner="ana"))
    assert (found.code, found.path) == ("PF5002", "run.container.args[0]")
    assert says in found.message
    assert hint in found.hint


def test_a_connection_may_be_named_by_a_value():
    name = "{{ connections[which].bucket if which in connections else none }}"
    text = f"inputs: [{{name: which, value: lake}}]\n{JOB.format(f', args: [{json.dumps(name)}]', 'lake')}"
    plan(ask(text, project="vision", owner="ana"))


def test_a_check_knows_which_connections_are_used_and_not_where_they_lead():
    text = JOB.format(", args: ['{{ connections.%s.anything }}']", "lake")
    assert check(text % "lake", file="a.yaml").errors == ()
    (found,) = check(text % "lakes", file="a.yaml").errors
    assert (found.message, found.hint) == (
        "the operation does not use a connection `lakes`",
        "did you mean `lake`?",
    )


REFUSED = {
    "one that there is not": ("date", {}, "PF3024", "there is no connection `date`"),
    "one of another project": ("lake", {"owner": "ana"}, "PF3025", "project `default` has no access"),
    "one of another owner": ("lake", {"project": "vision"}, "PF3025", "owner `default` has no access"),
    "files on this machine": ("keys", {}, "PF2005", "`keys` has files, which processes"),
}


@pytest.mark.parametrize(("name", "fields", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_a_connection_is_refused_with_the_reason(name, fields, code, says):
    (found,) = problems(ask(JOB.format("", name), **fields))
    assert (found.code, found.path, found.line) == (code, "run.connections[0]", 1)
    assert says in found.message


def test_files_are_no_matter_on_another_cluster():
    plan(ask(f"queue: gpu\n{JOB.format('', 'keys')}"))


CLASHES = {
    "with another connection": (("", "data, other"), "run.connections[1]", "and so is data"),
    "with a volume": (
        (", volumeMounts: [{name: v, mountPath: /data}]", "data"),
        "run.connections[0]",
        "and so is another volume",
    ),
}


@pytest.mark.parametrize(("fields", "path", "says"), CLASHES.values(), ids=CLASHES)
def test_two_things_in_one_folder_are_refused(fields, path, says):
    text = f"volumes: [{{name: v, emptyDir: {{}}}}]\n{JOB.format(*fields)}"
    (found,) = problems(ask(text))
    assert (found.code, found.path) == ("PF6005", path)
    assert says in found.message


def test_a_check_does_not_know_which_connections_there_are():
    assert check(JOB.format("", "anything"), file="a.yaml").warnings == ()


def test_without_a_catalogue_there_are_none():
    (found,) = problems(ask(JOB.format("", "data"), Installation()))
    assert "POLYFLOW_CONNECTIONS" in found.hint
