"""Specifications become documents in today's spelling: the one place where they are read."""

from dataclasses import replace

from pydantic import JsonValue

from polyflow_shared.language.dialects import read, translate
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import Locate, Path, Position, nowhere
from polyflow_topics.requests import SpecificationFile


def read_value(value: JsonValue, *, locate: Locate = nowhere, root: Path = ()) -> Document:
    """Return what a value says that is part of a document.

    Args:
        value: the value.
        locate: finds positions in that document.
        root: where the value stands in it; paths of what is returned begin below.
    """

    def below(path: Path, at_key: bool) -> Position | None:
        return locate(root + path, at_key)

    return translate(Document(value, locate=below)).whole


def read_overlay(sent: SpecificationFile) -> Document:
    """Return what is laid over a specification; of an option of a command line nobody has seen the text."""
    found = read(sent.text)
    return replace(found, locate=nowhere) if sent.is_option else found


__all__ = ["read", "read_overlay", "read_value"]
