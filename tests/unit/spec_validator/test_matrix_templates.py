"""Templates in a matrix: what is known before the run is filled in, and read as if it were written there."""

import json

import pytest

from polyflow_services.spec_validator.checked import check
from tests.unit.spec_validator.requests import ask, plan, problems

INPUTS = (
    "inputs: [{name: n, type: int, value: 3, isOptional: true}, {name: rates, type: 'List[float]', value: [0.1, 0.2]},"
    " {name: s, type: str, value: abc}, {name: lr, type: any}, {name: nothing, type: int, isOptional: true},"
    " {name: slow, type: bool, value: false}]\n"
)
OF_DAG = INPUTS.replace(" {name: lr, type: any},", "")
JOB = "run: {kind: job, container: {command: [train]}}\n"


def file(matrix, inputs=INPUTS, run=JOB):
    return f"name: train\n{inputs}{run}matrix: {matrix}\n"


def grid(value, more=""):
    return f"{{kind: grid, params: {{lr: {{kind: choice, value: {value}}}}}{more}}}"


def dag(matrix, *, more="", before="", inputs=OF_DAG):
    """Return a DAG with a matrix of one operation in it."""
    return f"""
{inputs}
run:
  kind: dag
  operations:
{before}
  - name: train
    inputs: [{{name: lr, type: any}}, {{name: size, type: int, isOptional: true}}]
    {more}
    matrix: {matrix}
    {JOB}"""


def trials(messages):
    """Return the first value of each trial, all blocks in order."""
    parts = messages[1:-1]
    return [values[0] for part in parts for block in part.trials for values in block.values]


BEFORE = (
    "  - {name: a, outputs: [{name: size, type: int}], inputs: [{name: m, type: int, value: 7}], "
    + JOB
    + "    }"
)
FROM_DAG = "params: {size: {ref: dag, value: inputs.n}}"
TAKEN = {
    "a list, whole": (file(grid('"{{ rates }}"')), {}, [0.1, 0.2]),
    "a list of the request": (file(grid('"{{ rates }}"')), {"rates": [5, 6, 7]}, [5.0, 6.0, 7.0]),
    "an item of a list": (file(grid('[1, "{{ n }}", "{{ rates }}"]')), {}, [1, 3, [0.1, 0.2]]),
    "within a text": (file(grid('["{{ s }}-{{ n }}"]')), {}, ["abc-3"]),
    "an expression": (file(grid('["{{ n + 1 }}", "{{ rates | length }}", "{{ n > 2 }}"]')), {}, [4, 2, True]),
    "a number that is none there": (file(grid("[1, 2, 3, 4]", ', numRuns: "{{ nothing }}"')), {}, [1, 2, 3, 4]),
    "a default": (file(grid("[1, 2, 3, 4]", ', numRuns: "{{ n }}"')), {}, [1, 2, 3]),
    "a value of the request": (file(grid("[1, 2, 3, 4]", ', numRuns: "{{ n }}"')), {"n": 2}, [1, 2]),
    "a number that is a text": (file(grid("[1, 2, 3]", ', numRuns: "{{ s }}"')), {"s": "2"}, [1, 2]),
    "a param": (
        file(grid("[1, 2, 3]", ', numRuns: "{{ params.k }}"')).replace(JOB, f"params: {{k: {{value: 1}}}}\n{JOB}"),
        {},
        [1],
    ),
    "bounds": (file('{kind: grid, params: {lr: {kind: range, value: "{{ rates }}"}}}'), {"rates": [0, 6, 2]}, [0.0, 2.0, 4.0]),
    "bounds in a text": (file('{kind: grid, params: {lr: {kind: range, value: "0:{{ n }}:1"}}}'), {}, [0.0, 1.0, 2.0]),
    "all params": (
        file('{kind: grid, params: "{{ p }}"}', INPUTS.replace("[{name: n,", "[{name: p, type: dict}, {name: n,")),
        {"p": {"lr": {"kind": "choice", "value": [8, 9]}}},
        [8, 9],
    ),
    "rows": (
        file('{kind: mapping, values: "{{ p }}"}', INPUTS.replace("[{name: n,", "[{name: p, type: any}, {name: n,")),
        {"p": [{"lr": 8}, {"lr": 9}]},
        [8, 9],
    ),
    "values in rows": (file('{kind: mapping, values: [{lr: "{{ n }}"}, {lr: "{{ rates }}"}]}'), {}, [3, [0.1, 0.2]]),
    "an input of the DAG around": (
        dag(grid("[1, 2, 3, 4]", ', numRuns: "{{ size }}"'), more=FROM_DAG),
        {"n": 2},
        [1, 2],
    ),
    "an input of an operation before": (
        dag(
            grid('["{{ size }}"]'),
            more="params: {size: {ref: ops.a, value: inputs.m}}",
            before=BEFORE,
        ),
        {},
        [7],
    ),
    "a map of numbers": (file(grid('["{{ {n: s} }}"]')), {}, [{"3": "abc"}]),
    "an expression without a value": (
        file(grid("[1, 2]", ', numRuns: "{{ nothing if n else n }}"')),
        {},
        [1, 2],
    ),
    "an empty list": (file(grid('"{{ rates }}"')), {"rates": []}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_known_before_the_run_is_filled_in(name):
    text, params, values = TAKEN[name]
    messages = ask(text, params=params)
    plan(messages)
    assert trials(messages) == values
    assert json.dumps(trials(messages)) == json.dumps(values)  # an int stays one


def test_all_numbers_of_a_random_search_may_be_templates():
    text = file(
        '{kind: random, numRuns: "{{ n }}", seed: "{{ n }}", concurrency: "{{ n }}",'
        ' params: {lr: {kind: uniform, value: "{{ rates }}"}},'
        ' earlyStopping: [{kind: failure_early_stopping, percent: "{{ n }}"},'
        ' {kind: metric_early_stopping, metric: "{{ s }}", value: "{{ n }}", optimization: minimize,'
        '  policy: {kind: median, minSamples: "{{ n }}"}}]}'
    )
    messages = ask(text, params={"n": 5})
    begun, operations, _, _, scopes = plan(messages)
    assert operations["train"].matrix.seed == 5
    assert (scopes[1].concurrency, scopes[1].failure_percent) == (5, 5)
    (policy,) = begun.policies
    assert (policy.metric, policy.value, policy.comparison.samples) == ("abc", 5, 5)
    written = text
    for template, value in (("{{ n }}", "5"), ("{{ rates }}", "[0.1, 0.2]"), ("{{ s }}", "abc")):
        written = written.replace(f'"{template}"', value)
    assert trials(ask(written, params={"n": 5})) == trials(messages)


def test_a_matrix_of_dags_and_one_in_its_trials_are_filled_in():
    inner = dag(grid("[1, 2, 3, 4]", ', numRuns: "{{ size }}"'), more=FROM_DAG)
    text = inner + 'matrix: {kind: mapping, values: [{s: "{{ n }}"}, {s: b}]}\n'
    begun, operations, *_ = plan(ask(text, params={"n": 2}))
    matrices = {name: one.matrix.trials for name, one in operations.items() if one.matrix}
    assert sorted(matrices.values()) == [2, 2, 2]
    assert begun.operations == 1 + 2 * (1 + 1 + 2)


VARIED = "differs from trial to trial, and has no value when they are made"
LATER = "is only known when the run is under way, and trials are made before"
REFUSED = {
    "an output": (
        dag(grid('["{{ size }}"]'), more="params: {size: {ref: ops.a, value: outputs.size}}", before=BEFORE),
        {},
        ("PF2005", f"`size` {LATER}", "run.operations[1].matrix.params.lr.value[0]"),
    ),
    "an output that may be missing": (
        dag(
            grid('["{{ size | default(3) }}"]'),
            more="params: {size: {ref: ops.a, value: outputs.size}}",
            before=BEFORE,
        ),
        {},
        ("PF2005", f"`size` {LATER}", "run.operations[1].matrix.params.lr.value[0]"),
    ),
    "a global": (
        file(grid("[1]", ', concurrency: "{{ globals.uuid }}"')),
        {},
        ("PF2005", f"`globals.uuid` {LATER}", "matrix.concurrency"),
    ),
    "a short name of one": (
        file(grid('["{{ outputs_path }}"]')),
        {},
        ("PF2005", f"`outputs_path` {LATER}", "matrix.params.lr.value[0]"),
    ),
    "a join": (
        dag(
            grid('"{{ found }}"'),
            more="joins: [{query: 'status: succeeded', params: {found: {value: outputs.loss}}}]",
        ),
        {},
        ("PF2005", f"`found` {LATER}", "run.operations[0].matrix.params.lr.value"),
    ),
    "a trial's own value": (
        file(grid("[1, 2]", ', numRuns: "{{ lr }}"')),
        {},
        ("PF2005", f"`lr` {VARIED}", "matrix.numRuns"),
    ),
    "a trial's own value, by rows that are filled in": (
        file('{kind: mapping, values: "{{ p }}", concurrency: "{{ n }}"}', INPUTS.replace("[{", "[{name: p, type: any}, {", 1)),
        {"p": [{"lr": 1, "n": 2}]},
        ("PF2005", f"`n` {VARIED}", "matrix.concurrency"),
    ),
    "a value of the trial around": (
        dag(grid("[1, 2]", ', numRuns: "{{ size }}"'), more="params: {size: {ref: dag, value: inputs.s}}", inputs="inputs: [{name: s, type: int}]")
        + "matrix: {kind: mapping, values: [{s: 1}, {s: 2}]}\n",
        {},
        ("PF2005", f"`size` {VARIED}", "run.operations[0].matrix.numRuns"),
    ),
    "all params, one of which is not known": (
        file(grid('["{{ params.as_args }}"]')),
        {},
        ("PF2005", f"`lr` {VARIED}", "matrix.params.lr.value[0]"),
    ),
    "a name that there is not": (
        file(grid('"{{ rate }}"')),
        {},
        ("PF5002", "`rate` is not a name that a template knows here", "matrix.params.lr.value"),
    ),
    "what is no template": (
        file(grid('"{{ rates[ }}"')),
        {},
        ("PF5001", None, "matrix.params.lr.value"),
    ),
    "what fails with this value": (
        file(grid('["{{ 1 / n }}"]')),
        {"n": 0},
        ("PF5003", "template `{{ 1 / n }}`: division by zero", "matrix.params.lr.value[0]"),
    ),
    "a number that is too large to be written": (
        file(grid('["{{ 2 ** 100 }}"]')),
        {},
        ("PF1013", None, "matrix.params.lr.value[0]"),
    ),
    "a text for a number": (
        file(grid("[1]", ', numRuns: "{{ s }}"')),
        {},
        ("PF2003", '`numRuns`: this should be an integer, not `abc`; `{{ s }}` is filled in with "abc"', "matrix.numRuns"),
    ),
    "a number that is too small": (
        file(grid("[1]", ', concurrency: "{{ n }}"')),
        {"n": 0},
        ("PF2004", "`concurrency`: this should be greater than 0, not `0`; `{{ n }}` is filled in with 0", "matrix.concurrency"),
    ),
    "nothing where a number must be": (
        file('{kind: random, numRuns: "{{ nothing }}", params: {lr: {kind: choice, value: [1]}}}'),
        {},
        ("PF2003", "`numRuns`: this should be an integer, not null; `{{ nothing }}` is filled in with null", "matrix.numRuns"),
    ),
    "one value for a list": (
        file(grid('"{{ n }}"')),
        {},
        ("PF2003", "`value`: this should be a list, not `3`; `{{ n }}` is filled in with 3", "matrix.params.lr.value"),
    ),
    "bounds that are none": (
        file('{kind: grid, params: {lr: {kind: range, value: "{{ rates }}"}}}'),
        {"rates": [3, 1, 1]},
        ("PF2004", "start and stop: the first must be below the second; `{{ rates }}` is filled in with [3.0, 1.0, 1.0]", "matrix.params.lr.value"),
    ),
    "a step of nothing": (
        file('{kind: grid, params: {lr: {kind: range, value: "{{ rates }}"}}}'),
        {"rates": [1, 3, 0]},
        ("PF6003", "`step` is not above 0; `{{ rates }}` is filled in with [1.0, 3.0, 0.0]", "matrix.params.lr.value"),
    ),
    "a percentage beyond 100": (
        file(grid("[1]", ', earlyStopping: [{kind: failure_early_stopping, percent: "{{ n }}"}]')),
        {"n": 101},
        ("PF6003", "`percent` is 101, and goes from 1 to 100; `{{ n }}` is filled in with 101", "matrix.earlyStopping[0].percent"),
    ),
    "a policy that is not supported": (
        file(
            grid(
                "[1]",
                ", earlyStopping: [{kind: metric_early_stopping, metric: a, value: 1, optimization: minimize, policy:"
                ' {kind: truncation, percent: 5, evaluationInterval: 1, includeSucceeded: "{{ slow }}"}}]',
            )
        ),
        {},
        (
            "PF2005",
            "`includeSucceeded: false` is not supported: all that have come as far are compared;"
            " `{{ slow }}` is filled in with false",
            "matrix.earlyStopping[0].policy.includeSucceeded",
        ),
    ),
    "more trials than a run may have": (
        file('{kind: random, numRuns: "{{ n }}", params: {lr: {kind: uniform, value: [0, 1]}}}'),
        {"n": 100_001},
        ("PF3017", "with all trials of its matrices this has 100,001 operations", "matrix"),
    ),
    "a value that no input takes": (
        file(grid('"{{ rates }}"'), INPUTS.replace("lr, type: any", "lr, type: int")),
        {},
        ("PF3011", "a trial has an unfit value: `lr`: 0.1 is not an `int`", "matrix.params"),
    ),
    "an input without a value": (
        file(grid("[1]", ', numRuns: "{{ m }}"'), INPUTS.replace("[{", "[{name: m, type: int}, {", 1)),
        {},
        ("PF3009", "input `m` needs a value", "inputs[0]"),
    ),
    "an input with an unfit value": (
        file(grid("[1]", ', numRuns: "{{ n }}"')),
        {"n": "many"},
        ("PF3011", None, "params.n"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_fitting_value_before_the_run_is_refused_at_its_place(name):
    text, params, (code, message, path) = REFUSED[name]
    (found, *more) = problems(ask(text, params=params))
    assert not more, more
    assert (found.code, found.path) == (code, path), found
    assert message is None or found.message == message
    if not path.startswith("params") and code not in ("PF3009",):
        assert found.line == 1 + text[: text.index("matrix:")].count("\n"), found


def test_each_template_that_is_wrong_is_told_at_its_own_place():
    text = file(grid('["{{ s }}", "{{ rate }}"]', ', numRuns: "{{ rate }}", concurrency: "{{ s }}"'))
    found = check(text, file="a.yaml").errors
    assert [one.path for one in found] == [
        "matrix.params.lr.value[1]",
        "matrix.numRuns",
        "matrix.concurrency",
    ]
    assert {(one.file, one.line) for one in found} == {("a.yaml", 4)}


def test_a_list_without_values_is_a_warning_as_it_is_when_written():
    text = file(grid('"{{ rates }}"'), INPUTS.replace("[0.1, 0.2]", "[]"))
    (warning,) = check(text, file="a.yaml").warnings
    said = "there is no value to try, so there are no trials; `{{ rates }}` is filled in with []"
    assert (warning.message, warning.path, warning.line) == (said, "matrix.params.lr.value", 4)


@pytest.mark.parametrize("matrix", ['{kind: grid, params: "{{ p }}"}', grid("[]", ', numRuns: "{{ p }}"')])
def test_of_an_input_without_a_value_it_is_said_once_that_it_needs_one(matrix):
    text = file(matrix, INPUTS.replace("[{name: n,", "[{name: p}, {name: n,"))
    assert [one.message for one in check(text, file="a.yaml").errors] == ["input `p` needs a value"]
    assert [one.message for one in problems(ask(text))] == ["input `p` needs a value"]


def test_a_null_that_is_given_is_a_value():
    text = file(grid("[1, 2]", ', numRuns: "{{ p }}"'), INPUTS.replace("[{name: n,", "[{name: p}, {name: n,"))
    assert trials(ask(text, params={"p": None})) == [1, 2]
    text = text.replace("kind: grid", "kind: random")
    (found,) = problems(ask(text, params={"p": None}))
    assert found.message == "`numRuns`: this should be an integer, not null; `{{ p }}` is filled in with null"


def test_what_is_filled_into_matrices_is_bounded():
    text = file(grid(json.dumps([f"{{{{ s }}}}{number}" for number in range(50)])))
    assert len(trials(ask(text))) == 50
    (found,) = problems(ask(text, params={"s": "a" * 100_000}))
    assert (found.code, found.path) == ("PF5004", "matrix")


def test_a_component_with_a_matrix_is_filled_in_for_each_of_its_operations():
    text = f"""
run:
  kind: dag
  components:
  - name: search
    inputs: [{{name: lr, type: int}}, {{name: size, type: int}}]
    matrix: {grid("[1, 2, 3]", ', numRuns: "{{ size }}"')}
    {JOB}
  operations:
  - {{name: a, dagRef: search, params: {{size: {{value: 2}}}}}}
  - {{name: b, dagRef: search, params: {{size: {{value: 3}}}}}}
"""
    operations = plan(ask(text))[1]
    assert [operations[name].matrix.trials for name in "ab"] == [2, 3]
    (found,) = problems(ask(text.replace("value: 3", "value: 0")))
    assert (found.path, found.line) == ("run.components[0].matrix.numRuns", 7)


@pytest.mark.parametrize(
    "policy",
    [
        '"{{ n }}"',
        '[{kind: failure_early_stopping, percent: "{{ n }}"}]',
        '[{kind: metric_early_stopping, metric: a, value: "{{ n }}", optimization: minimize}]',
    ],
)
def test_templates_in_the_policies_of_a_dag_are_refused(policy):
    text = f"{OF_DAG}run: {{kind: dag, earlyStopping: {policy}, operations: [{{name: a, {JOB[:-1]}}}]}}\n"
    found = problems(ask(text))
    assert [one.code for one in found] == ["PF2005"]
    assert found[0].message.startswith("a template in `")
