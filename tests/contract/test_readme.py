"""What the README says about the code is so."""

import ast
import re
from itertools import pairwise

import pytest

from polyflow.cli.main import COMMANDS
from polyflow_shared.observing.metrics import CATALOG
from tests.contract.test_shape import ROOT

README = (ROOT / "README.md").read_text()
LANGUAGE = ROOT / "shared/polyflow_shared/language"
PUBLIC = ROOT / "polyflow"
ROOMS = [
    room
    for root in (LANGUAGE, PUBLIC)
    for room in (root, *(path.parent for path in sorted(root.glob("*/**/__init__.py"))))
    if room != PUBLIC / "cli"  # its modules are named as the commands are
]
PAGES = sorted(
    path
    for path in ROOT.glob("**/*.md")
    if not any(part.startswith((".", "build", "dist")) for part in path.relative_to(ROOT).parts)
)


def test_the_table_of_metrics_is_the_catalogue():
    cells = [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in README.splitlines()]
    told = {row[0]: row[1:] for row in cells if row and row[0].startswith("polyflow_")}
    assert told == {m.name: [m.kind, ", ".join(m.labels), m.help] for m in CATALOG}


def test_every_command_is_told():
    told = set(re.findall(r"^\| `polyflow ([a-z]+)", README, re.MULTILINE))
    assert told == set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?", page.read_text())
    assert [path for path, _ in links if not (page.parent / path).exists()] == []
    targets = [(page.parent / path if path else page, anchor) for path, anchor in links if anchor]
    assert [(str(to), anchor) for to, anchor in targets if anchor not in anchors(to.read_text())] == []


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("## Outputs and metrics of a pod", "outputs-and-metrics-of-a-pod"),
        ("### Kafka's security", "kafkas-security"),
        ("# `polyflow run`: how", "polyflow-run-how"),
        ("```sh\n# no heading\n```\n", None),
    ],
)
def test_a_heading_is_an_anchor(heading: str, anchor: str | None) -> None:
    assert anchors(heading) == ({anchor} if anchor else set())


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_the_map_of_a_room_has_all_that_is_in_it(room):
    told = re.findall(
        r"`(\w+\.py|\w+/)`", ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    )
    inside = [
        path for path in room.iterdir() if path.name[0] != "_" and (path.is_dir() or path.suffix == ".py")
    ]
    names = {f"{path.name}/" if path.is_dir() else path.name for path in inside}
    assert names - {*told} == set()


def test_every_command_of_make_is_there():
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = set(
        re.findall(r"(?:`|^)make ([a-z-]+)", "\n".join(page.read_text() for page in PAGES), re.MULTILINE)
    )
    assert told
    assert told - rules == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_two_paragraphs_run_into_each_other(page):
    lines = page.read_text().splitlines()
    assert [line for before, line in pairwise(lines) if line.startswith("**") and before] == []


def test_each_command_of_make_is_phony():
    text = (ROOT / "Makefile").read_text()
    rules = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    assert set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()) == rules


@pytest.mark.parametrize(
    ("page", "folder"),
    [("topics", "topics/polyflow_topics"), ("shared", "shared/polyflow_shared"), ("tests", "tests")],
)
def test_a_folders_page_names_all_that_is_in_it(page, folder):
    text = (ROOT / page / "README.md").read_text()
    told = {
        name + end
        for names, end in re.findall(r"`(?:polyflow_topics/)?\{?([\w,]+)\}?(\.py|/)`", text)
        for name in names.split(",")
    }
    modules = {path.name for path in (ROOT / folder).glob("*.py")} - {"__init__.py", "conftest.py"}
    folders = {f"{path.parent.name}/" for path in (ROOT / folder).glob("*/__init__.py")}
    assert modules | folders
    assert (modules | folders) - told == set()


def test_decisions_about_services_stand_under_their_names():
    page = (ROOT / "services" / "README.md").read_text()
    services = re.findall(r"^\| `([a-z_]+)`", page, re.MULTILINE)
    headings = re.findall(r"^### `([a-z_]+)`$", page, re.MULTILINE)
    assert len(headings) > 1
    assert headings == sorted(set(headings) & set(services), key=headings.index)
