"""Notifiers, through the command line: each test is named after a row of the list of features."""

import os

from tests.e2e.command import CommandLine
from tests.e2e.test_hooks import hooks_of
from tests.e2e.test_run import dag, job
from tests.unit.notify.servers import AUTHORITY, mailing, receiving


def test_64_the_webhook_receives_the_final_status(polyflow: CommandLine) -> None:
    with receiving() as receiver:
        polyflow.environment["NOTIFY_TOKEN"] = "t0ken"
        hooks = f"hooks: [{{hubRef: notify/webhook, trigger: failed, params: {{url: {{value: '{receiver.url}'}}}}}}]\n"
        failed = polyflow.json("run", polyflow.file(hooks + dag(job("a", "exit 1"))), "--project", "vision")
        polyflow("run", polyflow.file(hooks + dag(job("a", "true"))))
    (posted,) = receiver.got
    assert posted.headers["Authorization"] == "Bearer t0ken"
    data = posted.body["data"]
    assert (data["id"], data["name"], data["project"]) == (failed["id"], "test", "vision")
    assert (data["status"], data["reason"]) == ("failed", "OperationsFailed")
    assert data["finished_at"][:22] == failed["finished_at"][:22]
    (followed,) = hooks_of(polyflow, failed["id"])
    assert (followed["status"], followed["project"]) == ("succeeded", "vision")
    assert "t0ken" not in polyflow("show", followed["id"], "--format", "json").stdout


def test_64_slack_is_told_of_an_operation_with_its_outputs(polyflow: CommandLine) -> None:
    with receiving() as receiver:
        more = f", outputs: [{{name: loss, type: float}}], hooks: [{{hubRef: notify/slack, params: {{url: {{value: '{receiver.url}'}}}}}}]"
        polyflow("run", polyflow.file(dag(job("a", """echo '{"loss": 0}' > $POLYFLOW_OUTPUTS""", more))))
    (posted,) = receiver.got
    assert posted.body["text"].startswith("operation a of run test: succeeded\n")
    assert "loss = 0" in posted.body["text"]


def test_64_an_email_is_sent_with_starttls(polyflow: CommandLine) -> None:
    password = {"NOTIFY_USER": "me", "NOTIFY_PASSWORD": "secret", "SSL_CERT_FILE": str(AUTHORITY)}
    polyflow.environment |= password
    with mailing(starttls=True) as server:
        params = f"{{url: {{value: 'smtp://localhost:{server.port}'}}, to: {{value: ada@example.org}}}}"
        hooks = f"hooks: [{{hubRef: notify/email, params: {params}}}]\n"
        done = polyflow("run", polyflow.file(hooks + dag(job("a", "true"))))
    (got,) = server.got
    assert (got.recipients, got.encrypted) == (["ada@example.org"], True)
    assert got.letter["Subject"] == "[polyflow] run test: succeeded"
    assert done.returncode == 0


def test_64_a_notice_that_is_not_taken_fails_its_own_run_with_the_reason(polyflow: CommandLine) -> None:
    with receiving() as receiver:
        receiver.answers = [(404, {})]
        hooks = f"hooks: [{{hubRef: notify/slack, params: {{url: {{value: '{receiver.url}'}}}}}}]\n"
        view = polyflow.json("run", polyflow.file(hooks + dag(job("a", "true"))))
    (followed,) = hooks_of(polyflow, view["id"])
    assert (view["status"], followed["status"]) == ("succeeded", "failed")
    assert "answers 404: invalid_payload" in polyflow("logs", followed["id"], "slack").stdout
    assert os.environ.get("NOTIFY_TOKEN") is None


def test_64_notifications_go_where_the_catalogue_says(polyflow: CommandLine) -> None:
    with receiving() as receiver, receiving() as chat:
        polyflow.home.mkdir()
        secret = polyflow.home / "secrets" / "chat.env"
        secret.parent.mkdir()
        secret.write_text(f"NOTIFY_URL={chat.url}\n")
        (polyflow.home / "connections.yaml").write_text(
            f"connections:\n- {{name: ops, kind: webhook, schema: {{url: '{receiver.url}'}}}}\n"
            "- {name: team, kind: slack, secret: {name: chat}}\n"
        )
        plugins = "plugins: {notifications: [{connections: [ops, team], trigger: failed}]}\n"
        view = polyflow.json("run", polyflow.file(plugins + dag(job("a", "exit 1"), job("b", "true"))))
        polyflow("run", polyflow.file(plugins + dag(job("a", "true"))))
    assert [posted.body["data"]["id"] for posted in receiver.got] == [view["id"]]
    assert [posted.body["text"].splitlines()[0] for posted in chat.got] == ["run test: failed"]
    assert chat.url not in polyflow("show", hooks_of(polyflow, view["id"])[0]["id"]).stdout


def test_64_a_notification_without_a_place_to_go_is_refused(polyflow: CommandLine) -> None:
    polyflow.home.mkdir()
    (polyflow.home / "connections.yaml").write_text(
        "connections: [{name: pager, kind: pagerduty}, {name: team, kind: slack}]\n"
    )
    text = "plugins:\n  notifications:\n  - {connections: [pager, tema]}\n  - {connections: [team], trigger: running}\n"
    done = polyflow("run", polyflow.file(text + dag(job("a", "true"))))
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "pipeline.yaml:3:20" in said
    assert "name one of kind `webhook`, `slack`" in said
    assert "there is no connection `tema`" in said
    assert "did you mean `team`?" in said
    assert "a notification when a run is `running` is not supported yet" in said
