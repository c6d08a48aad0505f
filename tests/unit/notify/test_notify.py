"""Notifiers against real servers on this machine."""

import json
import socket
from email.message import EmailMessage

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from polyflow.gateway import NotDeliveredError, NotNowError
from polyflow.notify import forms, mail, post
from polyflow.notify.__main__ import main
from polyflow.notify.forms import CLOUD_EVENT, JSON
from polyflow.notify.notice import notice_of
from polyflow.notify.target import Target
from tests.unit.notify.servers import AUTHORITY, mailing, receiving

CONDITION = {
    "type": "failed",
    "reason": "OperationsFailed",
    "message": "1 of 2 operations failed",
    "at": "2026-01-01T00:01:00+00:00",
    "run": "digits",
    "operation": "",
}
NOTICE = {
    "name": "digits",
    "run": "r-1",
    "kind": "dag",
    "status": "failed",
    "wait_time": 2.0,
    "duration": 10.5,
    "outputs": {"loss": 0, "best": False},
    "condition": CONDITION,
}
TOLD = {
    "POLYFLOW_RUN": "notifier",
    "POLYFLOW_PROJECT": "vision",
    "POLYFLOW_OWNER": "ada",
    "NOTICE": json.dumps(NOTICE),
    "NOTICE_PATIENCE": "0",
}


def told(*, condition: dict | None = None, **other: object) -> dict[str, str]:
    notice = {**NOTICE, **other, "condition": {**CONDITION, **(condition or {})}}
    return {**TOLD, "NOTICE": json.dumps(notice)}


DATA = {
    "id": "r-1",
    "name": "digits",
    "operation": None,
    "kind": "dag",
    "project": "vision",
    "owner": "ada",
    "status": "failed",
    "reason": "OperationsFailed",
    "message": "1 of 2 operations failed",
    "created_at": "2026-01-01T00:00:47.500Z",
    "started_at": "2026-01-01T00:00:49.500Z",
    "finished_at": "2026-01-01T00:01:00.000Z",
    "wait_time": 2.0,
    "duration": 10.5,
    "outputs": {"loss": 0, "best": False},
}


def test_a_webhook_gets_a_cloud_event_with_all_that_is_known(capsys):
    with receiving() as receiver:
        environment = {**TOLD, "NOTICE_URL": receiver.url, "NOTIFY_TOKEN": "t0ken"}
        assert main(["webhook"], environment) == 0
    (posted,) = receiver.got
    assert (posted.path, posted.headers["Authorization"]) == ("/hooks/in", "Bearer t0ken")
    event = from_http_event(HTTPMessage(headers=posted.headers, body=json.dumps(posted.body).encode()))
    assert event.get_data() == DATA
    assert (event.get_type(), event.get_subject(), event.get_id()) == (
        "polyflow.run.finished.v1",
        "r-1",
        "notifier",
    )
    said = capsys.readouterr()
    assert said.out == f"delivered to {receiver.url.removesuffix('/hooks/in')}\n"
    assert "t0ken" not in said.out + said.err


def test_an_operation_is_told_with_its_run():
    of_operation = told(name="train.fit", condition={"operation": "train.fit"})
    with receiving() as receiver:
        assert main(["webhook"], {**of_operation, "NOTICE_URL": receiver.url}) == 0
        assert main(["slack"], {**of_operation, "NOTICE_URL": receiver.url}) == 0
    event, message = (posted.body for posted in receiver.got)
    assert (event["type"], event["subject"]) == ("polyflow.operation.finished.v1", "r-1/train.fit")
    assert (event["data"]["name"], event["data"]["operation"]) == ("digits", "train.fit")
    assert message["text"].startswith("operation train.fit of run digits: failed\n")


def test_slack_gets_blocks_and_a_text_for_where_they_are_not_shown():
    marked = told(condition={"message": "a < b & <!channel>"})
    with receiving() as receiver:
        assert main(["slack"], {**marked, "NOTICE_URL": receiver.url}) == 0
    body = receiver.got[0].body
    assert body["blocks"][0]["text"] == {"type": "mrkdwn", "text": "*run digits: failed*"}
    assert "OperationsFailed: a &lt; b &amp; &lt;!channel&gt;" in body["blocks"][1]["text"]["text"]
    assert "loss = 0\nbest = false" in body["text"]


def test_values_have_the_letters_of_all_languages():
    with receiving() as receiver:
        assert main(["slack"], {**told(outputs={"s": "é\ud800\n"}), "NOTICE_URL": receiver.url}) == 0
    assert 's = "é\\ud800\\n"' in receiver.got[0].body["text"]


def test_what_is_long_fits_into_a_section_of_slack():
    outputs = {f"output-{number}": "x" * 1000 for number in range(50)}
    with receiving() as receiver:
        assert main(["slack"], {**told(outputs=outputs), "NOTICE_URL": receiver.url}) == 0
    texts = [block["text"]["text"] for block in receiver.got[0].body["blocks"]]
    assert all(len(text) <= 3000 for text in [*texts, receiver.got[0].body["text"]])


@pytest.mark.parametrize(
    ("status", "headers", "error", "says"),
    [
        (429, {"Retry-After": "7"}, NotNowError, "answers 429: invalid_payload"),
        (408, {}, NotNowError, "answers 408"),
        (500, {}, NotNowError, "answers 500"),
        (503, {"Retry-After": "soon"}, NotNowError, "answers 503"),
        (400, {}, NotDeliveredError, "answers 400: invalid_payload"),
        (404, {}, NotDeliveredError, "answers 404"),
        (302, {"Location": "/there"}, NotDeliveredError, "leads elsewhere"),
    ],
)
def test_what_an_answer_means(status, headers, error, says):
    with receiving() as receiver:
        receiver.answers = [(status, headers)]
        with pytest.raises(NotDeliveredError, match=says) as raised:
            post.send(Target(receiver.url), b"{}", JSON)
    assert type(raised.value) is error
    assert getattr(raised.value, "wait", 0.0) == (7.0 if status == 429 else 0.0)
    assert len(receiver.got) == 1


def test_it_is_tried_again_with_the_same_event_until_it_is_taken():
    with receiving() as receiver:
        receiver.answers = [(503, {}), (429, {"Retry-After": "0"})]
        assert main(["webhook"], {**TOLD, "NOTICE_URL": receiver.url, "NOTICE_PATIENCE": "30"}) == 0
    assert [posted.body["id"] for posted in receiver.got] == ["notifier"] * 3


def test_a_server_that_is_not_there_may_be_there_later():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotNowError, match="cannot be reached"):
        post.send(Target(f"http://127.0.0.1:{port}"), b"{}", CLOUD_EVENT)
    with pytest.raises(NotNowError, match="cannot be reached"):
        mail.send(Target(f"smtp://127.0.0.1:{port}", recipients=("a@b",)), EmailMessage())


@pytest.mark.parametrize(
    ("words", "environment", "says"),
    [
        ("webhook", {}, "there is no address: give the param `url`"),
        ("webhook", {"NOTICE_URL": "example.org/x"}, "no URL"),
        ("webhook", {"NOTICE_URL": "http://[::1"}, "no URL"),
        ("webhook", {"NOTICE_URL": "https://me:pass@example.org"}, "set NOTIFY_TOKEN"),
        ("slack", {"NOTICE_URL": "smtp://example.org"}, "is no web address: write `https://…`"),
        ("email", {"NOTICE_URL": "https://example.org"}, "is no mail server: write `smtp://HOST`"),
        ("email", {"NOTICE_URL": "smtp://example.org"}, "nobody to send it to: give the param `to`"),
        ("email", {"NOTICE_URL": "smtp://h", "NOTICE_TO": "a@b", "NOTICE_TLS": "no"}, "write `starttls` or"),
        (
            "email",
            {"NOTICE_URL": "smtp://h", "NOTICE_TO": "a@b", "NOTICE_TLS": "none", "NOTIFY_PASSWORD": "x"},
            "a password is not sent in the clear",
        ),
    ],
)
def test_what_cannot_be_sent_says_what_to_write(words, environment, says, capsys):
    assert main([words], {**TOLD, **environment}) == 1
    said = capsys.readouterr().err
    assert says in said
    assert "pass@" not in said


def test_an_unknown_notifier_is_a_mistake(capsys):
    assert main(["pigeon"], TOLD) == 2
    assert "name one of webhook, slack, email" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("notifier", "kind", "found"),
    [
        ("webhook", "webhook", True),
        ("slack", "slack", True),
        ("slack", "mattermost", True),
        ("webhook", "slack", False),
    ],
)
def test_the_address_may_be_that_of_a_connection(notifier, kind, found):
    with receiving() as receiver:
        connection = json.dumps({"kind": kind, "url": receiver.url})
        status = main([notifier], {**TOLD, "POLYFLOW_CONNECTION_TEAM": connection})
    assert (status == 0, len(receiver.got)) == (found, found)


def test_the_address_may_be_a_secret_and_is_not_shown(capsys):
    with receiving() as receiver:
        receiver.answers = [(404, {})]
        assert main(["slack"], {**TOLD, "NOTIFY_URL": receiver.url}) == 1
    assert len(receiver.got) == 1
    assert "/hooks/in" not in capsys.readouterr().err


MAIL = {**TOLD, "NOTICE_TO": "ada@example.org, bob@example.org", "NOTICE_SENDER": "ci@example.org"}


def test_a_letter_is_plain_and_has_a_message_id_of_its_own(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with mailing(starttls=True) as server:
        url = f"smtp://localhost:{server.port}"
        assert (
            main(["email"], {**MAIL, "NOTICE_URL": url, "NOTIFY_USER": "me", "NOTIFY_PASSWORD": "secret"})
            == 0
        )
    (got,) = server.got
    assert (got.encrypted, got.user) == (True, "me")
    assert (got.sender, got.recipients) == ("ci@example.org", ["ada@example.org", "bob@example.org"])
    assert got.letter["Subject"] == "[polyflow] run digits: failed"
    assert got.letter["Message-ID"] == "<notifier@polyflow>"
    assert got.letter.get_content_type() == "text/plain"
    text = got.letter.get_payload(decode=True).decode()
    assert "OperationsFailed: 1 of 2 operations failed" in text
    assert "polyflow show r-1" in text


def test_a_letter_over_tls_from_the_beginning(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with mailing(encrypted=True) as server:
        assert main(["email"], {**MAIL, "NOTICE_URL": f"smtps://localhost:{server.port}"}) == 0
    assert [got.encrypted for got in server.got] == [True]


def test_a_letter_in_the_clear_only_where_that_is_said(capsys):
    with mailing() as server:
        url = f"smtp://127.0.0.1:{server.port}"
        assert main(["email"], {**MAIL, "NOTICE_URL": url}) == 1
        assert "`tls: none` sends it in the clear" in capsys.readouterr().err
        assert server.got == []
        assert main(["email"], {**MAIL, "NOTICE_URL": url, "NOTICE_TLS": "none"}) == 0
    assert [got.encrypted for got in server.got] == [False]


def test_a_certificate_that_nobody_vouches_for_is_refused(monkeypatch, capsys):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with mailing(starttls=True) as server:
        assert main(["email"], {**MAIL, "NOTICE_URL": f"smtp://localhost:{server.port}"}) == 1
    assert "certificate verify failed" in capsys.readouterr().err
    assert server.got == []


@pytest.mark.parametrize(
    ("replies", "error", "says"),
    [
        ({"MAIL": ["451 later"]}, NotNowError, "replies 451: later"),
        ({"MAIL": ["550 never"]}, NotDeliveredError, "replies 550: never"),
        ({"RCPT": ["450 later", "450 later"]}, NotNowError, "replies 450"),
        ({"RCPT": ["550 who?", "450 later"]}, NotDeliveredError, "replies 550: who?"),
        ({"RCPT": ["550 who?"]}, NotDeliveredError, "for the others, but not for ada@example.org"),
        ({"DATA": ["554 spam"]}, NotDeliveredError, "replies 554: spam"),
    ],
)
def test_what_a_reply_of_a_mail_server_means(replies, error, says):
    with mailing(**replies) as server:
        url = f"smtp://127.0.0.1:{server.port}"
        target = Target(url, tls="none", recipients=("ada@example.org", "bob@example.org"))
        letter = forms.letter(notice_of(TOLD), sender=target.sender, recipients=target.recipients)
        with pytest.raises(NotDeliveredError, match=says.replace("?", r"\?")) as raised:
            mail.send(target, letter)
    assert type(raised.value) is error


def test_a_wrong_password_is_not_tried_again(monkeypatch, capsys):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with mailing(starttls=True) as server:
        mail = {**MAIL, "NOTICE_URL": f"smtp://localhost:{server.port}", "NOTICE_PATIENCE": "30"}
        assert main(["email"], {**mail, "NOTIFY_USER": "me", "NOTIFY_PASSWORD": "wrong"}) == 1
    assert "replies 535" in capsys.readouterr().err
    assert sum(line.lower().startswith("ehlo") for line in server.commands) == 2


def test_without_what_is_known_of_the_end_what_is_left_is_sent():
    with receiving() as receiver:
        assert main(["webhook"], {"NOTICE_URL": receiver.url, "POLYFLOW_RUN": "notifier"}) == 0
    assert receiver.got[0].body["data"]["status"] == ""
    assert "subject" not in receiver.got[0].body
