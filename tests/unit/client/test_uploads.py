"""Files that are brought to a run: how they are named, copied, and why they are not."""

import os
from pathlib import Path

import pytest

from polyflow.requests.uploads import (
    NotUploadedError,
    Upload,
    arrival,
    bring,
    side_by_side,
    store_of,
    upload_of,
)
from polyflow_topics.names import RunId

RUN = RunId("run")


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "src"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "train.py").write_text("print()")
    (tmp_path / "with:colon").write_text("")
    return folder


TARGETS = {
    "src": "src",
    "src:code": "code",
    "src:code/of/mine/": "code/of/mine",
    "src/deep/train.py": "train.py",
    "src/deep/..": "src",
    "with:colon": "with:colon",
    "with:colon:data": "data",
}


@pytest.mark.parametrize("text", TARGETS)
def test_a_file_is_found_under_its_own_name_or_the_given_one(source: Path, text: str) -> None:
    assert upload_of(text).target == TARGETS[text]


@pytest.mark.parametrize("text", ["nowhere", "nowhere:code", "src:/etc", "src:../up", "src:a/../../b"])
def test_what_is_not_there_or_leads_elsewhere_is_refused(source: Path, text: str) -> None:
    with pytest.raises(NotUploadedError):
        upload_of(text)


def test_what_was_there_under_a_target_is_replaced_whole(source: Path, tmp_path: Path) -> None:
    artifacts = tmp_path / "run" / "artifacts"
    bring([Upload(source, "a/code"), Upload(source / "deep" / "train.py", "one.py")], artifacts)
    (source / "deep" / "train.py").rename(source / "new.py")
    bring([Upload(source, "a/code")], artifacts)
    found = sorted(str(path.relative_to(artifacts)) for path in artifacts.rglob("*"))
    assert found == ["a", "a/code", "a/code/deep", "a/code/new.py", "one.py"]
    assert [path.name for path in artifacts.parent.iterdir()] == ["artifacts"], "nothing is left beside"


@pytest.mark.parametrize("texts", [["src:a", "new:a/deep"], ["new:a/deep", "src:a"]])
def test_what_goes_into_another_folder_is_added_to_it_whatever_comes_first(
    source: Path, tmp_path: Path, texts: list[str]
) -> None:
    (source / "kept").touch()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "test.py").touch()
    artifacts = tmp_path / "run" / "artifacts"
    bring([*map(upload_of, texts), upload_of("with:colon:a/one/two")], artifacts)
    found = sorted(str(path.relative_to(artifacts)) for path in artifacts.rglob("*") if path.is_file())
    assert found == ["a/deep/test.py", "a/kept", "a/one/two"]


APART = {
    ("src:a", "src/deep/train.py:a"): "src and src/deep/train.py would both go to 'a'; "
    "give each a target of its own, such as 'src/deep/train.py:a/train.py'",
    ("with:colon:b", "src:b"): "with:colon and src would both go to 'b'; "
    "give each a target of its own, such as 'src:OTHER/src'",
    ("src:a/b", "with:colon:a"): "src cannot go to 'a/b': with:colon, which is a file, goes to 'a'",
}


@pytest.mark.parametrize("texts", APART)
def test_two_with_one_place_are_refused_before_any_is_copied(
    source: Path, tmp_path: Path, texts: tuple[str, ...]
) -> None:
    artifacts = tmp_path / "run" / "artifacts"
    with pytest.raises(NotUploadedError) as refused:
        bring([*map(upload_of, texts)], artifacts)
    assert (str(refused.value), artifacts.exists()) == (APART[texts], False)


def test_one_file_twice_under_one_name_is_no_contradiction(source: Path, tmp_path: Path) -> None:
    assert side_by_side([upload_of("src"), upload_of("src/deep/..")]) == (upload_of("src"),)


def test_what_cannot_be_copied_is_told_to_the_run(source: Path, tmp_path: Path) -> None:
    os.mkfifo(source / "pipe")
    failed = arrival(RUN, [Upload(source, "code")], tmp_path / "run" / "artifacts")
    assert failed.reason == "UploadFailed"
    assert "is a named pipe" in failed.message
    arrived = arrival(RUN, [Upload(source / "deep", "code")], tmp_path / "run" / "artifacts")
    assert (arrived.reason, arrived.run, bool(arrived.request)) == ("", RUN, True)


def test_a_folder_is_not_copied_into_itself(source: Path, tmp_path: Path) -> None:
    with pytest.raises(NotUploadedError, match="its own target"):
        bring([Upload(tmp_path, "all")], tmp_path / "home" / "artifacts")


def test_the_folder_of_runs_elsewhere_has_to_be_known() -> None:
    assert store_of(RUN, {"POLYFLOW_HOME": "/h"}, remote=False) == Path("/h/runs/run/artifacts")
    assert store_of(RUN, {"POLYFLOW_ARTIFACTS_STORE": "/mnt"}, remote=True) == Path("/mnt/run")
    elsewhere = {"POLYFLOW_ARTIFACTS_STORE": "/h/runs/{run}/artifacts"}
    assert store_of(RUN, elsewhere, remote=True) == Path("/h/runs/run/artifacts")
    with pytest.raises(NotUploadedError, match=r"set \$POLYFLOW_ARTIFACTS_STORE"):
        store_of(RUN, {}, remote=True)
