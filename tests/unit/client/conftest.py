"""What tests of clients share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from polyflow_shared.read_model.sqlite import SqliteReadModel


@pytest.fixture
def model(tmp_path: Path) -> Iterator[SqliteReadModel]:
    opened = SqliteReadModel.open(tmp_path / "history.db")
    yield opened
    opened.close()
