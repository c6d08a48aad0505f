"""Text to plain values, with the position of everything: YAML 1.1 without its surprises, and JSON.

Positions cost nothing until something is wrong: the values are plain, and a path is looked up in the text
when a problem must be shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Locate, Spelling, nowhere, unspelled
from polyflow_shared.language.text import json_text
from polyflow_shared.language.text.json_text import position_of


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read.

    Attributes:
        value: what it says; None where it could not be read.
        findings: what is wrong with the text itself.
        locate: finds positions in it.
        spelling: returns how a word or number at a path is written, where JSON writes what it is read as
            otherwise: `no` for false, `3.10` for 3.1.  None for all else.
    """

    value: JsonValue
    findings: Sequence[Finding] = ()
    locate: Locate = nowhere
    spelling: Spelling = unspelled


def read(text: bytes | str) -> Document:
    """Return what a YAML or JSON text says.

    Whatever the bytes are, this returns; findings say what is wrong, and the value is None if nothing
    can be read.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            return _not_utf8(error)
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return _EMPTY
    document = _json(text) or _yaml(text)
    if document.value is None and not document.findings:
        return _EMPTY
    if any(finding.code is Code.CHARACTER for finding in document.findings):
        return Document(None, document.findings)  # such text cannot be written into any message
    return document


_EMPTY: Final = Document(None, (Finding(Code.EMPTY, "the document is empty", position=(1, 1)),))


def _not_utf8(error: UnicodeDecodeError) -> Document:
    text = error.object
    before = text[: error.start].decode("utf-8", "replace").removeprefix("\ufeff")
    wide = text.startswith((b"\xff\xfe", b"\xfe\xff"))
    message = "the text is UTF-16" if wide else f"byte 0x{text[error.start]:02x} is not UTF-8"
    hint = "save the file in UTF-8"
    return Document(
        None, [Finding(Code.NOT_UTF8, message, hint=hint, position=position_of(before, len(before)))]
    )


def _json(text: str) -> Document | None:
    """Return None for a text that is not JSON: it may be YAML, whose reader says better what is wrong."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value, findings = json_text.read(text)
    except (ValueError, RecursionError):
        return None
    return Document(value, findings, json_text.locator(text))


def _yaml(text: str) -> Document:
    from polyflow_shared.language.text.yaml import places, reading  # noqa: PLC0415 (26 ms, and JSON does without)

    value, findings, respelled = reading.read(text)
    if value is None:
        return Document(None, findings)
    findings = places.pointing_back(text, findings)
    spelling = respelled.get if respelled else unspelled
    return Document(value, findings, places.Places(text).locate, spelling)
