"""The page of settings has a row for every field of every class of settings, and no other."""

import re
from importlib import import_module
from typing import get_args

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from polyflow.cli.installation.serve import SERVICES
from polyflow.cli.main import polyflow
from polyflow_shared.hosting.settings import ProcessSettings
from tests.contract import settings_page

FIELDS = {f"POLYFLOW_{name.upper()}" for cls in settings_page.CLASSES.values() for name in cls.model_fields}


def test_the_page_is_up_to_date():
    assert settings_page.PAGE.read_text() == settings_page.page(), "run `make errors`"


def test_every_field_has_a_row_and_every_row_a_field():
    assert set(re.findall(r"(?m)^\| `(\w+)` \|", settings_page.page())) == FIELDS


def test_the_settings_of_a_service_are_those_that_it_reads():
    for service, main in SERVICES.items():
        assert settings_page.CLASSES[service] in vars(import_module(main)).values()


def test_every_setting_of_the_project_is_told():
    """A class that no service of the list has would be in no page."""
    told = {base for cls in settings_page.CLASSES.values() for base in cls.__mro__}
    assert set(_below(ProcessSettings)) <= told


NUMBERS = {
    f"{service} {name}": (cls, name)
    for service, cls in settings_page.CLASSES.items()
    for name, field in cls.model_fields.items()
    if {int, float} & {field.annotation, *get_args(field.annotation)}
}


@pytest.mark.parametrize("case", NUMBERS)
@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e12", "1" + 30 * "0", "-1"])
def test_a_number_that_would_end_a_service_later_is_refused_at_its_start(case, value, monkeypatch):
    cls, name = NUMBERS[case]
    monkeypatch.setenv("POLYFLOW_TOKEN_KEY", "x" * 32)
    monkeypatch.setenv(f"POLYFLOW_{name.upper()}", value)
    with pytest.raises(ValidationError) as refused:
        cls()
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_help_has_the_variables_of_the_service():
    shown = CliRunner().invoke(polyflow, ["serve", "status-watcher", "-h"]).output
    assert set(re.findall(r"(?m)^  \$(\w+)", shown)) == {
        f"POLYFLOW_{name.upper()}" for name in settings_page.CLASSES["status_watcher"].model_fields
    }
    assert "polyflow serve SERVICE -h" in CliRunner().invoke(polyflow, ["serve", "-h"]).output


def _below(cls: type[ProcessSettings]) -> list[type[ProcessSettings]]:
    return [one for below in cls.__subclasses__() for one in (below, *_below(below))]
