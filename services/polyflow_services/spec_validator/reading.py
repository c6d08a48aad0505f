"""A text becomes a document in today's spelling: the one place where texts of specifications are read."""

from polyflow_shared.language import dialects, document
from polyflow_shared.language.document import Document


def read(text: bytes | str) -> Document:
    """Return what a text of any dialect says today.

    Findings say what is wrong, and the value is None if nothing can be read.
    """
    return dialects.translate(document.read(text)).whole
