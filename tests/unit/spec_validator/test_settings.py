"""The spec validator's knobs, as they are written in the environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from polyflow_services.spec_validator.settings import SpecValidatorSettings
from polyflow_shared.machine.home import private_hosts_of

WRITTEN = {
    "one": ("a", ("a",)),
    "several": ("a, b,", ("a", "b")),
    "a JSON list": (' ["a", "b"]', ("a", "b")),
    "an address": ("http://[::1]:80/hub,b", ("http://[::1]:80/hub", "b")),
    "nothing": ("", ()),
}


@pytest.mark.parametrize(("text", "parts"), WRITTEN.values(), ids=WRITTEN)
def test_a_list_is_written_with_commas_or_as_json(monkeypatch, text, parts):
    monkeypatch.setenv("POLYFLOW_HUB", text)
    monkeypatch.setenv("POLYFLOW_PRESETS", text)
    settings = SpecValidatorSettings()
    assert settings.hub == parts
    assert settings.presets == tuple(map(Path, parts))


def test_the_service_and_the_command_line_read_the_same_variable_alike(monkeypatch):
    environment = {"POLYFLOW_PRIVATE_HOSTS": "hub.internal, 10.0.0.1"}
    monkeypatch.setenv("POLYFLOW_PRIVATE_HOSTS", environment["POLYFLOW_PRIVATE_HOSTS"])
    assert SpecValidatorSettings().places.private_hosts == private_hosts_of(environment)


def test_clusters_may_be_named(monkeypatch):
    assert SpecValidatorSettings().clusters == {"local"}
    monkeypatch.setenv("POLYFLOW_CLUSTERS", "local,gpu")
    assert SpecValidatorSettings().clusters == {"local", "gpu"}


@pytest.mark.parametrize("text", ["[a", "[1]", '["a", null]'])
def test_a_list_that_is_none_is_refused_with_its_name(monkeypatch, text):
    monkeypatch.setenv("POLYFLOW_HUB", text)
    with pytest.raises(ValidationError, match="hub"):
        SpecValidatorSettings()
