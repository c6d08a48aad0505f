"""`polyflow migrate`: what is written today, with comments, order and quotes as they were."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from polyflow.cli.files.migrate import migrate_file
from polyflow.migration.rewriting import migrate
from polyflow_services.spec_validator.checked import check

FIXTURES = Path(__file__).parents[2] / "fixtures" / "seeds" / "completed"
OLDER = sorted(FIXTURES.glob("00*.yaml"))
RUN = "run: {kind: job, container: {command: [a]}}\n"

CASES = {
    "operations and components at the top": (
        "version: 1\nname: p\n# the work\nops:\n- name: a  # first\n  dagRef: t\ncomponents:\n- name: t\n"
        "  run: {kind: job, container: {command: [a]}}\n",
        "version: 1.1\nname: p\n# the work\nrun:\n  kind: dag\n  operations:\n  - name: a  # first\n"
        "    dagRef: t\n  components:\n  - name: t\n    run: {kind: job, container: {command: [a]}}\n",
    ),
    "a list of a type": (
        f"inputs:\n- name: xs\n  type: int\n  isList: true\n{RUN}",
        f"inputs:\n- name: xs\n  type: List[int]\n{RUN}",
    ),
    "a list that is none": (
        f"inputs: [{{name: x, type: int, isList: false}}]\n{RUN}",
        f"inputs: [{{name: x, type: int}}]\n{RUN}",
    ),
    "options": (
        f"inputs:\n- name: x\n  options: [1, 2]\n{RUN}",
        f"inputs:\n- name: x\n  validation:\n    options: [1, 2]\n{RUN}",
    ),
    "a service account": (
        "run: {kind: job, environment: {serviceAccount: s}, container: {command: [a]}}\n",
        "run: {kind: job, environment: {serviceAccountName: s}, container: {command: [a]}}\n",
    ),
    "a kind of schedule": (
        f"schedule: {{kind: exact_time, startAt: '2024-01-01T00:00:00Z'}}\n{RUN}",
        f"schedule: {{kind: datetime, startAt: '2024-01-01T00:00:00Z'}}\n{RUN}",
    ),
}


@pytest.mark.parametrize(("old", "new"), CASES.values(), ids=CASES)
def test_a_text_is_written_as_it_is_today(old, new):
    migrated = migrate(old)
    assert not migrated.problems
    assert migrated.text == new


def test_what_is_written_as_today_stays_as_it_is():
    text = f"# mine\nname:   'a'   # odd\n{RUN}"
    migrated = migrate(text)
    assert (migrated.text, migrated.changes) == (text, ())


@pytest.mark.parametrize("path", OLDER, ids=[path.stem for path in OLDER])
def test_comments_stay_and_the_verdict_is_the_same_and_nothing_is_left_to_do(path):
    text = path.read_text()
    migrated = migrate(text)
    comments = [line.strip() for line in text.splitlines() if line.strip().startswith("#")]
    assert all(comment in migrated.text for comment in comments)
    before, after = check(text, file="a.yaml"), check(migrated.text, file="a.yaml")
    assert (before.schema, before.compile, before.upstream) == (after.schema, after.compile, after.upstream)
    assert not [one for one in after.warnings if one.code == "PF8001"]
    assert migrate(migrated.text).text == migrated.text


@pytest.mark.parametrize("text", ["ops: []\nrun: {kind: dag}\n", "a: [\n"])
def test_a_text_that_is_wrong_is_corrected_first(text):
    assert migrate(text).problems


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(CASES["a list of a type"][0])
    return path


def run(*arguments):
    return CliRunner().invoke(migrate_file, [str(one) for one in arguments])


def test_the_new_text_is_printed_and_what_was_changed_is_told(old):
    done = run(old)
    assert done.exit_code == 0
    assert done.stdout == CASES["a list of a type"][1]
    assert "isList: true -> type: List[int]" in done.stderr
    assert old.read_text() == CASES["a list of a type"][0]


def test_a_file_is_changed_where_it_is_asked_for(old, tmp_path):
    assert run(old, "--output", tmp_path / "new.yaml").exit_code == 0
    assert (tmp_path / "new.yaml").read_text() == CASES["a list of a type"][1]
    assert run(old, "--write").exit_code == 0
    assert old.read_text() == CASES["a list of a type"][1]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["new.yaml", "old.yaml"]


def test_the_difference_is_printed_line_by_line(old):
    done = run(old, "--diff")
    assert "-  isList: true\n" in done.stdout
    assert "+  type: List[int]\n" in done.stdout


def test_a_file_that_is_wrong_is_left_alone(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("a: [\n")
    done = run(path, "--write")
    assert done.exit_code == 2
    assert "nothing was rewritten" in done.stderr
    assert path.read_text() == "a: [\n"


def test_one_way_of_writing_at_a_time(old):
    assert run(old, "--write", "--diff").exit_code == 2
