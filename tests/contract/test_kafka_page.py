"""The page on Kafka says what the catalogue says, and what it is told of variables is so."""

import re

from polyflow_shared.hosting.settings import ServiceSettings
from tests.contract import kafka_page


def test_the_tables_are_up_to_date():
    assert kafka_page.PAGE.read_text() == kafka_page.page(), "run `make errors`"


def test_one_day_is_no_days():
    assert not re.search(r"\b1 days\b", kafka_page.page())


def test_every_variable_is_one_that_services_read():
    named = set(re.findall(r"`POLYFLOW_(\w+)`", kafka_page.PAGE.read_text())) - {"KAFKA"}
    assert named
    assert {name.lower() for name in named} <= ServiceSettings.model_fields.keys()
