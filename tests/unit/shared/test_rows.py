"""Rows, their versions, and overlays."""

import msgspec
import pytest

from polyflow_shared.deciding.rows import Overlay, Row, RowCodec, StoredRows


class CountV1Row(Row, frozen=True, array_like=True, tag="count.v1"):
    count: int

    def upcast(self) -> "CountRow":
        return CountRow(self.count, unit="items")


class CountRow(Row, frozen=True, array_like=True, tag="count.v2"):
    count: int
    unit: str
    note: str = ""


CODEC = RowCodec([CountV1Row, CountRow])


def test_a_row_of_an_old_version_is_read_as_the_newest() -> None:
    assert CODEC.decode(CODEC.encode(CountV1Row(3))) == CountRow(3, "items")


def test_a_row_from_before_a_field_was_added_is_read_with_its_default() -> None:
    assert CODEC.decode(b'["count.v2",3,"items"]') == CountRow(3, "items", "")


def test_a_field_that_a_newer_release_added_is_ignored() -> None:
    assert CODEC.decode(b'["count.v2",3,"items","","later"]') == CountRow(3, "items")


def test_an_unknown_kind_of_row_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        CODEC.decode(b'["total.v1",3]')


def test_an_overlay_hides_the_rows_below_and_leaves_them_alone() -> None:
    stored = StoredRows(CODEC)
    stored.put("a", CODEC.encode(CountRow(1, "items")))
    overlay: Overlay[Row] = Overlay(stored)
    overlay.apply({"a": None, "b": CountRow(2, "items")})
    assert overlay.get("a") is None
    assert overlay.get("b") == CountRow(2, "items")
    assert stored.get("a") == CountRow(1, "items")
    assert stored.get("b") is None
