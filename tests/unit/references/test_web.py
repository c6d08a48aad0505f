"""Documents from the web, and everything that must not be reached through them."""

import pytest

from polyflow_shared.references.addresses import is_public
from polyflow_shared.references.errors import (
    MAX_BYTES,
    ForbiddenError,
    MissingError,
    NotReadError,
    TooLargeError,
    UnreachableError,
)
from polyflow_shared.references.web import MAX_REDIRECTS, Web
from tests.unit.references.servers import dribbled, moved, ok, serving, status

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def web(**settings):
    """Return a reader that may reach this machine."""
    return Web(private_hosts=["127.0.0.1"], **settings)


def test_a_document_is_read():
    with serving({"/a/b.yaml?c=d": ok("run: ünï".encode())}) as server:
        assert web().read(f"{server.url}/a/b.yaml?c=d#top") == "run: ünï"
        assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in server.requests[0]
        assert "\r\nAccept-Encoding: identity\r\n" in server.requests[0]


def test_characters_beyond_ascii_are_escaped():
    with serving({"/%C3%BC.yaml": ok(b"x")}) as server:
        assert web().read(f"{server.url}/ü.yaml") == "x"


@pytest.mark.parametrize("body", [b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"])
def test_a_document_in_chunks_is_read(body):
    with serving({"/": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body}) as server:
        assert web().read(server.url) == "abc"


def test_redirects_are_followed_relative_or_not():
    with serving(
        {"/a/b": moved("c"), "/a/c": moved("/d", "308 Permanent Redirect"), "/d": ok(b"x")}
    ) as server:
        assert web().read(f"{server.url}/a/b") == "x"


def test_so_many_redirects_are_followed_and_not_one_more():
    replies = {f"/{i}": moved(f"/{i + 1}") for i in range(MAX_REDIRECTS + 1)}
    with serving({**replies, f"/{MAX_REDIRECTS + 1}": ok(b"x")}) as server:
        assert web().read(f"{server.url}/1") == "x"
        with pytest.raises(UnreachableError, match="more than 5 redirects"):
            web().read(f"{server.url}/0")


def test_a_redirect_to_itself_ends():
    with serving({"/": moved("/")}) as server:
        with pytest.raises(UnreachableError, match="redirects"):
            web().read(server.url)
        assert len(server.requests) == MAX_REDIRECTS + 1


UNUSABLE = {
    "nothing there": (status("404 Not Found"), MissingError, "there is nothing at"),
    "gone": (status("410 Gone"), MissingError, "there is nothing at"),
    "an error of the server": (status("500 Oh"), UnreachableError, "answered with 500"),
    "no content": (status("204 No Content"), UnreachableError, "answered with 204"),
    "a redirect to nowhere": (status("302 Found"), UnreachableError, "answered with 302"),
    "no HTTP": (b"220 mail.example.org ESMTP\r\n", UnreachableError, "BadStatusLine"),
    "nothing at all": (b"", UnreachableError, "cannot be fetched"),
    "cut off": (HEAD + b"Content-Length: 9\r\n\r\nabc", UnreachableError, "before its announced length"),
    "cut off in chunks": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc", UnreachableError, "IncompleteRead",
    ),
    "no UTF-8": (ok(b"a: \xff"), UnreachableError, "not UTF-8"),
    "announced as too large": (HEAD + b"Content-Length: 9999999\r\n\r\n", TooLargeError, "more than"),
    "too large": (HEAD + b"\r\n" + b"x" * (MAX_BYTES + 1), TooLargeError, "more than"),
    "too large, in chunks": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"4000\r\n%b\r\n" % (b"x" * 0x4000) * 70 + b"0\r\n\r\n",
        TooLargeError, "more than",
    ),
    "a redirect to a file": (moved("file:///etc/passwd"), ForbiddenError, "https://"),
    "a redirect with a password": (moved("http://me:secret@127.0.0.1/"), ForbiddenError, "password"),
    "a redirect with a control character": (moved("/\x01"), UnreachableError, "no URL"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "error", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_answer_is_refused_that_is(reply, error, words):
    with serving({"/": reply}) as server, pytest.raises(NotReadError, match=words) as raised:
        web().read(server.url)
    assert type(raised.value) is error


SLOW = {
    "says nothing": dribbled(b"", b""),
    "never ends its headers": dribbled(HEAD, b"X-A: b\r\n"),
    "never ends a header": dribbled(HEAD, b"x"),
    "never ends its body": dribbled(HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
    "never ends a body without a length": dribbled(HEAD + b"\r\n", b"x"),
    "never gets to the answer": dribbled(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_time_is_limited_where_a_server(reply):
    with (
        serving({"/": reply}) as server,
        pytest.raises(UnreachableError, match=r"within 0\.2 s"),
    ):
        web(timeout=0.2).read(server.url)


def test_time_is_limited_where_encryption_never_begins():
    with serving({}) as server, pytest.raises(UnreachableError, match=r"cannot be fetched|within"):
        web(timeout=0.2).read(f"https://127.0.0.1:{server.port}/")


def test_nobody_there():
    with serving({}) as server:
        port = server.port
    with pytest.raises(UnreachableError, match="refused"):
        web().read(f"http://127.0.0.1:{port}/")


def test_a_private_address_is_refused_and_not_connected_to():
    with serving({"/": ok(b"secret")}) as server:
        with pytest.raises(ForbiddenError, match=r"`127\.0\.0\.1` is at a private address"):
            Web().read(server.url)
        assert server.requests == []


SPELLINGS = ["localhost", "0x7f.1", "2130706433", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "0"]


@pytest.mark.parametrize("host", SPELLINGS)
def test_this_machine_is_refused_however_it_is_spelled(host):
    with serving({"/": ok(b"secret")}) as server:
        with pytest.raises(NotReadError):
            Web().read(f"http://{host}:{server.port}/")
        assert server.requests == []


def test_a_name_is_judged_by_its_addresses():
    with serving({"/": ok(b"secret")}) as server:
        reader = Web(resolve=lambda *_: ["127.0.0.1"])
        with pytest.raises(ForbiddenError, match=r"`inside\.example\.org` is at a private address"):
            reader.read(f"http://inside.example.org:{server.port}/")
        assert server.requests == []


def test_one_private_address_among_public_ones_is_too_many():
    with pytest.raises(ForbiddenError):
        Web(resolve=lambda *_: ["93.184.215.14", "10.0.0.1"]).read("http://example.org/")


def test_an_allowed_name_is_reached_at_its_address_under_its_name():
    with serving({"/": ok(b"x")}) as server:
        reader = Web(private_hosts=["Hub.internal"], resolve=lambda *_: ["127.0.0.1"])
        assert reader.read(f"http://hub.INTERNAL:{server.port}/") == "x"
        assert f"\r\nHost: hub.internal:{server.port}\r\n" in server.requests[0]


def test_a_redirect_to_a_private_address_is_refused():
    with (
        serving({"/": ok(b"secret")}) as inside,
        serving({"/": moved(f"http://inside:{inside.port}/")}) as server,
    ):
        reader = Web(private_hosts=["outside"], resolve=lambda *_: ["127.0.0.1"])
        with pytest.raises(ForbiddenError, match="`inside`"):
            reader.read(f"http://outside:{server.port}/")
        assert inside.requests == []


def test_a_name_that_changes_its_address_is_judged_each_time():
    """What is checked is what is connected to: there is no second look-up between the two."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked = []

    def resolve(host, _port):
        asked.append(host)
        return next(answers)

    with serving({"/": moved("http://there.example.org/x")}) as server:
        reader = Web(private_hosts=["here.example.org"], resolve=resolve)
        with pytest.raises(ForbiddenError):
            reader.read(f"http://here.example.org:{server.port}/")
    assert asked == ["here.example.org", "there.example.org"]


def test_the_next_address_is_tried_where_one_does_not_answer():
    with serving({"/": ok(b"x")}) as server:
        reader = Web(private_hosts=["h"], resolve=lambda *_: ["127.0.0.2", "127.0.0.1"])
        assert reader.read(f"http://h:{server.port}/") == "x"


def test_a_host_that_is_not_known():
    def unknown(_host, _port):
        raise OSError(-2, "Name or service not known")

    with pytest.raises(UnreachableError, match="`nowhere` is not known: Name or service not known"):
        Web(resolve=unknown).read("http://nowhere/")
    with pytest.raises(UnreachableError, match="no address"):
        Web(resolve=lambda *_: []).read("http://nowhere/")


def test_proxies_of_the_environment_are_ignored(monkeypatch):
    with serving({"/": ok(b"x")}) as server, serving({}) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert web().read(server.url) == "x"
        assert proxy.requests == []


def test_a_redirect_never_leaves_encryption():
    from polyflow_shared.references.web import _redirected

    with pytest.raises(ForbiddenError, match="not encrypted"):
        _redirected("https://example.org/", "http://example.org/")


PUBLIC = ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]
NOT_PUBLIC = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "ff0e::1", "::ffff:127.0.0.1", "::7f00:1",
    "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "no address",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_is_not_public(address):
    assert not is_public(address)
