"""What a catalogue of connections may say, what is said of a wrong one, and who may use what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.declared.catalogues import CatalogueError
from polyflow_shared.declared.connections.catalogue import EMPTY, load, read
from polyflow_shared.declared.connections.models import Connection
from polyflow_shared.language.findings import Finding

RIGHT = """
connections:
- name: data
  kind: volume_claim
  description: Pictures of digits
  tags: [digits]
  schema: {volumeClaim: digits, mountPath: /data, readOnly: true}
- {name: scratch, kind: host_path, schema: {hostPath: /tmp, mountPath: /scratch}}
- name: lake
  kind: s3
  schema: {bucket: "s3://lake"}
  secret: {name: s3, items: [AWS_ACCESS_KEY_ID], mountPath: /keys, defaultMode: 256}
  configMap: {name: region}
  env: [{name: AWS_REGION, value: eu-central-1}]
  annotations: {team: data}
  projects: [vision, speech]
  owners: ana
- {name: hook, kind: webhook, schema: {url: "https://example.org"}}
"""


def test_a_catalogue_is_read():
    found = read(RIGHT, "connections.yaml").connections
    assert list(found) == ["data", "scratch", "lake", "hook"]
    assert found["data"].schema_.read_only is True
    assert (found["lake"].projects, found["lake"].owners) == (["vision", "speech"], ["ana"])


ONE = "connections:\n- {{name: a, kind: custom, {}}}\n"
WRONG = {
    "nothing in it": ("", "c.yaml:1:1: the document is empty"),
    "no YAML": ("connections: [", "c.yaml:1:14: `[` opens here"),
    "a list": ("- name: a", "c.yaml:1:1: a catalogue is a map (hint: write `connections:` above the list)"),
    "a field that there is not": (ONE.format("buckt: b"), "c.yaml:2:27: unknown field `buckt`"),
    "a field of the wrong type": (ONE.format("schema: 5"), "c.yaml:2:35: `schema`: this should be a map"),
    "a kind that there is not": ("connections: [{name: a, kind: s4}]", "c.yaml:1:31: "),
    "a name that volumes cannot have": (
        "connections: [{name: A_b, kind: custom}]",
        "c.yaml:1:22: `A_b` cannot be the name of a connection",
    ),
    "a path that is none": (
        ONE.format("schema: {mountPath: data}"),
        "c.yaml:2:47: `data` is no absolute path (hint: write `/data`)",
    ),
    "a kind without what it needs": (
        "connections: [{name: a, kind: volume_claim, schema: {volumeClaim: b}}]",
        "c.yaml:1:53: a `volume_claim` needs `mountPath` in its `schema`",
    ),
    "a secret without a name": (ONE.format("secret: {}"), "c.yaml:2:35: field `name` is required"),
    "a mode that is none": (ONE.format("secret: {name: s, defaultMode: 5000}"), "c.yaml:2:58: "),
    "a variable that is none": (ONE.format("env: [{nam: A}]"), "unknown field `nam` of EnvVar"),
    "a name twice": (
        "connections:\n- {name: a, kind: custom}\n- {name: a, kind: custom}",
        "c.yaml:3:10: there is another connection `a`",
    ),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_catalogue_says_where(text, says):
    with pytest.raises(CatalogueError) as raised:
        read(text, "c.yaml")
    assert says in str(raised.value)


def test_all_that_is_wrong_is_said_at_once_with_hints():
    text = "connections:\n- {name: a, knd: custom}\n- {name: b, kind: custom, projcts: [p]}\n"
    with pytest.raises(CatalogueError) as raised:
        read(text, "c.yaml")
    said = str(raised.value)
    assert "c.yaml:2:13: unknown field `knd` (hint: did you mean `kind`?)" in said
    assert "c.yaml:3:27: unknown field `projcts` (hint: did you mean `projects`?)" in said


def test_a_guess_is_made_deeper_down_as_well():
    with pytest.raises(CatalogueError) as raised:
        read(ONE.format("secret: {name: s, mountpath: /a}, schema: {bukket: b}"), "c.yaml")
    assert "did you mean `mountPath`" in str(raised.value)
    assert "did you mean `bucket`" in str(raised.value)


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(CatalogueError, match=r"gone\.yaml: no such file"):
        load(tmp_path / "gone.yaml")


def test_a_file_is_read(tmp_path):
    (tmp_path / "c.yaml").write_text(RIGHT)
    assert load(tmp_path / "c.yaml") == read(RIGHT, "c.yaml")


ACCESS = {
    "anyone where nothing is said": ("data", "x", "y", None),
    "a project and an owner that are named": ("lake", "vision", "ana", None),
    "another project": ("lake", "x", "ana", "project `x` has no access to the connection `lake`"),
    "another owner": ("lake", "vision", "bob", "owner `bob` has no access to the connection `lake`"),
    "nothing of that name": ("late", "vision", "ana", "there is no connection `late`"),
}


@pytest.mark.parametrize(("name", "project", "owner", "says"), ACCESS.values(), ids=ACCESS)
def test_access_is_by_project_and_owner(name, project, owner, says):
    found = read(RIGHT, "c.yaml").find(name, project=project, owner=owner)
    if says is None:
        assert isinstance(found, Connection)
    else:
        assert isinstance(found, Finding)
        assert found.message == says


def test_a_guess_is_made_among_what_may_be_used():
    catalogue = read(RIGHT, "c.yaml")
    assert str(catalogue.find("lakes", project="vision", owner="ana").hint) == "did you mean `lake`?"
    assert str(catalogue.find("lakes", project="x", owner="ana").hint) == ""
    assert "POLYFLOW_CONNECTIONS" in str(EMPTY.find("lake", project="x", owner="ana").hint)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_text_is_a_catalogue_or_is_refused(text):
    try:
        found = read(text, "c.yaml").connections
    except CatalogueError:
        return
    assert found == {}  # nothing random is a connection
