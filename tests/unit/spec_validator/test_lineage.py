"""What a run keeps of the one that it comes from, and what is said of it."""

import json

import pytest

from polyflow_services.spec_validator.act import Validator
from polyflow_shared.broker.port import Record
from polyflow_topics.envelope import write_headers
from polyflow_topics.events import RequestAccepted
from polyflow_topics.origins import Origin
from polyflow_topics.requests import RequestPipeline
from tests.unit.spec_validator.requests import AT, ask, plan, problems, record, validate

RUN = "0a1b2c3d-0000-5000-8000-000000000001"
READS = "params: {x: {ref: ops.a, value: outputs.x}}, inputs: [{name: x, type: int}]"
TEXT = f"""
inputs: [{{name: lr, type: float, value: 0.1}}]
run:
  kind: dag
  operations:
  - {{name: a, outputs: [{{name: x, type: int}}], run: {{kind: job, container: {{command: [make]}}}}}}
  - name: inner
    dependencies: [a]
    params: {{lr: {{ref: dag, value: inputs.lr}}}}
    component:
      inputs: [{{name: lr, type: float}}]
      run:
        kind: dag
        operations:
        - {{name: b, params: {{lr: {{ref: dag, value: inputs.lr}}}}, inputs: [{{name: lr, type: float}}],
            run: {{kind: job, container: {{command: [fit, '{{{{ lr }}}}']}}}}}}
        - {{name: c, run: {{kind: job, container: {{command: [c]}}}}}}
  - {{name: d, {READS}, run: {{kind: job, container: {{command: [d]}}}}}}
  - {{name: e, dependencies: [inner, d], run: {{kind: job, container: {{command: [e]}}}}}}
"""
ALL = ("a", "inner.b", "inner.c", "d", "e")


def definitions(text=TEXT, **fields):
    return {name: one.definition for name, one in plan(ask(text, **fields))[1].items()}


def lineage(kind="rerun", operation="", kept=ALL, **more):
    known = definitions()
    listed = [{"name": name, "definition": known[name], "outputs": {"x": 0}} for name in kept]
    return {"run": RUN, "kind": kind, "operation": operation, "kept": listed, **more}


def kept(text=TEXT, origin=None, **fields):
    begun, operations, *_ = plan(ask(text, origin=origin, **fields))
    return {name for name, one in operations.items() if one.kept is not None}, begun.note


KEPT = {
    "nothing has changed": (lineage("resume", kept=ALL[:-1]), {}, set(ALL[:-1])),
    "from the first on": (lineage(operation="a"), {}, set()),
    "from an operation of a nested DAG on": (lineage(operation="inner.b"), {}, {"a", "inner.c", "d"}),
    "from a nested DAG on": (lineage(operation="inner"), {}, {"a", "d"}),
    "from the last on": (lineage(operation="e"), {}, set(ALL) - {"e"}),
    "what did not succeed, and what follows": (
        lineage("resume", kept=("a", "inner.b", "e")),
        {},
        {"a", "inner.b"},
    ),
    "another value": (lineage("resume"), {"params": {"lr": 0.5}}, {"a", "inner.c", "d"}),
    "another value, and the user insists": (
        lineage("resume", kept=ALL[:-1], keeps_changed=True),
        {"params": {"lr": 1}},
        set(ALL[:-1]),
    ),
    "an operation that there is not any more": (lineage("resume", kept=("a",)) | {"run": RUN}, {}, {"a"}),
}


@pytest.mark.parametrize(("origin", "fields", "expected"), KEPT.values(), ids=KEPT.keys())
def test_what_is_kept(origin, fields, expected):
    assert kept(origin=origin, **fields)[0] == expected


def test_another_command_is_another_operation_and_that_is_said():
    text = TEXT.replace("command: [make]", "command: [make, -j]")
    stays, note = kept(text, lineage("resume"))
    assert stays == set()
    assert note.startswith(
        "resumed; operations kept: 0; anew though they had ended well: a (its definition has changed), "
        "inner.b (its upstream a runs anew)"
    )


def test_how_often_it_is_tried_is_no_part_of_what_it_is():
    text = TEXT.replace("- {name: a,", "- {name: a, termination: {maxRetries: 3, timeout: 60},")
    assert definitions(text) == definitions()


def test_an_operation_in_front_of_all_others_changes_no_definition():
    text = TEXT.replace(
        "  - {name: a,", "  - {name: new, run: {kind: job, container: {command: [n]}}}\n  - {name: a,"
    )
    known = definitions(text)
    assert {name: known[name] for name in definitions()} == definitions()


def test_a_service_runs_anew_and_holds_back_nobody():
    service = "{name: db, run: {kind: service, ports: [80], container: {command: [db]}}}"
    text = f"run: {{kind: dag, operations: [{service}, {{name: a, dependencies: [db], run: {{kind: job, container: {{command: [a]}}}}}}]}}"
    known = definitions(text)
    listed = [{"name": name, "definition": one} for name, one in known.items()]
    assert kept(text, {"run": RUN, "kind": "rerun", "operation": "db", "kept": listed})[0] == set()
    (problem,) = problems(ask(text, origin={"run": RUN, "kind": "resume", "kept": listed}))
    assert problem.code == "PF4002"
    listed[1]["definition"] = "another"
    assert kept(text, {"run": RUN, "kind": "resume", "kept": listed})[0] == set()


SERVED = """[
  {name: db, run: {kind: service, ports: [80], container: {command: [db]}}},
  {name: a, dependencies: [db], run: {kind: job, container: {command: [a]}}}]
"""
IN_A_RUN = f"run: {{kind: dag, operations: {SERVED}}}"
NESTED = f"run: {{kind: dag, operations: [{{name: inner, run: {{kind: dag, operations: {SERVED}}}}}]}}"


@pytest.mark.parametrize(("text", "inside"), [(IN_A_RUN, ""), (NESTED, "inner.")])
def test_a_run_whose_service_has_failed_is_resumed_and_what_has_succeeded_is_kept(text, inside):
    ended = {"name": f"{inside}a", "definition": definitions(text)[f"{inside}a"]}
    assert kept(text, {"run": RUN, "kind": "resume", "kept": [ended]})[0] == {f"{inside}a"}
    skipped = {"name": f"{inside}db", "status": "skipped"}
    (problem,) = problems(ask(text, origin={"run": RUN, "kind": "resume", "kept": [ended, skipped]}))
    assert problem.code == "PF4002"


THREE = "{name: b, dependencies: [a], run: {kind: job, container: {command: [b]}}}"
BEHIND = SERVED.rstrip().removesuffix("]") + f", {THREE}]\n"


@pytest.mark.parametrize(
    ("inside", "stay", "begins"),
    [
        ("", ("a",), [0, 1]),
        ("", ("a", "b"), [0]),  # nothing else would need the service
        ("inner.", ("inner.a",), [1, 2]),
        ("inner.", ("inner.a", "inner.b"), [1]),
    ],
)
def test_a_scope_begins_with_what_is_kept_behind_a_service(inside, stay, begins):
    whole = f"[{{name: inner, run: {{kind: dag, operations: {BEHIND}}}}}]" if inside else BEHIND
    text = f"run: {{kind: dag, operations: {whole}}}"
    known = definitions(text)
    listed = [{"name": name, "definition": known[name]} for name in stay]
    opening = plan(ask(text, origin={"run": RUN, "kind": "resume", "kept": listed}))[3]
    assert sorted(target for source, target in opening if source == bool(inside)) == begins


SKIPPED = lineage("resume", kept=("a",))
SKIPPED["kept"] += [
    {"name": name, "status": "skipped", "definition": definitions()[name]} for name in ("inner", "d", "e")
]
NOTHING_LEFT = {
    "all has succeeded": (lineage("resume"), {}),
    "the rest was skipped": (SKIPPED, {}),
    "another value, and the user insists": (
        lineage("resume", keeps_changed=True),
        {"params": {"lr": 1}},
    ),
}


@pytest.mark.parametrize(("origin", "fields"), NOTHING_LEFT.values(), ids=NOTHING_LEFT.keys())
def test_a_run_with_nothing_left_to_do_is_not_resumed(origin, fields):
    (problem,) = problems(ask(TEXT, origin=origin, **fields))
    assert (problem.code, RUN in problem.message, "polyflow restart" in problem.hint) == (
        "PF4002",
        True,
        True,
    )


def test_a_service_that_is_a_run_of_its_own_is_resumed():
    text = "run: {kind: service, ports: [80], container: {command: [db]}}"
    assert plan(ask(text, origin={"run": RUN, "kind": "resume"}))[0].run == RUN


def test_what_was_skipped_is_kept_as_that():
    origin = lineage("resume", kept=("a",))
    origin["kept"].append({"name": "inner", "status": "skipped", "definition": definitions()["inner"]})
    _, operations, *_ = plan(ask(TEXT, origin=origin))
    assert operations["inner"].kept.status == "skipped"
    assert operations["inner.b"].kept is None


def test_what_a_rerun_executes_uses_no_result_and_has_its_own_kept():
    caches = f"cache: {{ttl: 60}}\n{TEXT}"
    known = definitions(caches)
    listed = [{"name": name, "definition": known[name]} for name in ALL]

    def ttl(kind, **fields):
        origin = {"run": RUN, "kind": kind, "kept": listed, **fields}
        return plan(ask(caches, origin=origin))[1]["d"].cache.ttl

    assert (ttl("restart"), ttl("rerun", operation="d")) == (60, 0)


def test_a_rerun_names_an_operation_that_there_is():
    (problem,) = problems(ask(TEXT, origin=lineage(operation="inner.bb")))
    assert (problem.code, problem.hint) == ("PF3007", "did you mean `inner.b`?")


def test_a_resumed_run_keeps_its_id_and_all_others_are_new():
    assert plan(ask(TEXT, origin=lineage("resume", kept=("a",))))[0].run == RUN
    assert plan(ask(TEXT, origin=lineage("restart")))[0].run != RUN
    assert plan(ask(TEXT, origin=lineage("rerun", "e")))[0].origin.operation == "e"


def test_an_origin_that_cannot_be_is_a_mistake():
    (problem,) = problems(ask(TEXT, origin={"run": RUN, "kind": "again"}))
    assert problem.code == "PF2003"


async def test_a_request_that_is_accepted_is_told_as_it_was_sent():
    body = json.dumps({"specification": TEXT}).encode()
    headers = write_headers(RequestPipeline.WIRE, identity="1", source="/me", at=AT)
    *_, last = await Validator().act(Record("polyflow.pipeline-requests", 0, 0, "1", body, headers, AT))
    assert isinstance(last, RequestAccepted)
    assert last.body.encode() == body


SWEEP = """
run:
  kind: dag
  operations:
  - name: sweep
    matrix: {kind: grid, params: {lr: {kind: choice, value: [1, 2, 3]}}}
    inputs: [{name: lr, type: int}]
    run: {kind: job, container: {command: [fit, '{{ lr }}']}}
  - name: dags
    matrix: {kind: mapping, values: [{n: 1}, {n: 2}]}
    component:
      inputs: [{name: n, type: int}]
      run: {kind: dag, operations: [{name: x, params: {n: {ref: dag, value: inputs.n}}, inputs: [{name: n, type: int}], run: {kind: job, container: {command: ['{{ n }}']}}}]}
  - {name: end, dependencies: [sweep, dags], run: {kind: job, container: {command: [end]}}}
"""
RANDOM = """
matrix: {kind: random, numRuns: 3, params: {lr: {kind: uniform, value: [0, 1]}}}
inputs: [{name: lr, type: float}]
run: {kind: job, container: {command: [fit, '{{ lr }}']}}
"""


def known_in(messages):
    """Return the definitions of all operations of a plan, trials among them, and which are kept, by name."""
    _, *parts, _ = messages
    known, stays, names = {}, set(), {}
    for part in parts:
        for one in part.operations:
            names[one.index] = one.name
            known[one.name] = one.definition
            stays |= {one.name} if one.kept else set()
        for block in part.trials:
            for place, definition in enumerate(block.definitions):
                name = f"{names[block.owner]}.{block.trial + place}"
                known[name] = definition
                stays |= {name} if block.kept and block.kept[place] else set()
    return known, stays


def kept_of(text, names, *, changed=None, **origin):
    known, _ = known_in(ask(text))
    listed = [{"name": name, "definition": known[name]} for name in names]
    return known_in(ask(changed or text, origin={"run": RUN, "kind": "rerun", "kept": listed, **origin}))[1]


TRIALS = ("sweep.0", "sweep.1", "sweep.2", "dags.0.x", "dags.1.x", "end")


def test_trials_are_kept_one_by_one():
    assert kept_of(SWEEP, TRIALS, operation="end") == set(TRIALS) - {"end"}
    assert kept_of(SWEEP, TRIALS, operation="sweep.1") == {"sweep.0", "sweep.2", "dags.0.x", "dags.1.x"}
    assert kept_of(SWEEP, TRIALS, operation="dags.0") == {"sweep.0", "sweep.1", "sweep.2", "dags.1.x"}
    assert kept_of(SWEEP, TRIALS, operation="sweep") == {"dags.0.x", "dags.1.x"}


def test_a_trial_with_other_values_runs_anew():
    changed = SWEEP.replace("[1, 2, 3]", "[1, 5, 3]").replace("{n: 2}", "{n: 7}")
    assert kept_of(SWEEP, TRIALS, changed=changed, operation="end") == {"sweep.0", "sweep.2", "dags.0.x"}


def test_a_random_search_is_drawn_again_as_it_was():
    first = ask(RANDOM)
    known, _ = known_in(first)
    names = [name for name in known if "." in name]
    listed = [{"name": name, "definition": known[name]} for name in names]
    origin = {"run": RUN, "kind": "rerun", "operation": names[1], "kept": listed, "root": first[0].run}
    body = json.dumps({"specification": RANDOM, "origin": origin}).encode()
    assert known_in(validate(record(body, "another")))[1] == {names[0], names[2]}


@pytest.mark.parametrize("kind", ["hook", "restart", "rerun"])
def test_a_refused_run_keeps_where_it_would_have_come_from(kind):
    (rejected,) = ask("run: {kind: jobb}", origin={"run": RUN, "kind": kind, "operation": "a"})
    assert rejected.origin == Origin(run=RUN, kind=kind, operation="a")


INNER = """
  - name: inner
    isApproved: false
    component:
      run: {{kind: dag, operations: [{operations}]}}
  - {{name: last, dependencies: [inner], run: {{kind: job, container: {{command: [last]}}}}}}
"""
JOB = "{name: a, isApproved: false, run: {kind: job, container: {command: [a]}}}"
SERVICE = "{name: db, run: {kind: service, ports: [80], container: {command: [db]}}}"


@pytest.mark.parametrize(
    ("operations", "ended", "asks"),
    [
        pytest.param(JOB, ("inner.a",), False, id="all of it is kept"),
        pytest.param(JOB, (), True, id="nothing of it"),
        pytest.param(f"{JOB}, {SERVICE}", ("inner.a",), True, id="a service in it runs anew"),
        pytest.param(f"{JOB}, {JOB.replace('name: a', 'name: b')}", ("inner.a",), True, id="a part"),
    ],
)
def test_a_dag_all_of_which_is_kept_is_not_approved_once_more(operations, ended, asks):
    text = f"run:\n  kind: dag\n  operations:{INNER.format(operations=operations)}"
    known = definitions(text)
    listed = [{"name": name, "definition": known[name]} for name in ended]
    _, planned, *_ = plan(ask(text, origin={"run": RUN, "kind": "resume", "kept": listed}))
    assert (planned["inner"].approval, planned["inner.a"].kept is not None) == (asks, bool(ended))


NESTED_BESIDE = (
    "  - {name: inner, component: {run: {kind: dag, "
    "operations: [{name: y, run: {kind: job, container: {command: [y]}}}]}}}\n"
)
JOINED = {
    "artifacts of trials": ("ref: ops.sweep, ", "artifacts.model", {"inner.y", "dags.0.x", "dags.1.x"}),
    "artifacts of what is in a DAG": ("ref: ops.inner, ", "artifacts", set(TRIALS) - {"end"}),
    "artifacts of DAGs, which have none": ("ref: ops.dags, ", "artifacts", {*TRIALS, "inner.y"} - {"end"}),
    "outputs": ("ref: ops.sweep, ", "outputs.loss", {*TRIALS, "inner.y"} - {"end"}),
    "artifacts of any runs": ("", "artifacts.model", {*TRIALS, "inner.y"} - {"end"}),
}


@pytest.mark.parametrize(("ref", "what", "stay"), JOINED.values(), ids=JOINED.keys())
def test_a_rerun_does_anew_what_a_join_reads_artifacts_of_and_a_resume_keeps_it(ref, what, stay):
    join = f"joins: [{{query: 'status: succeeded', {ref}params: {{m: {{value: {what}}}}}}}], "
    text = SWEEP.replace("  - {name: end, ", f"{NESTED_BESIDE}  - {{name: end, {join}")
    names = (*TRIALS, "inner.y")
    assert kept_of(text, names, operation="end") == stay
    ended = set(names) - {"end"}
    assert kept_of(text, sorted(ended), kind="resume") == ended
