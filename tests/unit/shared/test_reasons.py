"""The word that whoever stops or skips something gives as the reason."""

import pytest

from polyflow.client import AsyncClient
from polyflow_services.spec_validator.requests.forwarding import forwarded
from polyflow_topics.names import OperationName, RunId, reason_of
from polyflow_topics.operating import SkipPipeline, UploadPipeline
from polyflow_topics.requests import StopPipeline

GOOD = ("Stopped", "TooSlow", "A", "OOMKilled", "Http500", "X" * 64)
BAD = ("", "two words", "lower", "Über", "9Lives", "Snake_Case", "Ends\n", "X" * 65)
KINDS = {
    "a run is stopped": (StopPipeline(run=RunId("r")), "Stopped"),
    "an operation is stopped": (StopPipeline(run=RunId("r"), operation=OperationName("a")), "Stopped"),
    "an operation is skipped": (SkipPipeline(run=RunId("r"), operation=OperationName("a")), "Skipped"),
}


def told(message, reason, text):
    heard = forwarded(message.model_copy(update={"reason": reason, "message": text}), "1")
    return heard.reason, heard.message


@pytest.mark.parametrize("reason", GOOD)
def test_a_word_in_camel_case_is_one(reason):
    assert reason_of(reason) == reason


@pytest.mark.parametrize("reason", BAD)
def test_anything_else_is_not(reason):
    with pytest.raises(ValueError, match="no word in CamelCase"):
        reason_of(reason)


@pytest.mark.parametrize("reason", BAD)
async def test_a_python_program_is_told_at_once(tmp_path, reason):
    async with AsyncClient(home_folder=tmp_path) as client:
        with pytest.raises(ValueError, match="no word in CamelCase"):
            await client.stop(RunId("r"), reason=reason)


@pytest.mark.parametrize(("message", "without"), KINDS.values(), ids=KINDS.keys())
def test_a_request_that_was_published_counts_whatever_its_reason(message, without):
    assert told(message, "TooSlow", "by me") == ("TooSlow", "by me")
    assert told(message, "too slow", "by me") == (without, "too slow: by me")
    assert told(message, "too slow\n", "") == (without, "too slow")
    assert told(message, "", "by me") == (without, "by me")


def test_files_that_have_not_arrived_have_not_whatever_the_reason():
    message = UploadPipeline(run=RunId("r"))
    assert told(message, "DiskFull", "by me") == ("DiskFull", "by me")
    assert told(message, "disk full", "by me") == ("UploadFailed", "disk full: by me")
    assert told(message, " ", "by me") == ("UploadFailed", "by me")
    assert told(message, "", "by me") == ("", "by me")
