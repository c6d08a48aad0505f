"""HTTP servers on this machine that answer as tests want them to."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Reply = bytes | Callable[[socket.socket, threading.Event], None]
"""What is sent, or what sends it until the event says that the test is over."""


def ok(body: bytes, **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return _head("200 OK", *lines, f"Content-Length: {len(body)}") + body


def moved(location: str, status: str = "302 Found") -> bytes:
    return _head(status, f"Location: {location}", "Content-Length: 0")


def status(line: str) -> bytes:
    return _head(line, "Content-Length: 0")


def _head(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {line}", *headers, "Connection: close", "", ""]).encode()


def dribbled(first: bytes, drop: bytes) -> Reply:
    """Send something and then a little again and again, for ever."""

    def send(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        while not over.wait(0.01):
            connection.sendall(drop)

    return send


@dataclass
class Server:
    """A server, its port, and the requests that it has had."""

    port: int
    replies: dict[str, Reply]
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply(self, request: str) -> Reply:
        path = request.split(" ")[1]
        self.requests.append(request)
        return self.replies.get(path, status("404 Not Found"))


@contextmanager
def serving(replies: dict[str, Reply]) -> Iterator[Server]:
    """Serve on a free port; replies by their paths, 404 for anything else."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening.getsockname()[1], replies)
        accepting = threading.Thread(target=_accept, args=(listening, server, over), daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            over.set()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            accepting.join(5)


def _accept(listening: socket.socket, server: Server, over: threading.Event) -> None:
    answering = []
    while not over.is_set():
        try:
            connection, _ = listening.accept()
        except OSError:
            break
        answering.append(threading.Thread(target=_answer, args=(connection, server, over), daemon=True))
        answering[-1].start()
    for one in answering:
        one.join(5)


def _answer(connection: socket.socket, server: Server, over: threading.Event) -> None:
    with connection, suppress(OSError):
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(4096) or b"\r\n\r\n"
        if not request.strip():
            return
        reply = server.reply(request.decode("latin-1"))
        if isinstance(reply, bytes):
            connection.sendall(reply)
        else:
            reply(connection, over)
