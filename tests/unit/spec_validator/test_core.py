"""What requests become: plans, and rejections that list everything."""

import json

import pytest

from polyflow_services.spec_validator.checked import check
from polyflow_topics.catalog import MAX_PLAN_PART_BYTES
from polyflow_topics.names import run_id
from polyflow_topics.plan import OutputOf
from tests.unit.spec_validator.requests import JOB, ask, plan, problems, record, validate

PIPELINE = """
name: digits
inputs: [{name: lr, type: float}, {name: epochs, type: int, value: 0}]
termination: {maxRetries: 2, timeout: 60}
run:
  kind: dag
  concurrency: 2
  earlyStopping:
  - {kind: failure_early_stopping, percent: 50}
  - {kind: failure_early_stopping, percent: 20}
  - {kind: metric_early_stopping, metric: accuracy, value: 0.9, optimization: maximize}
  components:
  - name: train
    inputs: [{name: lr, type: float}, {name: data, type: path, toEnv: DATA}]
    outputs: [{name: accuracy, type: float}]
    run: {kind: job, container: {command: [train], args: ["{{ params.lr.as_arg }}"]}}
  operations:
  - name: prepare
    outputs: [{name: data, type: path}]
    run: {kind: job, container: {command: [prepare]}}
  - name: first
    dagRef: train
    params: {lr: {ref: dag, value: inputs.lr}, data: {ref: ops.prepare, value: outputs.data}}
  - name: inner
    inputs: [{name: place, type: path}]
    params: {place: {ref: ops.prepare, value: "{{ outputs.data }}"}}
    run:
      kind: dag
      earlyStopping: [{kind: metric_early_stopping, metric: loss, value: 0, optimization: minimize}]
      operations:
      - name: second
        dagRef: train
        params: {lr: 1, data: {ref: dag, value: inputs.place}}
        termination: {maxRetries: 0}
  - name: report
    dependencies: [inner, first]
    params: {all: {ref: ops.first, value: outputs}}
    trigger: all_done
    queue: local/high
    run: {kind: job, container: {command: [report]}}
"""


def test_a_pipeline_is_planned_with_numbers_edges_and_scopes():
    begun, operations, edges, opening, scopes = plan(ask(PIPELINE, params={"lr": "0.1"}))
    assert [operation.name for operation in sorted(operations.values(), key=lambda one: one.index)] == [
        "prepare", "first", "inner", "inner.second", "report",
    ]  # fmt: skip
    assert edges == {(0, 1), (0, 2), (1, 4), (2, 4)}
    assert opening == {(0, 0), (1, 3)}
    assert [(scope.name, scope.owner, scope.first, scope.last, scope.members) for scope in scopes] == [
        ("", None, 0, 5, 4),
        ("inner", 2, 3, 4, 1),
    ]
    assert (scopes[0].concurrency, scopes[0].failure_percent) == (2, 20)
    assert [(policy.scope, policy.metric) for policy in begun.policies] == [
        ("", "accuracy"),
        ("inner", "loss"),
    ]
    assert begun.params == {"lr": 0.1, "epochs": 0}
    assert (begun.name, begun.operations, operations["report"].upstreams) == ("digits", 5, 2)


def test_params_are_literals_or_outputs_of_the_operation_that_makes_them():
    _, operations, *_ = plan(ask(PIPELINE, params={"lr": 0.1}))
    params = {param.name: param for param in operations["inner.second"].params}
    assert params["lr"].value == 1.0
    assert params["data"].source == OutputOf(operation=0, output="data")
    assert (params["data"].env, params["data"].kind, params["data"].required) == ("DATA", "path", True)
    whole = operations["report"].params[0]
    assert (whole.source, whole.required) == (OutputOf(operation=1, output=""), False)


def test_termination_is_inherited_where_an_operation_says_nothing():
    _, operations, *_ = plan(ask(PIPELINE, params={"lr": 0.1}))
    assert (operations["first"].max_retries, operations["first"].timeout) == (2, 60)
    assert (operations["inner.second"].max_retries, operations["inner.second"].timeout) == (0, 60)
    assert (operations["inner"].max_retries, operations["inner"].timeout) == (0, None)


def test_a_job_alone_is_a_run_of_one_operation():
    text = "inputs: [{name: x, type: int}]\nrun: {kind: job, container: {args: ['{{ x }}'], command: [a]}}"
    begun, operations, edges, opening, scopes = plan(ask(text, params={"x": 0}, name="mine"))
    assert (list(operations), edges, opening, len(scopes)) == (["main"], set(), {(0, 0)}, 1)
    assert (begun.name, begun.params, operations["main"].templated) == ("mine", {"x": 0}, True)
    assert operations["main"].params[0].value == 0


def test_what_the_request_says_is_carried_along():
    sent = [{"name": "presets s", "text": "isPreset: true"}]
    begun, *_ = plan(ask(JOB, project="p", owner="o", tags=["t"], presets=["s"], references=sent))
    assert (begun.project, begun.owner, begun.tags, begun.presets) == ("p", "o", ("t",), ("s",))
    assert begun.run == run_id("/me", "1")


def test_what_the_file_says_of_itself_is_carried_along_and_the_requests_tags_are_added():
    text = f"tags: [a, b]\ndescription: Digits\n{JOB}"
    begun, *_ = plan(ask(text, tags=["t", "a"]))
    assert (begun.tags, begun.description) == (("a", "b", "t"), "Digits")
    (rejected,) = ask(f"{text}\nfoo: 1", tags=["t"])
    assert rejected.tags == ("a", "b", "t")


@pytest.mark.parametrize("falsy", [0, False, "", 0.0, [], {}])
def test_falsy_values_are_values(falsy):
    text = {
        "inputs": [{"name": "x", "type": "any", "value": 5}],
        "run": {"kind": "job", "container": {"image": "i"}},
    }
    begun, *_ = plan(ask(text, params={"x": falsy}))
    assert begun.params == {"x": falsy}


def test_defaults_of_outputs_are_no_params_of_the_run():
    begun, operations, *_ = plan(ask(f"outputs: [{{name: x, type: int, value: 0}}]\n{JOB}"))
    assert (begun.params, operations["main"].outputs) == ({}, {"x": 0})


def test_an_object_a_text_and_json_give_the_same_plan():
    text = "name: a\nrun: {kind: job, container: {command: [a]}}"
    tree = {"name": "a", "run": {"kind": "job", "container": {"command": ["a"]}}}
    digests = {ask(form)[0].plan for form in (text, tree, json.dumps(tree))}
    assert len(digests) == 1


def test_a_request_may_be_yaml():
    body = b"specification:\n  run: {kind: job, container: {command: [a]}}\nname: yaml"
    assert plan(validate(record(body)))[0].name == "yaml"


def dag(*operations):
    return "run:\n  kind: dag\n  operations:\n" + "".join(
        f"  - {{{operation}}}\n" for operation in operations
    )


PRODUCER = f"name: a, inputs: [{{name: i, type: int, value: 1}}], outputs: [{{name: o, type: float}}], {JOB}"
WRONG = {
    "a cycle": (
        dag(f"name: a, dependencies: [b], {JOB}", f"name: b, dependencies: [a], {JOB}"),
        ["PF3008 run.operations[0] operations wait for each other: a -> b -> a"],
    ),
    "an operation that waits for itself": (
        dag(f"name: a, dependencies: [a], {JOB}"),
        ["PF3008 run.operations[0] operations wait for each other: a -> a"],
    ),
    "an unknown upstream": (
        dag(f"name: prepare, {JOB}", f"name: b, dependencies: [prepar], {JOB}"),
        ["PF3007 run.operations[1].dependencies[0] there is no operation `prepar` in this DAG"],
    ),
    "an unknown upstream of a ref": (
        dag(f"name: b, params: {{x: {{ref: ops.a, value: outputs.y}}}}, {JOB}"),
        ["PF3007 run.operations[0].params.x.ref there is no operation `a` in this DAG"],
    ),
    "a name twice": (
        dag(f"name: a, {JOB}", f"name: a, {JOB}"),
        ["PF3003 run.operations[1].name there is another operation `a` in this DAG"],
    ),
    "no name": (dag(JOB), ["PF3002 run.operations[0] each operation of a DAG needs a `name`"]),
    "nothing to run": (dag("name: a"), ["PF3004 run.operations[0] `a` runs nothing"]),
    "no operations": ("run: {kind: dag}", ["PF3001 run a DAG needs `operations`"]),
    "an unknown component": (
        dag("name: a, dagRef: x"),
        ["PF3005 run.operations[0].dagRef there is no component `x` in the enclosing DAG"],
    ),
    "a component that uses itself": (
        "run:\n  kind: dag\n  components: [{name: c, dagRef: d}, {name: d, dagRef: c}]\n"
        "  operations: [{name: a, dagRef: c}]",
        ["PF3006 run.components[1] component `c` uses itself: c -> d -> c"],
    ),
    "a component that contains itself": (
        "run:\n  kind: dag\n  components: [{name: c, run: {kind: dag, operations: [{name: x, dagRef: c}]}}]\n"
        "  operations: [{name: a, dagRef: c}]",
        ["PF3006 run.components[0].run.operations[0] component `c` uses itself: c"],
    ),
    "a missing param": (
        dag(f"name: a, inputs: [{{name: x, type: int}}], {JOB}"),
        ["PF3009 run.operations[0] input `x` needs a value"],
    ),
    "a slip of the pen in a param": (
        dag(f"name: a, inputs: [{{name: rate, type: int}}], params: {{rat: 2}}, {JOB}"),
        [
            "PF3009 run.operations[0] input `rate` needs a value",
            "PF3010 run.operations[0].params.rat no input or output `rat` is declared",
        ],
    ),
    "a param that strict params do not allow": (
        dag(f"name: a, strictParams: true, params: {{other: 2}}, {JOB}"),
        ["PF3010 run.operations[0].params.other no input or output `other` is declared"],
    ),
    "a literal of the wrong type": (
        dag(f"name: a, inputs: [{{name: x, type: int}}], params: {{x: abc}}, {JOB}"),
        ['PF3011 run.operations[0].params.x `x`: "abc" is not an `int`'],
    ),
    "a default of the wrong type": (
        f"inputs: [{{name: x, type: int, value: abc}}]\n{JOB}",
        ['PF3011 inputs[0].value `x`: "abc" is not an `int`'],
    ),
    "an output that is not declared": (
        dag(
            PRODUCER,
            f"name: b, inputs: [{{name: x}}], params: {{x: {{ref: ops.a, value: outputs.p}}}}, {JOB}",
        ),
        ["PF3013 run.operations[1].params.x.value operation `a` declares no output `p`"],
    ),
    "types that differ": (
        dag(
            PRODUCER,
            "name: b, inputs: [{name: x, type: int}], params: {x: {ref: ops.a, value: outputs.o}}, " + JOB,
        ),
        ["PF3014 run.operations[1].params.x.value `x` is `int`, and what it reads is `float`"],
    ),
    "an input that the DAG does not have": (
        dag(f"name: b, params: {{x: {{ref: dag, value: inputs.p}}}}, {JOB}"),
        ["PF3013 run.operations[0].params.x.value the enclosing DAG has no input `p`"],
    ),
    "outputs of the DAG around": (
        dag(f"name: b, params: {{x: {{ref: dag, value: outputs.p}}}}, {JOB}"),
        ["PF3012 run.operations[0].params.x.value a DAG's outputs are not there before it ends"],
    ),
    "a ref that is none": (
        dag(PRODUCER, f"name: b, params: {{x: {{ref: a, value: outputs.o}}}}, {JOB}"),
        ["PF3012 run.operations[1].params.x.ref `a` is no ref; write `dag`, `ops.NAME` or `runs.UUID`"],
    ),
    "a template in a value": (
        dag(f"name: b, params: {{x: {{value: '{{{{ y }}}}'}}}}, {JOB}"),
        ["PF2005 run.operations[0].params.x `x`: templates in values are not supported yet"],
    ),
    "a name that a template does not know": (
        "run: {kind: job, container: {command: [a, '{{ nope }}']}}",
        ["PF5002 run.container.command[1] `nope` is not a name that a template knows here"],
    ),
    "a container without anything": (
        "run: {kind: job, container: {}}",
        ["PF3015 run.container `main` has no container with an image or a command"],
    ),
    "an unknown cluster": (
        f"queue: locl\n{JOB}",
        ["PF3016 queue there is no queue or cluster `locl`"],
    ),
    "a required input that reads what has no value": (
        "inputs: [{name: p, type: int, isOptional: true}]\n"
        + dag(
            "name: b, inputs: [{name: x, type: int}], params: {x: {ref: dag, value: inputs.p}}, " + JOB,
        ),
        ["PF3009 run.operations[0].params.x.value input `x` needs a value, and what it reads has none"],
    ),
    "a wrong value that another operation reads": (
        "inputs: [{name: p, type: int}]\nparams: {p: {value: abc}}\n"
        + dag("name: b, inputs: [{name: x, type: int}], params: {x: {ref: dag, value: inputs.p}}, " + JOB),
        ['PF3011 params.p `p`: "abc" is not an `int`'],
    ),
    "a flag that is no bool": (
        f"inputs: [{{name: x, type: int, isFlag: true, value: 1}}]\n{JOB}",
        ["PF2004 inputs[0].isFlag `x`: only a `bool` can be a flag"],
    ),
    "a cycle in a nested DAG": (
        dag("name: n, run: {kind: dag, operations: [{name: x, dependencies: [x], " + JOB + "}]}"),
        ["PF3008 run.operations[0].run.operations[0] operations wait for each other: x -> x"],
    ),
}


@pytest.mark.parametrize(("text", "wanted"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_place(text, wanted):
    found = problems(ask(text))
    assert [f"{problem.code} {problem.path} {problem.message}" for problem in found] == wanted
    assert all(problem.line and problem.column for problem in found)


def test_everything_that_is_wrong_is_listed_in_the_order_of_the_text():
    text = (
        "inputs: [{name: input-bucket, type: str}]\n"
        "params: {bucket: x}\n"
        "run:\n  kind: dag\n  operations:\n"
        "  - {name: a, dependencies: [b, z], run: {kind: job, container: {command: ['{{ q }}']}}}\n"
        "  - {name: b, dependencies: [a], trigger: sometimes, " + JOB + "}\n"
        "  - {name: b, foo: 1, " + JOB + "}\n"
    )
    found = [(problem.code, problem.line) for problem in problems(ask(text, params={"input-buckets": 1}))]
    assert found == [
        ("PF3010", 1), ("PF3009", 1), ("PF3008", 6), ("PF3007", 6), ("PF5002", 6), ("PF2004", 7),
        ("PF3003", 8),
        ("PF2001", 8),
    ]  # fmt: skip


def test_a_missing_input_hints_at_what_was_given_instead():
    found = problems(ask(f"inputs: [{{name: input-bucket, type: str}}]\nparams: {{bucket: x}}\n{JOB}"))
    assert [(problem.code, problem.hint) for problem in found] == [
        ("PF3009", "`bucket` is given and not declared"),
        ("PF3010", "did you mean `input-bucket`?"),
    ]


def test_wrong_params_of_a_request_are_its_own():
    text = f"strictParams: true\ninputs: [{{name: x, type: int}}]\n{JOB}"
    found = problems(ask(text, params={"x": "abc", "y": 1}))
    assert [(problem.code, problem.path) for problem in found] == [
        ("PF3011", "params.x"),
        ("PF3010", "params.y"),
    ]


def test_cut_out_fields_do_not_make_other_problems():
    found = problems(ask(dag("name: a, inputs: [{name: x, type: nope}], run: {kind: jobb}")))
    assert [problem.code for problem in found] == ["PF2008", "PF2004"]


BODIES = {
    "not UTF-8": (b"\xff\xfe", "PF1002"),
    "not YAML": (b"{", "PF1003"),
    "empty": (b"", "PF1006"),
    "with a specification that is null": (b'{"specification": "~"}', "PF1006"),
    "with a number beyond 64 bits": (b'{"specification": {"cost": 99999999999999999999}}', "PF1013"),
    "with a param nested too deeply": (
        b'{"specification": {"inputs": [{"name": "x", "type": "list"}], "run": {"kind": "job", "container": '
        b'{"image": "i"}}}, "params": {"x": "' + b"[" * 300 + b"]" * 300 + b'"}}',
        "PF3011",
    ),
    "a list": (b"[]", "PF1007"),
    "without a specification": (b"{}", "PF2002"),
    "with fields of the wrong type": (b'{"specification": {}, "tags": 5}', "PF2003"),
    "with a specification that is empty": (b'{"specification": ""}', "PF1006"),
    "with a specification that is a number": (b'{"specification": 5}', "PF1007"),
    "larger than a mebibyte": (b'{"specification": "' + b"x" * 1024 * 1024 + b'"}', "PF1001"),
}


@pytest.mark.parametrize(("body", "code"), BODIES.values(), ids=BODIES)
def test_a_bad_body_is_rejected(body, code):
    assert code in {problem.code for problem in problems(validate(record(body)))}


def test_a_rejection_names_the_request():
    (rejected,) = ask("[", project="p", name="n", tags=["t"])
    assert (rejected.request, rejected.project, rejected.name, rejected.tags) == ("1", "p", "n", ("t",))


def test_problems_are_bounded():
    operations = "".join(f"  - {{name: a{number}, nope: 1, {JOB}}}\n" for number in range(500))
    found = problems(ask("run:\n  kind: dag\n  operations:\n" + operations))
    assert len(found) == 101
    assert found[-1].message == "400 more problems were found"


def test_components_cannot_multiply_without_end():
    components = "".join(
        f"  - name: c{depth}\n    run: {{kind: dag, operations: ["
        + ", ".join(f"{{name: o{number}, dagRef: c{depth + 1}}}" for number in range(20))
        + "]}\n"
        for depth in range(6)
    )
    text = f"run:\n  kind: dag\n  components:\n{components}  - {{name: c6, {JOB}}}\n"
    text += "  operations: [{name: a, dagRef: c0}]\n"
    assert [problem.message for problem in problems(ask(text))] == ["a run has at most 100,000 operations"]


def test_a_plan_travels_in_parts_that_fit_and_fan_outs_in_chunks():
    operations = "".join(f"  - {{name: w{number}, dependencies: [a], {JOB}}}\n" for number in range(3000))
    messages = ask(f"run:\n  kind: dag\n  operations:\n  - {{name: a, {JOB}}}\n{operations}")
    assert messages[0].parts > 1
    assert all(len(message.model_dump_json()) <= MAX_PLAN_PART_BYTES for message in messages)
    sizes = [len(edge.targets) for part in messages[1:-1] for edge in part.edges if not edge.opening]
    assert sizes == [240] * 12 + [120]


def test_an_operation_that_fits_into_no_part_is_refused():
    (problem,) = problems(ask({"run": {"kind": "job", "container": {"command": ["x" * 300_000]}}}))
    assert problem.code == "PF3017"


def test_a_file_can_be_checked_without_running_it():
    (problem,) = check(b"run:\n  kind: jobb\n", file="a.yaml").errors
    assert (problem.file, problem.line, problem.column) == ("a.yaml", 2, 9)
    assert check(JOB.encode(), file="a.yaml").accepted


def test_a_preset_is_no_run_by_itself() -> None:
    (problem,) = problems(ask("name: z\nisPreset: true\ntermination: {maxRetries: 1}\n"))
    assert (problem.code, problem.line, problem.path) == ("PF3004", 2, "isPreset")
    assert "--presets" in problem.hint


def test_a_preset_that_has_a_run_is_a_run() -> None:
    begun, operations, *_ = plan(ask(f"isPreset: true\n{JOB}"))
    assert begun.operations == len(operations) == 1
