"""What can be seen and done of the runs of hooks, from other terminals."""

import json
import signal

from polyflow.running.session import WAITING
from tests.e2e.command import CommandLine, interrupt, rest_of, wait_for
from tests.e2e.test_hooks import LOSS, WRITE, hooks_of
from tests.e2e.test_run import dag, job
from tests.unit.notify.servers import receiving


def component(polyflow: CommandLine, name: str, script: str) -> None:
    path = polyflow.home / "hub" / name / "latest.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f"inputs: [{{name: word, type: any, value: none}}]\nname: {name}\n"
        f"run: {{kind: job, container: {{command: [sh, -c, '{script}']}}}}\n"
    )


def test_61_a_run_lists_the_runs_of_its_hooks(polyflow: CommandLine) -> None:
    component(polyflow, "say", "true")
    component(polyflow, "bad", "exit 3")
    hooks = "hooks: [{hubRef: say, trigger: failed}, {hubRef: bad}]\n"
    more = ", hooks: [{hubRef: say, conditions: status == 'failed'}, {hubRef: say}]"
    view = polyflow.json("run", polyflow.file(hooks + dag(job("a", "true", more))))
    shown = polyflow.json("show", view["id"])["hooks"]
    assert [(one["hub"], one["operation"], one["status"]) for one in shown] == [
        ("say", "a", "succeeded"),
        ("bad", None, "failed"),
    ]
    assert {one["run"] for one in shown} == {one["id"] for one in hooks_of(polyflow, view["id"])}
    lines = polyflow("show", view["id"]).stdout.splitlines()
    table = lines[next(place for place, line in enumerate(lines) if line.startswith("HOOK")) :][:3]
    assert [line.split()[0] for line in table] == ["HOOK", "say", "bad"]


def test_61_explain_says_what_became_of_hooks(polyflow: CommandLine) -> None:
    component(polyflow, "say", "true")
    hooks = "hooks: [{hubRef: say, trigger: failed}, {hubRef: say, trigger: succeeded}]\n"
    more = ', hooks: [{hubRef: say, conditions: "outputs.loss > 1"}, {hubRef: say, conditions: outputs.no}]'
    view = polyflow.json("run", polyflow.file(hooks + dag(job("a", WRITE, LOSS + more))))
    explained = polyflow("explain", view["id"]).stdout.splitlines()
    shown = {one["status"]: one["run"] for one in polyflow.json("show", view["id"])["hooks"]}
    requested = shown["succeeded"]
    assert "hook say #1 (failed) was not asked for: TriggerNotMet: it is for `failed`" in explained
    assert f"hook say #2 (succeeded) is run {requested}, succeeded" in explained
    assert (
        "hook say #1 of a was not asked for: ConditionFalse: `{{ outputs.loss > 1 }}` is false" in explained
    )
    of_a = polyflow("explain", view["id"], "a").stdout
    assert "hook say #2 was refused: ConditionInvalid: the hook's condition `{{ outputs.no }}`" in of_a
    (refused,) = [one for one in hooks_of(polyflow, view["id"]) if one["status"] == "rejected"]
    assert shown == {"succeeded": requested, "rejected": refused["id"]}
    assert of_a.count(f"; see: polyflow show {refused['id']}\n") == 1
    assert "outputs.no" in polyflow("show", refused["id"]).stdout
    assert "TriggerNotMet" not in of_a


def test_61_params_of_a_hook_may_read_other_operations(polyflow: CommandLine) -> None:
    said = polyflow.folder / "said"
    component(polyflow, "say", f"echo {{{{ word }}}} >> {said}")
    read = "hooks: [{hubRef: say, params: {word: {ref: ops.a, value: outputs.loss}}}]"
    b = job("b", "true", f", dependencies: [a], {read}")
    view = polyflow.json("run", polyflow.file(f"{read}\n" + dag(job("a", WRITE, LOSS), b)))
    assert view["status"] == "succeeded"
    assert [one["status"] for one in hooks_of(polyflow, view["id"])] == ["succeeded", "succeeded"]
    assert said.read_text().splitlines() == ["0.5", "0.5"]
    done = polyflow("run", polyflow.file(f"{read}\n".replace("ops.a", "ops.aa") + dag(job("a", "true"))))
    assert done.returncode == 2
    assert "there is no operation `aa` that this hook can read from" in done.stderr
    assert "did you mean `a`?" in done.stderr


def test_61_params_of_a_hook_may_read_the_dag(polyflow: CommandLine) -> None:
    said = polyflow.folder / "said"
    component(polyflow, "say", f"echo {{{{ word }}}} >> {said}")
    read = "hooks: [{hubRef: say, params: {word: {ref: dag, value: %s}}}]"
    inner = f"{{name: d, run: {{kind: dag, operations: [{job('b', 'true', ', ' + read % 'globals.name')}]}}}}"
    text = "inputs: [{name: lr, type: str}]\n" + dag(job("a", "true", f", {read % 'inputs.lr'}"), inner)
    view = polyflow.json("run", polyflow.file(text), "-P", "lr=of-run")
    assert [one["status"] for one in hooks_of(polyflow, view["id"])] == ["succeeded", "succeeded"]
    assert sorted(said.read_text().splitlines()) == ["d", "of-run"]


def test_61_what_looks_like_a_template_is_a_value(polyflow: CommandLine) -> None:
    said = polyflow.folder / "said"
    component(polyflow, "say", f'echo "{{{{ outputs.loss }}}}" >> {said}')
    outputs = polyflow.file('{"loss": "{{ globals.name }}"}', "outputs.json")
    more = ", outputs: [{name: loss, type: str}], hooks: [{hubRef: say}]"
    view = polyflow.json("run", polyflow.file(dag(job("a", f"cp {outputs} $POLYFLOW_OUTPUTS", more))))
    assert [one["status"] for one in hooks_of(polyflow, view["id"])] == ["succeeded"]
    assert said.read_text() == "{{ globals.name }}\n"


def test_64_a_notice_arrives_as_it_was_said(polyflow: CommandLine) -> None:
    said = {"loss": "$(PATH) $$ {{ globals.name }} \"'\n"}
    outputs = polyflow.file(json.dumps(said), "outputs.json")
    with receiving() as receiver:
        hooks = f"hooks: [{{hubRef: notify/webhook, params: {{url: {{value: '{receiver.url}'}}}}}}]"
        more = f", outputs: [{{name: loss, type: str}}], {hooks}"
        polyflow("run", polyflow.file(dag(job("a", f"cp {outputs} $POLYFLOW_OUTPUTS", more))))
    assert [posted.body["data"]["outputs"] for posted in receiver.got] == [said]


def test_61_a_resumed_run_has_its_hooks_once_more_and_kept_operations_have_none(
    polyflow: CommandLine,
) -> None:
    said = polyflow.folder / "said"
    component(polyflow, "say", f"echo {{{{ name }}}} {{{{ status }}}} >> {said}")
    flag = polyflow.folder / "flag"
    more = ", hooks: [{hubRef: say}]"
    text = "hooks: [{hubRef: say}]\n" + dag(job("a", "true", more), job("b", f"test -e {flag}", more))
    view = polyflow.json("run", polyflow.file(text))
    assert sorted(said.read_text().splitlines()) == ["a succeeded", "b failed", "test failed"]
    flag.touch()
    said.unlink()
    assert polyflow("resume", view["id"]).returncode == 0
    assert sorted(said.read_text().splitlines()) == ["b succeeded", "test succeeded"]
    assert len(hooks_of(polyflow, view["id"])) == 5
    listed = polyflow("events", view["id"]).stdout
    assert listed.count("hook say #1 requested") == 5


def test_a_second_ctrl_c_ends_hooks_that_began_after_the_first_one(polyflow: CommandLine) -> None:
    component(polyflow, "slow", "trap : TERM; echo here; while :; do sleep 0.1; done")
    going = polyflow.begin("run", polyflow.file("hooks: [{hubRef: slow}]\n" + dag(job("a", "sleep 60"))))
    wait_for(going, " a running")
    interrupt(going)
    wait_for(going, WAITING)
    [hook] = hooks_of(polyflow, polyflow.json("show", "latest")["id"])
    while "here" not in polyflow("logs", hook["id"], "slow").stdout:
        pass
    interrupt(going)
    rest_of(going)
    assert going.returncode == 130
    shown = polyflow.json("show", hook["id"])
    assert (shown["status"], [one["attempts"] for one in shown["operations"].values()]) == ("stopped", [1])


SLOW = "echo here; test -e {flag} || sleep 60"


def test_61_the_run_of_a_hook_is_stopped_from_another_terminal(polyflow: CommandLine) -> None:
    component(polyflow, "slow", "echo here; sleep 60")
    going = polyflow.begin("run", polyflow.file("hooks: [{hubRef: slow}]\n" + dag(job("a", "true"))))
    try:
        wait_for(going, "succeeded")
        followed = _running_hook(polyflow)
        done = polyflow("stop", followed)
        assert (done.returncode, "stop accepted" in done.stdout) == (0, True), done.stderr
        assert going.wait(timeout=30) == 0
    finally:
        going.kill()
        rest_of(going)
    (stopped,) = hooks_of(polyflow, polyflow.json("show", followed)["origin"]["run"])
    assert stopped["status"] == "stopped"


def test_61_the_run_of_a_hook_that_was_cut_short_is_taken_up(polyflow: CommandLine) -> None:
    flag = polyflow.folder / "flag"
    component(polyflow, "slow", SLOW.format(flag=flag))
    going = polyflow.begin("run", polyflow.file("hooks: [{hubRef: slow}]\n" + dag(job("a", "true"))))
    wait_for(going, "succeeded")
    followed = _running_hook(polyflow)
    going.send_signal(signal.SIGKILL)
    rest_of(going)
    (shown,) = polyflow.json("show", polyflow.json("show", followed)["origin"]["run"])["hooks"]
    assert shown["status"] == "interrupted"
    assert f"polyflow resume {followed}" in shown["message"]
    flag.touch()
    done = polyflow("resume", followed)
    assert (done.returncode, polyflow.json("show", followed)["status"]) == (0, "succeeded"), done.stderr
    again = polyflow("resume", followed)
    assert (again.returncode, "`polyflow restart` it" in again.stderr) == (2, True)


def test_61_a_run_that_is_taken_up_waits_for_the_runs_of_its_hooks(polyflow: CommandLine) -> None:
    flag = polyflow.folder / "flag"
    component(polyflow, "slow", SLOW.format(flag=flag))
    more = ", hooks: [{hubRef: slow}]"
    text = dag(job("a", "true", more), job("b", SLOW.format(flag=flag)))
    going = polyflow.begin("run", polyflow.file(text))
    wait_for(going, "a succeeded")
    followed = _running_hook(polyflow)
    going.send_signal(signal.SIGKILL)
    rest_of(going)
    flag.touch()
    done = polyflow("resume", followed)
    assert done.returncode == 0, done.stderr
    assert polyflow.json("show", followed)["status"] == "succeeded"
    assert polyflow.json("show", polyflow.json("show", followed)["origin"]["run"])["status"] == "succeeded"


def _running_hook(polyflow: CommandLine) -> str:
    """Return the run of a hook whose operation has begun."""
    for _ in range(100):
        for one in polyflow.json("ls", "-q", "cloning_kind: hook"):
            if "here" in polyflow("logs", one["id"], "slow").stdout:
                return str(one["id"])
    raise AssertionError("no run of a hook has begun")


def test_interrupting_ends_the_runs_of_hooks(polyflow: CommandLine) -> None:
    component(polyflow, "slow", "echo here; sleep 60")
    going = polyflow.begin("run", polyflow.file("hooks: [{hubRef: slow}]\n" + dag(job("a", "true"))))
    wait_for(going, "succeeded")
    followed = _running_hook(polyflow)
    interrupt(going)
    rest_of(going)
    assert polyflow.json("show", followed)["status"] == "stopped"
