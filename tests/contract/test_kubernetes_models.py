import pytest

from tests.contract.kubernetes_models import FOLDER, ROOT, files


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_what_is_kept_is_what_the_client_says(path):
    """`make kubernetes-objects` writes it anew."""
    assert path.read_text() == files()[path]


def test_nothing_else_is_kept():
    assert {path for path in files() if path.parent == FOLDER} == set(FOLDER.glob("*.json"))
    assert all(path.is_relative_to(ROOT) for path in files())
