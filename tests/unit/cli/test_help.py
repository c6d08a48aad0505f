"""What `--help` tells of the surroundings of commands."""

import pytest
from click.testing import CliRunner

from polyflow.cli.main import ENVIRONMENT, polyflow


def helped(*words):
    return " ".join(CliRunner().invoke(polyflow, [*words, "--help"]).stdout.split())


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_variables_are_told(name):
    assert f"${name} {ENVIRONMENT[name].split()[0]}" in helped()


@pytest.mark.parametrize("command", ["run", "check", "plan"])
def test_commands_that_follow_urls_tell_how_private_hosts_are_allowed(command):
    assert "$POLYFLOW_PRIVATE_HOSTS" in helped(command)


@pytest.mark.parametrize(
    "words", [["run"], ["check"], ["plan"], ["hub", "ls"], ["hub", "add"], ["hub", "show"]]
)
def test_commands_that_look_components_up_tell_where(words):
    assert "--hub DIR|URL" in helped(*words)
    assert "$POLYFLOW_HUB" in helped(*words)
