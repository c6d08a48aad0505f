"""Rows that only some operations have: what others read of them, and what they have asked."""

from datetime import datetime

import msgspec

from polyflow_shared.rows import Row


class ToldRow(Row, frozen=True, array_like=True, tag="told.v1"):
    """What other operations read of one beside its outputs."""

    started: datetime | None = None
    """When its first attempt began to run."""
    finished: datetime | None = None
    inputs: msgspec.Raw = msgspec.Raw(b"{}")
    """Its params as it was started with, as JSON."""


class AnswersRow(Row, frozen=True, array_like=True, tag="answers.v1"):
    """What an operation has asked about other runs."""

    values: msgspec.Raw = msgspec.Raw(b"{}")
    """Of its params that are made of answers, by name, as JSON."""
    waiting: bool = True
    """Whether there is no answer yet."""


def told_key(run: str, index: int) -> str:
    """Return the key of what other operations read of one."""
    return f"{run}/told/{index}"


def answers_key(run: str, index: int) -> str:
    """Return the key of what an operation has asked about other runs."""
    return f"{run}/answers/{index}"
