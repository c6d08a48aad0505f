"""What references mean, where documents have them, and how they are collected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import Document, read
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import Reference, ReferenceKind, file_reference, mentions, resolved
from polyflow_shared.language.sources import Limits, Referenced, collect

PATH, HUB, URL = ReferenceKind.PATH, ReferenceKind.HUB, ReferenceKind.URL
TOP = file_reference("flows/main.yaml")
IN_HUB = Reference(HUB, "acme/train:v1")
BESIDE = Reference(PATH, "acme/parts/a.yaml", "acme/train:v1")
ON_WEB = Reference(URL, "https://example.org/flows/main.yaml")

MEANT = {
    "a neighbour": (PATH, "train.yaml", TOP, Reference(PATH, "flows/train.yaml")),
    "a neighbour, with a dot": (PATH, "./train.yaml", TOP, Reference(PATH, "flows/train.yaml")),
    "a file above": (PATH, "../../lib/train.yaml", TOP, Reference(PATH, "../lib/train.yaml")),
    "an absolute path": (PATH, "//lib/train.yaml", TOP, Reference(PATH, "/lib/train.yaml")),
    "a path in a bare text": (PATH, "a/b.yaml", file_reference(""), Reference(PATH, "a/b.yaml")),
    "a component without a tag": (HUB, "kaniko", TOP, Reference(HUB, "kaniko:latest")),
    "a component with a tag": (HUB, "myComponent:v1.1", TOP, Reference(HUB, "myComponent:v1.1")),
    "an owner's component": (HUB, "acme/kaniko", TOP, Reference(HUB, "acme/kaniko:latest")),
    "a URL": (URL, "https://Example.org/a.yaml#top", TOP, Reference(URL, "https://example.org/a.yaml")),
    "a path in the hub": (PATH, "../parts/a.yaml", IN_HUB, Reference(PATH, "acme/parts/a.yaml", IN_HUB.name)),
    "a path beside that": (PATH, "b.yaml", BESIDE, Reference(PATH, "acme/parts/b.yaml", IN_HUB.name)),
    "a component named in a hub": (HUB, "kaniko", BESIDE, Reference(HUB, "kaniko:latest")),
    "a path at a URL": (PATH, "../lib/a.yaml", ON_WEB, Reference(URL, "https://example.org/lib/a.yaml")),
}
WRONG = {
    "nothing": (PATH, " ", TOP, Code.REFERENCE, "is empty"),
    "a template": (PATH, "{{ name }}.yaml", TOP, Code.REFERENCE, "templates"),
    "a control character": (PATH, "a\0b", TOP, Code.REFERENCE, "printed"),
    "a very long one": (URL, "https://e.org/" + "a" * 5000, TOP, Code.REFERENCE, "more than"),
    "a URL as a path": (PATH, "https://e.org/a.yaml", TOP, Code.REFERENCE, "urlRef"),
    "a URL as a component": (HUB, "https://e.org/a.yaml", TOP, Code.REFERENCE, "urlRef"),
    "a file as a component": (HUB, "./a.yaml", TOP, Code.REFERENCE, "pathRef"),
    "a component that climbs": (HUB, "../a", TOP, Code.REFERENCE, "pathRef"),
    "a tag that climbs": (HUB, "a:../b", TOP, Code.REFERENCE, "no hub reference"),
    "two slashes": (HUB, "a/b/c", TOP, Code.REFERENCE, "no hub reference"),
    "another scheme": (URL, "file:///etc/passwd", TOP, Code.REFERENCE, "https://"),
    "no scheme": (URL, "foo", TOP, Code.REFERENCE, "https://"),
    "a password": (URL, "https://me:secret@e.org/", TOP, Code.REFERENCE_FORBIDDEN, "password"),
    "a user": (URL, "https://@e.org/", TOP, Code.REFERENCE_FORBIDDEN, "user name"),
    "a port that is none": (URL, "https://e.org:99999/", TOP, Code.REFERENCE, "no URL"),
    "a bracket": (URL, "https://[::1/", TOP, Code.REFERENCE, "no URL"),
    "a space": (URL, "https://e.org/a b", TOP, Code.REFERENCE, "space"),
    "out of the hub": (PATH, "../../../a.yaml", IN_HUB, Code.REFERENCE_FORBIDDEN, "leaves the hub"),
    "out of the hub, later": (PATH, "../../../a.yaml", BESIDE, Code.REFERENCE_FORBIDDEN, "leaves the hub"),
    "absolute in a hub": (PATH, "/etc/passwd", IN_HUB, Code.REFERENCE_FORBIDDEN, "leaves the hub"),
    "out of the server": (PATH, "../../a.yaml", ON_WEB, Code.REFERENCE_FORBIDDEN, "leaves the server"),
    "absolute on the web": (PATH, "//evil.org/a.yaml", ON_WEB, Code.REFERENCE_FORBIDDEN, "leaves the server"),
}


@pytest.mark.parametrize(("kind", "text", "owner", "meant"), MEANT.values(), ids=MEANT)
def test_a_reference_means_one_document(kind, text, owner, meant):
    assert resolved(kind, text, owner) == meant


@pytest.mark.parametrize(("kind", "text", "owner", "code", "words"), WRONG.values(), ids=WRONG)
def test_a_reference_that_cannot_be_is_told(kind, text, owner, code, words):
    finding = resolved(kind, text, owner)
    assert isinstance(finding, Finding)
    assert finding.code is code
    assert words in f"{finding.message} {finding.hint}"


@given(st.text(max_size=40), st.sampled_from(ReferenceKind), st.sampled_from([TOP, IN_HUB, BESIDE, ON_WEB]))
def test_any_text_is_a_reference_or_a_finding(text, kind, owner):
    meant = resolved(kind, text, owner)
    assert isinstance(meant, Reference | Finding)
    if isinstance(meant, Reference) and meant.within:
        assert not meant.name.startswith(("/", "../"))


@given(st.text("./ab:%?#@\\", max_size=30))
def test_a_path_never_leaves_the_server_of_its_document(text):
    meant = resolved(PATH, text, ON_WEB)
    assert isinstance(meant, Finding) or meant.name.startswith("https://example.org/")


def test_references_are_found_wherever_they_may_stand():
    found = mentions(
        read("""
        hubRef: a
        hooks: [{hubRef: b}, {trigger: done}, x]
        build: {hubRef: c}
        matrix: {kind: iterative, tuner: {hubRef: d}}
        presets: [e]
        component:
          urlRef: https://e.org
          run:
            kind: dag
            components: [{name: f, pathRef: f.yaml}]
            operations: [{name: g, dagRef: f}, {name: h, component: {hubRef: h}}, {pathRef: 5}]
        """).value
    )
    run = ("component", "run")
    assert {(mention.text, mention.path, mention.apart) for mention in found} == {
        ("a", ("hubRef",), False),
        ("b", ("hooks", 0, "hubRef"), True),
        ("c", ("build", "hubRef"), True),
        ("d", ("matrix", "tuner", "hubRef"), True),
        ("e", ("presets", 0), True),
        ("https://e.org", ("component", "urlRef"), False),
        ("f.yaml", (*run, "components", 0, "pathRef"), False),
        ("h", (*run, "operations", 1, "component", "hubRef"), False),
    }


values = st.recursive(
    st.none() | st.text(max_size=3) | st.integers(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["hubRef", "run", "operations", "component", "hooks", "build", "matrix", "tuner", "presets"]),
        inner, max_size=4,
    ),
)  # fmt: skip


@given(values)
def test_whatever_a_document_says_its_references_can_be_looked_for(value):
    for mention in mentions(value):
        part = value
        for key in mention.path[:-1] if mention.kind is ReferenceKind.PRESET else mention.path:
            part = part[key]
        assert mention.text in part


def collected(top, files, **limits):
    """Collect what a text refers to, from files by name; say what was asked for as well."""
    asked = []

    def fetch(reference):
        asked.append(reference.name)
        return files.get(reference.name) or Finding(Code.REFERENCE_MISSING, f"no {reference.name}")

    place = file_reference("a.yaml")
    return collect([(place, read(top))], fetch, limits=Limits(**limits)), place, asked


def dag(*references):
    operations = ", ".join(f"{{name: o{i}, pathRef: '{one}'}}" for i, one in enumerate(references))
    return f"run: {{kind: dag, operations: [{operations}]}}"


def test_documents_are_collected_over_several_steps_each_once():
    sources, place, asked = collected(
        dag("x/b.yaml", "x/b.yaml", "c.yaml"),
        {"x/b.yaml": "pathRef: ../c.yaml", "c.yaml": "run: {kind: job, container: {image: i}}"},
    )
    assert asked == ["x/b.yaml", "c.yaml"]
    b = sources.get(place, PATH, "x/b.yaml")
    assert isinstance(b, Referenced)
    assert sources.get(b.reference, PATH, "../c.yaml") is sources.get(place, PATH, "c.yaml")


def test_what_cannot_be_read_is_told_where_it_is_mentioned_and_the_rest_is_collected():
    sources, place, _ = collected(dag("gone.yaml", "{{ x }}", "c.yaml"), {"c.yaml": "run: {kind: job}"})
    assert sources.get(place, PATH, "gone.yaml") == Finding(Code.REFERENCE_MISSING, "no gone.yaml")
    assert sources.get(place, PATH, "{{ x }}").code is Code.REFERENCE
    assert isinstance(sources.get(place, PATH, "c.yaml"), Referenced)
    assert {key[2] for key, _ in sources.failures()} == {"gone.yaml", "{{ x }}"}


def test_what_was_not_collected_has_an_answer_as_well():
    sources, place, _ = collected("run: {kind: job}", {})
    assert sources.get(place, HUB, "x").code is Code.REFERENCE_MISSING


def test_problems_of_a_document_lead_into_it():
    sources, place, _ = collected("pathRef: b.yaml", {"b.yaml": "run:\n  kind: job\nname: [1\n"})
    broken = sources.get(place, PATH, "b.yaml").specification
    assert broken.operation is None
    assert broken.findings[0].path[0] == "b.yaml"


def test_fields_that_are_wrong_can_be_located_in_their_document():
    sources, place, _ = collected("pathRef: b.yaml", {"b.yaml": "run: {kind: job}\nnaem: x\n"})
    (finding,) = sources.get(place, PATH, "b.yaml").specification.findings
    assert finding.code is Code.UNKNOWN_FIELD
    assert sources.locates[finding.path[0]](finding.path[1:], True) == (2, 1)


CYCLES = {
    "a document of itself": ({}, "a.yaml", "pathRef a.yaml -> pathRef a.yaml"),
    "two of each other": (
        {"b.yaml": "pathRef: a.yaml"}, "b.yaml", "pathRef a.yaml -> pathRef b.yaml -> pathRef a.yaml",
    ),
    "by another spelling": (
        {"x/b.yaml": "pathRef: ../x/../a.yaml"}, "x/b.yaml",
        "pathRef a.yaml -> pathRef x/b.yaml -> pathRef a.yaml",
    ),
    "below the top": (
        {"b.yaml": dag("c.yaml"), "c.yaml": "component: {pathRef: b.yaml}"}, "b.yaml",
        "pathRef b.yaml -> pathRef c.yaml -> pathRef b.yaml",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "first", "chain"), CYCLES.values(), ids=CYCLES)
def test_a_cycle_is_told_with_its_whole_chain(files, first, chain):
    sources, _, _ = collected(f"pathRef: {first}", files)
    ((_, finding),) = sources.failures()
    assert finding.code is Code.REFERENCE_CYCLE
    assert finding.message.endswith(f": {chain}")


def test_a_hook_may_run_what_it_is_a_hook_of():
    sources, _, _ = collected("hubRef: x", {"x:latest": "{run: {kind: job}, hooks: [{hubRef: x}]}"})
    assert list(sources.failures()) == []


def test_a_diamond_is_no_cycle():
    files = {"b.yaml": "pathRef: d.yaml", "c.yaml": "pathRef: d.yaml", "d.yaml": "run: {kind: job}"}
    sources, _, _ = collected(dag("b.yaml", "c.yaml"), files)
    assert list(sources.failures()) == []


@given(st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=6, max_size=6))
def test_who_follows_the_answers_comes_to_an_end(graph):
    files = {f"{i}.yaml": dag(*(f"{target}.yaml" for target in targets)) for i, targets in enumerate(graph)}
    sources, place, _ = collected("pathRef: 0.yaml", files)

    def depth(owner, value, above):
        assert above <= len(files) + 1
        for mention in mentions(value):
            found = sources.get(owner, mention.kind, mention.text)
            if isinstance(found, Referenced):
                depth(found.reference, found.document.value, above + 1)

    depth(place, {"pathRef": "0.yaml"}, 0)


def test_the_number_of_documents_is_limited():
    files = {f"{i}.yaml": f"pathRef: {i + 1}.yaml" for i in range(10)}
    sources, _, asked = collected("pathRef: 0.yaml", files, documents=3)
    assert len(asked) == 3
    ((_, finding),) = sources.failures()
    assert (finding.code, "3 documents" in finding.message) == (Code.REFERENCE_LIMIT, True)


def test_the_size_of_all_documents_is_limited():
    files = {"b.yaml": "#" * 60, "c.yaml": "#" * 60}
    sources, _, _ = collected(dag("b.yaml", "c.yaml"), files, size=100)
    assert [finding.code for _, finding in sources.failures()] == [Code.REFERENCE_LIMIT]


def test_a_cycle_of_many_documents_is_shortened():
    files = {f"{i}.yaml": f"pathRef: {i + 1}.yaml" for i in range(200)} | {"200.yaml": "pathRef: 0.yaml"}
    sources, _, _ = collected("pathRef: 0.yaml", files)
    ((_, finding),) = sources.failures()
    assert finding.message.count("->") <= 21
    assert "pathRef 0.yaml -> pathRef 1.yaml" in finding.message
    assert finding.message.endswith("pathRef 200.yaml -> pathRef 0.yaml")


def test_several_documents_may_begin():
    b = "pathRef: c.yaml"
    answers = {"c.yaml": "run: {kind: job}"}
    tops = [(file_reference(name), Document(read(b).value)) for name in ("a.yaml", "x/b.yaml")]
    sources = collect(
        tops, lambda reference: answers.get(reference.name) or Finding(Code.REFERENCE_MISSING, "")
    )
    assert isinstance(sources.get(tops[0][0], PATH, "c.yaml"), Referenced)
    assert isinstance(sources.get(tops[1][0], PATH, "c.yaml"), Finding)
