"""A text becomes a document in today's spelling: the one place where texts of specifications are read."""

from polyflow_shared.language import document
from polyflow_shared.language.document import Document


def read(text: bytes | str) -> Document:
    """Return what a text says; findings say what is wrong, and the value is None if nothing can be read."""
    return document.read(text)
