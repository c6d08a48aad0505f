"""A notice sent over HTTP, once."""

import ssl
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from polyflow.gateway import AGAIN, ANSWER_WITHIN, NotDeliveredError, NotNowError
from polyflow.notify.target import Target

_SAID: Final = 200
"""Characters of an answer that are shown."""


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect: what was posted would be asked for with GET, and lost without a word."""


def send(target: Target, body: bytes, content_type: str) -> None:
    """Post a notice once.

    Raises:
        NotNowError: trying again may help: 408, 425, 429, 5xx, or no connection.
        NotDeliveredError: it is not taken.
    """
    if target.parts.scheme not in {"http", "https"}:
        raise NotDeliveredError(f"`{target.shown}` is no web address: write `https://…`")
    headers = {"Content-Type": content_type, "User-Agent": "polyflow"}
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    try:
        request = Request(target.url, data=body, headers=headers, method="POST")
        with build_opener(_Stay).open(request, timeout=ANSWER_WITHIN) as answer:
            answer.read()
    except HTTPError as error:
        with error:
            raise _refused(target, error) from error
    except URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise NotDeliveredError(f"{target.shown}: {error.reason}") from error
        raise NotNowError(f"{target.shown} cannot be reached: {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise NotNowError(f"{target.shown} cannot be reached: {error}") from error


def _refused(target: Target, error: HTTPError) -> NotDeliveredError:
    said = " ".join(error.read(4 * _SAID).decode("utf-8", "replace").split())[:_SAID]
    message = f"{target.shown} answers {error.code}{f': {said}' if said else ''}"
    if error.code >= 500 or error.code in AGAIN:
        wait = error.headers.get("Retry-After", "")
        return NotNowError(message, float(wait) if wait.isdecimal() else 0.0)
    if 300 <= error.code < 400:
        message = (
            f"{target.shown} answers {error.code}, which leads elsewhere: write the address that it leads to"
        )
    return NotDeliveredError(message)
