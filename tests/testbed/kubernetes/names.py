"""A name server for the pods of a real node.

The test bed runs neither CoreDNS nor kube-proxy, so the name of a Service leads to its pods that are ready, and
no Service has a way by its own address.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from tests.testbed.kubernetes.api import Api, ApiError

DOMAIN: Final = "cluster.local"
_PORT: Final = 53
_HEAD: Final = struct.Struct("!6H")
_ANSWER: Final = struct.Struct("!3HIH4s")
_FOUND: Final = 0x8180
_NO_SUCH_NAME: Final = 0x8183
_ADDRESS: Final = 1
"""The type of a question for an IPv4 address."""
_SECONDS: Final = 1
"""For which an answer may be kept."""


@contextmanager
def running_names(api: Api, address: str) -> Iterator[None]:
    """Answer questions at an address of this machine for as long as the block takes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((address, _PORT))
        listening.settimeout(0.2)
        ended = threading.Event()
        thread = threading.Thread(target=_serve, args=(listening, api, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _serve(listening: socket.socket, api: Api, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            question, asking = listening.recvfrom(512)
        except TimeoutError:
            continue
        listening.sendto(answer(question, lambda name: _ready(api, name)), asking)


Find = Callable[[str], Sequence[str] | None]


def answer(question: bytes, find: Find) -> bytes:
    """Return the answer to a question in DNS' wire format (RFC 1035, section 4).

    Args:
        question: with one name.
        find: returns the addresses of a name, or None if there is no such name.
    """
    number, *_ = _HEAD.unpack_from(question)
    labels, place = [], _HEAD.size
    while length := question[place]:
        labels.append(question[place + 1 : place + 1 + length].decode())
        place += 1 + length
    kind, _ = struct.unpack_from("!2H", question, place + 1)
    addresses = find(".".join(labels))
    told = (addresses or ()) if kind == _ADDRESS else ()
    head = _HEAD.pack(number, _NO_SUCH_NAME if addresses is None else _FOUND, 1, len(told), 0, 0)
    answers = [_ANSWER.pack(0xC000 | _HEAD.size, 1, 1, _SECONDS, 4, socket.inet_aton(one)) for one in told]
    return head + question[_HEAD.size : place + 5] + b"".join(answers)


def _ready(api: Api, name: str) -> Sequence[str] | None:
    """Return the addresses of a Service's pods that are ready; None if the name is not one of a Service."""
    service, _, rest = name.partition(".")
    namespace, _, domain = rest.partition(".")
    if domain != f"svc.{DOMAIN}":
        return None
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    try:
        pieces = api.get(path, labelSelector=f"kubernetes.io/service-name={service}")["items"]
    except (ApiError, OSError):
        return None
    return [
        address
        for piece in pieces
        for one in piece["endpoints"] or ()
        if one["conditions"]["ready"]
        for address in one["addresses"]
    ]
