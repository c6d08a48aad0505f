"""A service as a process: its settings, its end."""

import asyncio
import os
import re
import signal
import socket
from pathlib import Path

import pytest

from polyflow_services.gateway.settings import GatewaySettings
from polyflow_shared.cluster.settings import ProcessClusterSettings
from polyflow_shared.errors import FencedError
from polyflow_shared.hosting.process import FAILED, SETTINGS_WRONG, serve, surroundings, until_told
from polyflow_shared.hosting.settings import ClusterServiceSettings, ServiceSettings


async def nothing(_: ServiceSettings) -> None:
    pass


def test_a_wrong_setting_stops_the_process_at_its_start_and_names_the_variable(monkeypatch, capsys):
    monkeypatch.setenv("POLYFLOW_SESSION_TIMEOUT", "1")
    monkeypatch.setenv("POLYFLOW_LOG_LEVEL", "loud")
    assert serve("planner", ServiceSettings, nothing) == SETTINGS_WRONG
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "polyflow: POLYFLOW_LOG_LEVEL: this should be `debug`, `info`, `warning` or `error`, not `loud`",
        "polyflow: POLYFLOW_SESSION_TIMEOUT: this should be greater than or equal to 6, not `1`",
    ]


WRONG = {
    "a port that is a word": (
        {"POLYFLOW_METRICS_PORT": "abc"},
        "POLYFLOW_METRICS_PORT: this should be an integer, not `abc`",
    ),
    "a key that is not given": ({}, "POLYFLOW_TOKEN_KEY: it is needed"),
    "a key that is too short": (
        {"POLYFLOW_TOKEN_KEY": "sesame"},
        "POLYFLOW_TOKEN_KEY: it needs at least 32 bytes, such as of `openssl rand -hex 32`",
    ),
    "a password that nobody asks for": (
        {"POLYFLOW_KAFKA_PASSWORD": "sesame"},
        "POLYFLOW_KAFKA_PASSWORD: it would not be used: POLYFLOW_KAFKA_SECURITY_PROTOCOL is PLAINTEXT",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_told_in_the_words_of_the_language(case, monkeypatch, capsys):
    given, told = WRONG[case]
    if given.keys() != {"POLYFLOW_TOKEN_KEY"} and "is needed" not in told:
        monkeypatch.setenv("POLYFLOW_TOKEN_KEY", "x" * 32)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert serve("gateway", GatewaySettings, nothing) == SETTINGS_WRONG
    printed = capsys.readouterr().err
    assert printed == f"polyflow: {told}\n"
    assert "sesame" not in printed


def test_a_name_of_another_form_is_shown_with_the_form(monkeypatch, capsys):
    monkeypatch.setenv("POLYFLOW_CLUSTER", "GPU")
    assert serve("pod_launcher", ClusterServiceSettings, nothing) == SETTINGS_WRONG
    assert "POLYFLOW_CLUSTER: this should be of the form ^[a-z0-9]" in capsys.readouterr().err


def test_settings_come_from_the_environment_and_do_not_change(monkeypatch):
    monkeypatch.setenv("POLYFLOW_BROKERS", "kafka:9092")
    monkeypatch.setenv("POLYFLOW_CLUSTER", "gpu-1")
    settings = ClusterServiceSettings()
    assert (settings.brokers, settings.cluster) == ("kafka:9092", "gpu-1")
    with pytest.raises(ValueError, match="frozen"):
        settings.brokers = "other"


def test_the_socket_is_in_the_home_folder_unless_it_is_given(monkeypatch):
    monkeypatch.setenv("POLYFLOW_HOME", "~/flows")
    home = Path.home() / "flows"
    for settings in (ClusterServiceSettings, ProcessClusterSettings):
        assert (settings().home, settings().cluster_socket) == (home, home / "cluster.sock")
    monkeypatch.setenv("POLYFLOW_CLUSTER_SOCKET", "/run/one.sock")
    assert ClusterServiceSettings().cluster_socket == Path("/run/one.sock")


def test_installations_of_one_cluster_are_as_different_as_their_prefixes(monkeypatch):
    assert ClusterServiceSettings().owner_of_pods == "polyflow"
    prefixes = ["team", "b-", "b.", "B", "Team_1.", "x" * 100, "x" * 99]
    found = set()
    for prefix in prefixes:
        monkeypatch.setenv("POLYFLOW_PREFIX", prefix)
        name = ClusterServiceSettings().owner_of_pods
        assert re.fullmatch(r"polyflow-[a-z0-9-]{0,53}[a-z0-9]", name), name
        found.add(name)
    assert len(found) == len(prefixes)
    assert "polyflow-team" in found
    monkeypatch.setenv("POLYFLOW_INSTALLATION", "mine")
    assert ClusterServiceSettings().owner_of_pods == "mine"


def test_the_gateways_address_needs_the_key_of_the_tokens(monkeypatch):
    monkeypatch.setenv("POLYFLOW_GATEWAY_URL", "http://gateway.polyflow.svc")
    with pytest.raises(ValueError, match="POLYFLOW_GATEWAY_URL is given"):
        ClusterServiceSettings()
    monkeypatch.setenv("POLYFLOW_TOKEN_KEY", "x" * 31)
    with pytest.raises(ValueError, match="at least 32 bytes"):
        ClusterServiceSettings()
    monkeypatch.setenv("POLYFLOW_TOKEN_KEY", "x" * 32)
    assert ClusterServiceSettings().token_key.get_secret_value() == "x" * 32


def test_no_page_is_served_where_the_port_is_none(monkeypatch):
    monkeypatch.setenv("POLYFLOW_METRICS_PORT", "none")
    assert ServiceSettings().metrics_port is None


def test_a_port_that_is_taken_ends_the_process_with_one_line(monkeypatch, capsys):
    async def run(settings: ServiceSettings) -> None:
        async with surroundings("planner", settings):
            raise AssertionError("the port was taken")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("POLYFLOW_METRICS_PORT", str(taken.getsockname()[1]))
        assert serve("planner", ServiceSettings, run) == FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert "POLYFLOW_METRICS_PORT" in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_work_and_is_no_error(number):
    ended = []

    async def work():
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with asyncio.timeout(10):
        await until_told(work())
    assert ended == [True]


async def test_an_error_of_the_work_ends_the_process():
    async def work():
        raise FencedError("replaced")

    with pytest.raises(FencedError):
        await until_told(work())


def test_an_error_of_ours_is_one_clear_line_and_exit_status_1(monkeypatch, capsys):
    monkeypatch.setenv("POLYFLOW_LOG_FORMAT", "json")

    async def run(_: ServiceSettings) -> None:
        raise FencedError("replaced")

    assert serve("planner", ServiceSettings, run) == FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert '"event": "service_failed"' in line
    assert "FencedError" in line
