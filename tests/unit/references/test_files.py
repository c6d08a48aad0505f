"""Files, and the folders that they may be read from."""

import os

import pytest

from polyflow_shared.references.errors import (
    MAX_BYTES,
    ForbiddenError,
    MissingError,
    NotReadError,
    TooLargeError,
    UnreachableError,
)
from polyflow_shared.references.files import Files


@pytest.fixture
def folder(tmp_path):
    """Return a folder that may be read, beside one that may not."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.yaml").write_text("secret")
    inside = tmp_path / "project"
    (inside / "flows").mkdir(parents=True)
    (inside / "flows" / "train.yaml").write_text("run: ünï", encoding="utf-8")
    return inside


def test_a_file_is_read_by_its_name(folder):
    assert Files(folder, [folder]).read("flows/train.yaml") == "run: ünï"
    assert Files(folder / "flows", [folder]).read("../flows/train.yaml") == "run: ünï"
    assert Files(folder, [folder]).read(str(folder / "flows" / "train.yaml")) == "run: ünï"


def test_a_byte_order_mark_is_no_part_of_the_text(folder):
    (folder / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    assert Files(folder, [folder]).read("bom.yaml") == "a: 1"


def test_further_folders_may_be_allowed(folder):
    assert Files(folder, [folder, folder.parent / "secret"]).read("../secret/key.yaml") == "secret"


@pytest.mark.parametrize("name", ["../secret/key.yaml", "flows/../../secret/key.yaml", "/etc/passwd", ".."])
def test_other_folders_are_not_read(folder, name):
    with pytest.raises(ForbiddenError, match="outside of the folders that may be read") as raised:
        Files(folder, [folder]).read(name)
    assert "--root" in str(raised.value.hint)


def test_what_is_not_allowed_is_not_told_to_be_there_or_not(folder):
    reader = Files(folder, [folder])
    with pytest.raises(ForbiddenError) as there:
        reader.read("../secret/key.yaml")
    with pytest.raises(ForbiddenError) as not_there:
        reader.read("../secret/kez.yaml")
    assert str(there.value).replace("key", "kez") == str(not_there.value)
    assert str(not_there.value.hint) == str(there.value.hint)


def test_a_link_out_of_the_folders_is_not_followed(folder):
    (folder / "link.yaml").symlink_to(folder.parent / "secret" / "key.yaml")
    (folder / "linked").symlink_to(folder.parent / "secret")
    for name in ("link.yaml", "linked/key.yaml"):
        with pytest.raises(ForbiddenError):
            Files(folder, [folder]).read(name)


def test_a_link_within_the_folders_is_followed(folder):
    (folder / "link.yaml").symlink_to("flows/train.yaml")
    assert Files(folder, [folder]).read("link.yaml") == "run: ünï"


def test_an_allowed_folder_may_be_a_link_itself(folder):
    (folder.parent / "alias").symlink_to(folder)
    assert Files(folder.parent / "alias", [folder.parent / "alias"]).read("flows/train.yaml") == "run: ünï"


def test_a_folder_of_a_similar_name_is_another_one(folder):
    (folder.parent / "project-2").mkdir()
    (folder.parent / "project-2" / "a.yaml").write_text("a")
    with pytest.raises(ForbiddenError):
        Files(folder, [folder]).read("../project-2/a.yaml")


def test_links_that_lead_to_each_other(folder):
    (folder / "a.yaml").symlink_to("b.yaml")
    (folder / "b.yaml").symlink_to("a.yaml")
    with pytest.raises(NotReadError):
        Files(folder, [folder]).read("a.yaml")


def test_a_missing_file_has_a_suggestion(folder):
    with pytest.raises(MissingError, match=r"there is no file `flows/trian\.yaml`") as raised:
        Files(folder, [folder]).read("flows/trian.yaml")
    assert str(raised.value.hint) == "did you mean `flows/train.yaml`?"


@pytest.mark.parametrize("name", ["gone/a.yaml", "flows/train.yaml/a.yaml"])
def test_a_missing_folder(folder, name):
    with pytest.raises(MissingError, match="there is no file"):
        Files(folder, [folder]).read(name)


def test_a_folder_is_no_file(folder):
    with pytest.raises(UnreachableError, match="not a file"):
        Files(folder, [folder]).read("flows")


def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe.yaml")
    with pytest.raises(UnreachableError, match="not a file"):
        Files(folder, [folder]).read("pipe.yaml")


def test_the_size_is_limited(folder):
    (folder / "large.yaml").write_text("#" * MAX_BYTES)
    assert len(Files(folder, [folder]).read("large.yaml")) == MAX_BYTES
    (folder / "large.yaml").write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(TooLargeError, match="1,048,576 bytes"):
        Files(folder, [folder]).read("large.yaml")


def test_text_is_utf_8(folder):
    (folder / "latin.yaml").write_bytes("ü".encode("latin-1"))
    with pytest.raises(UnreachableError, match=r"`latin\.yaml` is not UTF-8: byte 0xfc at 0"):
        Files(folder, [folder]).read("latin.yaml")
