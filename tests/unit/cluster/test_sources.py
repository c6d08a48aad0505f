"""Secrets and config maps of this machine: what a container gets of them, and why it cannot start."""

import pytest

from polyflow_shared.cluster.local.sources import variables
from polyflow_topics.plan import EnvSource


def secret(name, **more):
    return EnvSource(kind="secret", name=name, **more)


@pytest.fixture
def home(tmp_path):
    for folder in ("secrets", "config-maps"):
        (tmp_path / folder).mkdir()
    (tmp_path / "secrets" / "s3.env").write_text("# keys\nKEY = abc\nTOKEN='x=y'\n\n")
    (tmp_path / "config-maps" / "settings.env").write_text("KEY=other\n")
    return tmp_path


def test_entries_become_variables_and_the_last_source_has_the_last_word(home):
    settings = EnvSource(kind="config_map", name="settings")
    assert variables(home, [secret("s3")]) == {"KEY": "abc", "TOKEN": "x=y"}
    assert variables(home, [secret("s3"), settings]) == {"KEY": "other", "TOKEN": "x=y"}
    assert variables(home, [secret("s3", prefix="S3_")]) == {"S3_KEY": "abc", "S3_TOKEN": "x=y"}


def test_a_secret_that_is_not_there_says_where_to_put_it(home):
    ending = variables(home, [secret("gone")])
    assert ending.reason == "SecretNotFound"
    assert ending.message.endswith(f"write its NAME=VALUE lines to {home}/secrets/gone.env")


@pytest.mark.parametrize("line", ["half a secret", "=half a secret", " = half a secret"])
def test_a_line_that_is_no_entry_is_told_by_its_number_and_not_shown(home, line):
    (home / "secrets" / "s3.env").write_text(f"# keys\nKEY=abc\n\n{line}\nTOKEN=x\n")
    ending = variables(home, [secret("s3")])
    assert ending.reason == "SecretInvalid"
    assert ending.message == f"secret 's3': line 4 of {home}/secrets/s3.env is not of the form NAME=VALUE"


def test_a_config_map_is_told_by_its_own_name(home):
    (home / "config-maps" / "settings.env").write_text("KEY\n")
    ending = variables(home, [EnvSource(kind="config_map", name="settings", optional=True)])
    assert (ending.reason, ending.message.split(":")[0]) == ("ConfigMapInvalid", "config map 'settings'")


def test_what_is_optional_may_be_missing(home):
    assert variables(home, [secret("gone", optional=True)]) == {}
