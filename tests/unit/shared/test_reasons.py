"""The word that whoever stops or skips something gives as the reason."""

import pytest
from pydantic import ValidationError

from polyflow_topics.names import RunId
from polyflow_topics.operating import SkipPipeline
from polyflow_topics.requests import StopPipeline

GOOD = ("Stopped", "TooSlow", "A", "OOMKilled", "Http500", "X" * 64)
BAD = ("", "two words", "lower", "Über", "9Lives", "Snake_Case", "Ends\n", "X" * 65)


@pytest.mark.parametrize("kind", [StopPipeline, SkipPipeline])
@pytest.mark.parametrize("reason", GOOD)
def test_a_word_in_camel_case_is_taken(kind, reason):
    assert kind(run=RunId("r"), reason=reason).reason == reason


@pytest.mark.parametrize("kind", [StopPipeline, SkipPipeline])
@pytest.mark.parametrize("reason", BAD)
def test_anything_else_is_not(kind, reason):
    with pytest.raises(ValidationError, match="reason"):
        kind(run=RunId("r"), reason=reason)
