"""Why a reference could not be read; `fetching.Fetcher` turns it into a finding, and nobody else sees it."""

from typing import Final

from polyflow_shared.errors import PolyflowError
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest

MAX_BYTES: Final = 1024 * 1024
"""The largest document that is read."""


class NotReadError(PolyflowError):
    """A reference cannot be read."""

    code = Code.REFERENCE_UNREACHABLE

    def __init__(self, message: str, hint: str | Nearest = "") -> None:
        """Say why, and what to do about it."""
        super().__init__(message)
        self.hint = hint

    @property
    def finding(self) -> Finding:
        """The same as a finding, which has no path."""
        return Finding(self.code, str(self), hint=self.hint)


class MissingError(NotReadError):
    """There is nothing where it leads to."""

    code = Code.REFERENCE_MISSING


class ForbiddenError(NotReadError):
    """It leads where it must not."""

    code = Code.REFERENCE_FORBIDDEN


class TooLargeError(NotReadError):
    """What it leads to is too large."""

    code = Code.REFERENCE_LIMIT


class UnreachableError(NotReadError):
    """Where it leads to does not answer, or not with a document."""


def text_of(data: bytes, name: str) -> str:
    """Return the text of a document that was read.

    Raises:
        TooLargeError: it has more than `MAX_BYTES`.
        UnreachableError: it is not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise TooLargeError(f"{name} has more than {MAX_BYTES:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{name} is not UTF-8: byte {error.object[error.start]:#04x} at {error.start}"
        raise UnreachableError(message, "save the file in UTF-8") from error
