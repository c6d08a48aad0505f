"""Hubs, and one port for all references."""

import json

import pytest

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import Reference, ReferenceKind, file_reference
from polyflow_shared.references.errors import MissingError, NotReadError, UnreachableError
from polyflow_shared.references.fetching import MAX_FAILURES, Fetcher, Places
from polyflow_shared.references.files import Files
from polyflow_shared.references.hubs import FolderHub, Hubs, TakenError, WebHub, hub_at
from tests.unit.references.servers import ok, serving, status

FILES = {
    "kaniko/latest.yaml": "kaniko",
    "kaniko/v1.yml": "kaniko one",
    "kaniko/steps.yaml": "steps",
    "acme/train/v2.yaml": "train two",
    "README.md": "not a component",
    "kaniko/notes.txt": "nor this",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "hub" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "hub"


@pytest.fixture
def hubs(folder):
    return Hubs([FolderHub(folder)])


@pytest.mark.parametrize(
    ("name", "text"),
    [("kaniko:latest", "kaniko"), ("kaniko:v1", "kaniko one"), ("acme/train:v2", "train two")],
)
def test_a_component_is_found_by_name_and_tag(hubs, name, text):
    assert hubs.read(name) == text


def test_the_first_hub_that_has_it_answers(folder, tmp_path):
    FolderHub(tmp_path / "own").add("kaniko:latest", "my kaniko")
    hubs = Hubs([FolderHub(tmp_path / "own"), FolderHub(folder)])
    assert hubs.read("kaniko:latest") == "my kaniko"
    assert hubs.read("kaniko:v1") == "kaniko one"


def test_a_missing_component_says_where_it_was_searched_and_what_there_is(folder, tmp_path):
    hubs = Hubs([FolderHub(tmp_path / "empty"), FolderHub(folder)])
    with pytest.raises(MissingError) as raised:
        hubs.read("kanico:latest")
    assert str(raised.value) == f"`kanico:latest` is in no hub; searched: `{tmp_path}/empty`, `{folder}`"
    assert str(raised.value.hint) == "did you mean `kaniko`?"


def test_a_missing_tag_names_those_that_there_are(hubs):
    with pytest.raises(MissingError) as raised:
        hubs.read("kaniko:v9")
    assert raised.value.hint == "known tags of `kaniko`: latest, steps, v1"


def test_without_hubs_nothing_is_found():
    with pytest.raises(MissingError, match="there is no hub to search for `a:latest`"):
        Hubs([]).read("a:latest")


def test_a_link_out_of_the_hub_is_not_followed(folder, hubs, tmp_path):
    (tmp_path / "secret.yaml").write_text("secret")
    (folder / "kaniko" / "bad.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "kaniko" / "stable.yaml").symlink_to("latest.yaml")
    assert hubs.read("kaniko:stable") == "kaniko"
    with pytest.raises(UnreachableError, match="leads out of the hub"):
        hubs.read("kaniko:bad")


def test_a_folder_lists_its_components(folder, tmp_path):
    assert FolderHub(folder).entries() == ["acme/train:v2", "kaniko:latest", "kaniko:steps", "kaniko:v1"]
    assert FolderHub(tmp_path / "none").entries() == []


def test_a_component_is_added_and_not_replaced_unless_that_is_meant(tmp_path):
    hub = FolderHub(tmp_path / "new")
    assert hub.add("acme/train:v1", "one") == tmp_path / "new" / "acme" / "train" / "v1.yaml"
    with pytest.raises(TakenError, match="`acme/train:v1` is in the hub already"):
        hub.add("acme/train:v1", "two")
    assert Hubs([hub]).read("acme/train:v1") == "one"
    hub.add("acme/train:v1", "two", force=True)
    assert Hubs([hub]).read("acme/train:v1") == "two"
    assert [path.name for path in (tmp_path / "new" / "acme" / "train").iterdir()] == ["v1.yaml"]


def test_a_file_with_the_other_suffix_is_the_same_component(folder):
    hub = FolderHub(folder)
    with pytest.raises(TakenError):
        hub.add("kaniko:v1", "two")
    assert hub.add("kaniko:v1", "two", force=True) == folder / "kaniko" / "v1.yml"


def test_a_hub_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotReadError, match="cannot be written"):
        FolderHub(tmp_path / "file").add("a:latest", "x")


def test_a_hub_may_be_a_web_address_at_a_private_host():
    with serving({"/hub/kaniko/latest.yaml": ok(b"kaniko"), "/hub/acme/a/v1.yml": ok(b"a one")}) as server:
        hubs = Hubs([hub_at(f"{server.url}/hub/")])
        assert hubs.read("kaniko:latest") == "kaniko"
        assert hubs.read("acme/a:v1") == "a one"
        with pytest.raises(MissingError, match=f"searched: `{server.url}/hub`"):
            hubs.read("gone:latest")


@pytest.mark.parametrize("place", ["http://", "http://[::1", "https://a:b", "https://me:secret@e.org"])
def test_a_web_address_that_is_no_url_is_told(place):
    for ask in (lambda hub: hub.read("a/latest.yaml"), lambda hub: hub.entries()):
        with pytest.raises(UnreachableError, match="the address of a hub is wrong") as raised:
            ask(hub_at(place))
        assert "secret" not in str(raised.value)


def test_a_file_is_no_hub(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreachableError, match="is not a folder"):
        FolderHub(tmp_path / "file").entries()


def test_a_web_address_is_listed_by_its_index():
    index = json.dumps(["kaniko:latest", "acme/a:v1", "../a:b", "no tag", 5]).encode()
    with serving({"/index.json": ok(index)}) as server:
        assert WebHub(server.url).entries() == ["kaniko:latest", "acme/a:v1"]
        with pytest.raises(MissingError) as raised:
            Hubs([WebHub(server.url)]).read("kanico:latest")
        assert str(raised.value.hint) == "did you mean `kaniko`?"


@pytest.mark.parametrize("reply", [ok(b"{}"), ok(b"[" * 100_000), ok(b"a: b"), status("404 Not Found")])
def test_a_web_address_without_an_index_cannot_be_listed(reply):
    with serving({"/index.json": reply}) as server, pytest.raises(UnreachableError, match=r"`?index\.json`?"):
        WebHub(server.url).entries()


def test_a_hub_that_fails_is_not_passed_over(folder):
    """A later hub may have another component of the same name."""
    busy = {"/kaniko/latest.yaml": status("503 Busy")}
    with serving(busy) as server, pytest.raises(UnreachableError, match="answered with 503"):
        Hubs([WebHub(server.url), FolderHub(folder)]).read("kaniko:latest")


def fetcher(folder, **places):
    return Fetcher(Places(hubs=[str(folder)], files=Files(folder.parent, [folder.parent]), **places))


def test_each_kind_of_reference_is_read_where_it_belongs(folder):
    (folder.parent / "a.yaml").write_text("a file")
    (folder.parent / "saved").mkdir()
    (folder.parent / "saved" / "slow.yaml").write_text("a preset")
    with serving({"/": ok(b"the web")}) as server:
        fetch = fetcher(folder, presets=[folder.parent / "saved"], private_hosts=["127.0.0.1"])
        assert fetch(file_reference("a.yaml")) == "a file"
        assert fetch(Reference(ReferenceKind.HUB, "kaniko:latest")) == "kaniko"
        assert fetch(Reference(ReferenceKind.PATH, "kaniko/steps.yaml", "kaniko:latest")) == "steps"
        assert fetch(Reference(ReferenceKind.PRESET, "slow")) == "a preset"
        assert fetch(Reference(ReferenceKind.URL, f"{server.url}/")) == "the web"


def test_a_path_in_a_hub_is_of_the_hub_that_the_component_is_from(folder, tmp_path):
    own = tmp_path / "own"
    FolderHub(own).add("other:latest", "x")
    (own / "kaniko").mkdir()
    (own / "kaniko" / "steps.yaml").write_text("other steps")
    fetch = Fetcher(Places(hubs=[str(own), str(folder)]))
    assert fetch(Reference(ReferenceKind.PATH, "kaniko/steps.yaml", "kaniko:latest")) == "steps"


MISSING = {
    "a file": (file_reference("gone.yaml"), Code.REFERENCE_MISSING),
    "a file outside": (file_reference("../../a.yaml"), Code.REFERENCE_FORBIDDEN),
    "a component": (Reference(ReferenceKind.HUB, "gone:latest"), Code.REFERENCE_MISSING),
    "a path in a hub": (Reference(ReferenceKind.PATH, "a.yaml", "kaniko:latest"), Code.REFERENCE_MISSING),
    "a preset": (Reference(ReferenceKind.PRESET, "gone"), Code.REFERENCE_MISSING),
    "a private URL": (Reference(ReferenceKind.URL, "http://127.0.0.1/"), Code.REFERENCE_FORBIDDEN),
}


@pytest.mark.parametrize(("reference", "code"), MISSING.values(), ids=MISSING)
def test_what_cannot_be_read_is_a_finding(folder, reference, code):
    found = fetcher(folder)(reference)
    assert isinstance(found, Finding)
    assert (found.code, found.path) == (code, ())


def test_files_are_not_the_business_of_a_machine_without_them():
    assert Fetcher(Places())(file_reference("a.yaml")).code is Code.REFERENCE_NOT_SENT


def test_after_many_failures_the_web_is_left_alone():
    fetch = Fetcher(Places())
    found = [fetch(Reference(ReferenceKind.URL, f"http://127.0.0.1/{i}")) for i in range(MAX_FAILURES + 1)]
    assert {one.code for one in found[:-1]} == {Code.REFERENCE_FORBIDDEN}
    assert found[-1].code is Code.REFERENCE_LIMIT


def test_a_hub_of_the_web_that_is_down_is_not_asked_a_thousand_times():
    with serving({}) as server:
        gone = server.url
    fetch = Fetcher(Places(hubs=[gone]))
    found = [fetch(Reference(ReferenceKind.HUB, f"c{i}:latest")) for i in range(MAX_FAILURES + 1)]
    assert {one.code for one in found[:-1]} == {Code.REFERENCE_UNREACHABLE}
    assert found[-1].code is Code.REFERENCE_LIMIT


def test_after_a_minute_of_waiting_the_web_is_left_alone_and_the_rest_is_read(folder):
    moments = iter([0.0, 30.0, 100.0, 129.0, 200.0, 209.0])
    with serving({"/": ok(b"x")}) as server:
        fetch = Fetcher(
            Places(hubs=[str(folder)], private_hosts=["127.0.0.1"]), monotonic=lambda: next(moments)
        )
        url = Reference(ReferenceKind.URL, f"{server.url}/")
        assert [fetch(url) for _ in range(3)] == ["x", "x", "x"]
        assert fetch(url).code is Code.REFERENCE_LIMIT
    assert fetch(Reference(ReferenceKind.HUB, "kaniko:latest")) == "kaniko"
