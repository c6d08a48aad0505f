"""A notice sent by e-mail, once."""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from typing import Final

from polyflow.gateway import ANSWER_WITHIN, NotDeliveredError, NotNowError
from polyflow.notify.target import Target

_PORTS: Final = {"smtp": 587, "smtps": 465}
"""Sources: RFC 6409 (submission), RFC 8314 (submission over TLS)."""


def send(target: Target, letter: EmailMessage) -> None:
    """Send a letter once.

    Certificates are checked, with the machine's authorities or those in `SSL_CERT_FILE`.

    Raises:
        NotNowError: trying again may help: a reply 4xx, or no connection.
        NotDeliveredError: it is not taken, or must not be sent so.
    """
    _possible(target)
    try:
        server = _connected(target)
    except smtplib.SMTPResponseException as error:
        raise _replied(target, error.smtp_code, error.smtp_error) from error
    except ssl.SSLCertVerificationError as error:
        raise NotDeliveredError(f"{target.shown}: {error}") from error
    except OSError as error:
        raise NotNowError(f"{target.shown} cannot be reached: {error}") from error
    try:
        refused = _sent(server, target, letter)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
    if refused:
        raise NotDeliveredError(f"{target.shown} takes it for the others, but not for {', '.join(refused)}")


def _possible(target: Target) -> None:
    if target.parts.scheme not in _PORTS:
        raise NotDeliveredError(f"`{target.shown}` is no mail server: write `smtp://HOST` or `smtps://HOST`")
    if target.tls not in {"starttls", "none"}:
        raise NotDeliveredError(f"`tls` is {target.tls!r}: write `starttls` or `none`")
    if not target.recipients:
        raise NotDeliveredError(
            "there is nobody to send it to: give the param `to`, or the variable NOTIFY_TO"
        )
    if target.password and not _is_secret(target):
        raise NotDeliveredError("a password is not sent in the clear: leave out `tls: none`")


def _is_secret(target: Target) -> bool:
    return target.parts.scheme == "smtps" or target.tls == "starttls"


def _connected(target: Target) -> smtplib.SMTP:
    host, scheme = target.parts.hostname or "", target.parts.scheme
    port = target.parts.port or _PORTS[scheme]
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=ANSWER_WITHIN, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=ANSWER_WITHIN)


def _sent(server: smtplib.SMTP, target: Target, letter: EmailMessage) -> list[str]:
    """Send a letter; return for whom alone it was not taken."""
    try:
        if target.parts.scheme == "smtp" and target.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if target.user:
            server.login(target.user, target.password)
        return sorted(server.send_message(letter))
    except smtplib.SMTPRecipientsRefused as error:
        replies = list(error.recipients.values())
        raise _replied(target, max(code for code, _ in replies), replies[0][1]) from error
    except smtplib.SMTPResponseException as error:
        raise _replied(target, error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        hint = "`tls: none` sends it in the clear"
        raise NotDeliveredError(f"{target.shown}: {error}; {hint}") from error
    except ssl.SSLCertVerificationError as error:
        raise NotDeliveredError(f"{target.shown}: {error}") from error
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        raise NotNowError(f"{target.shown}: {error}") from error


def _replied(target: Target, code: int, said: bytes | str) -> NotDeliveredError:
    """Return what a reply means.  Source: RFC 5321, 4.2.1: 4yz is transient, 5yz permanent."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    message = f"{target.shown} replies {code}: {' '.join(text.split())}"
    return NotNowError(message) if 400 <= code < 500 else NotDeliveredError(message)
