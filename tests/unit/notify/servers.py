"""A receiver of webhooks and a mail server, on this machine, that answer as tests want them to."""

import base64
import io
import socketserver
import ssl
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from tests.unit.receiver import Receiver, served

TLS = Path(__file__).parents[2] / "fixtures" / "tls"
AUTHORITY = TLS / "localhost.crt"
"""The certificate of localhost, which only who is told to trust it trusts."""


@dataclass
class Mail:
    """What came to the mail server."""

    sender: str
    recipients: list[str]
    letter: Message
    encrypted: bool
    user: str


@dataclass
class Manners:
    """How a mail server behaves."""

    starttls: bool = False
    encrypted: bool = False
    replies: dict[str, list[str]] = field(default_factory=dict)
    """To a command, once each; what it would say otherwise where there is none left."""


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much of SMTP as is needed.  Sources: RFC 5321, RFC 3207 (STARTTLS), RFC 4954 (AUTH)."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, manners: Manners) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.manners = manners
        self.got: list[Mail] = []
        self.commands: list[str] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(TLS / "localhost.crt", TLS / "localhost.key")
        self.port = self.server_address[1]

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that hangs up."""


class _Talk(socketserver.BaseRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.encrypted, self.user, self.sender = False, "", ""
        self.recipients: list[str] = []
        self._open(self.request, secret=self.server.manners.encrypted)
        self._say("220 ready")
        while line := self.lines.readline().decode().strip():
            self.server.commands.append(line)
            if not self._answer(line):
                return

    def _open(self, connection: Any, *, secret: bool) -> None:
        if secret:
            self.lines, self.connection = io.BytesIO(), connection
            connection = self.server.context.wrap_socket(connection, server_side=True)
            self.encrypted = True
        self.connection = connection
        self.lines = connection.makefile("rb")

    def finish(self) -> None:
        self.lines.close()
        self.connection.close()

    def _say(self, *lines: str) -> None:
        self.connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def _answer(self, line: str) -> bool:
        word = line.split(maxsplit=1)[0].upper()
        planned = self.server.manners.replies.get(word)
        if planned:
            self._say(planned.pop(0))
            return True
        getattr(self, f"_{word.lower()}")(line)
        return word != "QUIT"

    def _ehlo(self, _: str) -> None:
        offered = self.server.manners.starttls and not self.encrypted
        self._say("250-localhost", *(["250-STARTTLS"] if offered else []), "250 AUTH PLAIN")

    def _starttls(self, _: str) -> None:
        self._say("220 go ahead")
        self._open(self.connection, secret=True)

    def _auth(self, line: str) -> None:
        _, self.user, password = base64.b64decode(line.split()[2]).decode().split("\0")
        self._say("235 yes" if password == "secret" else "535 no")

    def _mail(self, line: str) -> None:
        self.sender = line.partition("<")[2].partition(">")[0]
        self._say("250 ok")

    def _rcpt(self, line: str) -> None:
        self.recipients.append(line.partition("<")[2].partition(">")[0])
        self._say("250 ok")

    def _data(self, _: str) -> None:
        self._say("354 go on")
        body = b""
        while not body.endswith(b"\r\n.\r\n"):
            body += self.lines.readline()
        letter = message_from_bytes(body[:-3])
        self.server.got.append(Mail(self.sender, self.recipients, letter, self.encrypted, self.user))
        self._say("250 taken")

    def _rset(self, _: str) -> None:
        self._say("250 ok")

    def _quit(self, _: str) -> None:
        self._say("221 bye")


def receiving() -> AbstractContextManager[Receiver]:
    """Serve a receiver of webhooks."""
    return served(Receiver("/hooks/in", refusal=b"invalid_payload"))


def mailing(
    *, starttls: bool = False, encrypted: bool = False, **replies: list[str]
) -> AbstractContextManager[MailServer]:
    """Serve a mail server."""
    return served(MailServer(Manners(starttls, encrypted, replies)))
