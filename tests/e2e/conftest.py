"""What all end-to-end tests use."""

from pathlib import Path

import pytest

from tests.e2e.command import CommandLine


@pytest.fixture
def polyflow(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)
