"""What a check says of a specification that is accepted."""

import pytest

from polyflow_services.spec_validator.checked import check
from polyflow_topics.plan import OutputOf
from tests.unit.spec_validator.requests import JOB, ask, plan, problems

PRODUCER = f"name: a, outputs: [{{name: o, type: float}}], {JOB}"


def dag(*operations):
    lines = "".join(f"  - {{{operation}}}\n" for operation in operations)
    return f"run:\n  kind: dag\n  operations:\n{lines}"


def warnings(text):
    checked = check(text, file="a.yaml")
    assert checked.accepted
    return [(one.code, one.path, one.hint) for one in checked.warnings]


def test_a_param_that_may_be_a_slip_of_the_pen_is_a_warning():
    text = dag(f"name: a, inputs: [{{name: rate, type: int, value: 1}}], params: {{rat: 2}}, {JOB}")
    assert warnings(text) == [("PF3010", "run.operations[0].params.rat", "did you mean `rate`?")]


def test_an_output_that_may_be_logged_without_a_declaration_is_a_warning_and_is_read():
    text = dag(PRODUCER, f"name: b, params: {{x: {{ref: ops.a, value: outputs.p}}}}, {JOB}")
    ((code, path, _),) = warnings(text)
    assert (code, path) == ("PF3013", "run.operations[1].params.x.value")
    _, operations, *_ = plan(ask(text))
    (param,) = [param for param in operations["b"].params if param.name == "x"]
    assert param.source == OutputOf(operation=0, output="p")


def test_what_only_an_installation_knows_is_no_reason_to_reject_a_file():
    assert check(f"queue: fast\npresets: [slow]\n{JOB}", file="a.yaml").accepted
    (problem, _) = problems(ask(f"queue: fast\npresets: [slow]\n{JOB}"))
    assert problem.code == "PF3016"


def test_components_that_build_images_are_accepted_as_they_are_published():
    text = (
        "outputs: [{name: destination, type: image}]\n"
        "run: {kind: job, container: {image: i, command: [build], args: ['{{ destination }}', "
        "'{{ params.destination.connection }}']}}"
    )
    assert check(text, file="a.yaml").accepted


MEANS_NOTHING = "means nothing: the operation has no upstreams, and starts at once"
ALONE = {
    "a trigger": ("trigger: one_failed", "trigger", f"`trigger: one_failed` {MEANS_NOTHING}"),
    "a skip": ("skipOnUpstreamSkip: true", "skipOnUpstreamSkip", f"`skipOnUpstreamSkip` {MEANS_NOTHING}"),
}


@pytest.mark.parametrize(("said", "field", "message"), ALONE.values(), ids=ALONE)
def test_what_is_said_of_upstreams_that_there_are_not_is_a_warning(said, field, message):
    checked = check(dag(PRODUCER, f"name: b, {said}, {JOB}"), file="a.yaml")
    assert checked.accepted
    assert [(one.code, one.path, one.message) for one in checked.warnings] == [
        ("PF6002", f"run.operations[1].{field}", message)
    ]
    (of_plan, *_) = plan(ask(dag(PRODUCER, f"name: b, {said}, {JOB}")))
    assert of_plan.run


UPSTREAMS = {
    "dependencies": "dependencies: [a]",
    "an event": "events: [{kinds: [run_status_running], ref: ops.a}]",
    "a param": "params: {x: {ref: ops.a, value: outputs.o, contextOnly: true}}",
}


@pytest.mark.parametrize("upstream", UPSTREAMS.values(), ids=UPSTREAMS)
def test_a_trigger_with_upstreams_is_none(upstream):
    said = "trigger: one_failed, skipOnUpstreamSkip: true"
    assert warnings(dag(PRODUCER, f"name: b, {said}, {upstream}, {JOB}")) == []


def test_the_trigger_that_all_have_is_no_warning():
    assert warnings(dag(f"name: a, trigger: all_succeeded, skipOnUpstreamSkip: false, {JOB}")) == []


def test_upstreams_that_cannot_be_read_are_told_alone():
    checked = check(dag(PRODUCER, f"name: b, trigger: one_failed, dependencies: 3, {JOB}"), file="a.yaml")
    told = [(one.severity, one.path) for one in (*checked.errors, *checked.warnings)]
    assert told == [("error", "run.operations[1].dependencies")]
