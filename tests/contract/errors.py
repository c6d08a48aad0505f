"""The page of all codes, `docs/errors.md`: what each says, with an example and what is said of it.

`python -m tests.contract.errors` says whether the page is up to date; with `--write` it writes it.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from polyflow.cli.files.sarif import descriptions
from polyflow.specifications.checking import check_text
from polyflow.specifications.collecting import Options
from polyflow_shared.language.codes import Code, Stage
from polyflow_topics.events import Problem

PAGE: Final = Path(__file__).parents[2] / "docs" / "errors.md"
FILE: Final = "pipeline.yaml"
_JOB = "run: {kind: job, container: {image: python, command: [train]}}\n"
_RUN = "run: {kind: job, container: {image: python}}"
_LOSS = f"name: a, outputs: [{{name: loss, type: float}}], {_RUN}"


def _dag(*operations: str, components: tuple[str, ...] = ()) -> str:
    lines = ["run:", "  kind: dag"]
    for group, members in (("components", components), ("operations", operations)):
        lines += [f"  {group}:", *(f"  - {{{member}}}" for member in members)] if members else []
    return "\n".join(lines) + "\n"


def _args(text: str) -> str:
    return f"run: {{kind: job, container: {{image: python, args: ['{text}']}}}}\n"


EXAMPLES: Final[Mapping[Code, str]] = {
    Code.SYNTAX: "name: [a, b\nrun: x\n",
    Code.TAB: "run:\n\tkind: job\n",
    Code.SEVERAL_DOCUMENTS: "name: a\n---\nname: b\n",
    Code.EMPTY: "# nothing yet\n",
    Code.NOT_A_MAP: "- name: a\n",
    Code.DUPLICATE_KEY: f"name: a\n{_JOB}name: b\n",
    Code.TAG: f"name: !!python/name:os.system\n{_JOB}",
    Code.CHARACTER: 'name: "a\\0"\n',
    Code.NUMBER: f"termination: {{timeout: .inf}}\n{_JOB}",
    Code.KEY: f"params: {{? [a, b] : 1}}\n{_JOB}",
    Code.RESPELLED: f"inputs: [{{name: country, type: str, value: no}}]\n{_JOB}",
    Code.UNKNOWN_FIELD: f"termination: {{maxRetrys: 1}}\n{_JOB}",
    Code.MISSING_FIELD: f"inputs: [{{type: int}}]\n{_JOB}",
    Code.WRONG_TYPE: f'termination: {{timeout: "60"}}\n{_JOB}',
    Code.NOT_ALLOWED: f"trigger: sometimes\n{_JOB}",
    Code.NO_KIND: f"matrix: {{params: {{lr: {{kind: choice, value: [0.1, 0.2]}}}}}}\n{_JOB}",
    Code.SEVERAL_DEFINITIONS: "hubRef: train\npathRef: train.yaml\n",
    Code.UNKNOWN_TYPE: f"inputs: [{{name: lr, type: number, value: 0.1}}]\n{_JOB}",
    Code.NO_OPERATIONS: "run: {kind: dag, operations: []}\n",
    Code.UNNAMED: _dag(_RUN),
    Code.DUPLICATE_NAME: _dag(f"name: a, {_RUN}", f"name: a, {_RUN}"),
    Code.NO_DEFINITION: _dag("name: a"),
    Code.UNKNOWN_COMPONENT: _dag("name: a, dagRef: trian", components=(f"name: train, {_RUN}",)),
    Code.COMPONENT_CYCLE: _dag("name: a, dagRef: x", components=("name: x, dagRef: y", "name: y, dagRef: x")),
    Code.UNKNOWN_UPSTREAM: _dag(f"name: load, {_RUN}", f"name: train, dependencies: [lod], {_RUN}"),
    Code.CYCLE: _dag(f"name: a, dependencies: [b], {_RUN}", f"name: b, dependencies: [a], {_RUN}"),
    Code.MISSING_PARAM: f"inputs: [{{name: lr, type: float}}]\n{_JOB}",
    Code.UNKNOWN_PARAM: f"strictParams: true\nparams: {{lr: 0.1}}\n{_JOB}",
    Code.WRONG_VALUE: f"inputs: [{{name: epochs, type: int}}]\nparams: {{epochs: many}}\n{_JOB}",
    Code.WRONG_REF: _dag(f"name: a, params: {{x: {{ref: up.b, value: outputs.x}}}}, {_RUN}"),
    Code.UNKNOWN_ENTRY: _dag(
        _LOSS,
        "name: b, inputs: [{name: x, type: float}], "
        f"params: {{x: {{ref: ops.a, value: outputs.los}}}}, {_RUN}",
    ),
    Code.TYPE_MISMATCH: _dag(
        _LOSS,
        "name: b, inputs: [{name: x, type: int}], "
        f"params: {{x: {{ref: ops.a, value: outputs.loss}}}}, {_RUN}",
    ),
    Code.NO_CONTAINER: "run: {kind: job}\n",
    Code.UNKNOWN_CLUSTER: f"queue: gpu/fast\n{_JOB}",
    Code.WRONG_PLUGIN: f"plugins: {{ssh: true}}\n{_JOB}",
    Code.BUILD_OF_DAG: "build: {hubRef: kaniko}\n" + _dag(f"name: a, {_RUN}"),
    Code.SCHEDULE_IN_DAG: _dag(f"name: a, schedule: {{kind: cron, cron: '0 2 * * *'}}, {_RUN}"),
    Code.TEMPLATE_LOCK: f"template: {{enabled: true, fields: [name]}}\n{_JOB}",
    Code.UNKNOWN_VOLUME: "run: {kind: job, container: {image: a, volumeMounts: [{name: d, mountPath: /d}]}}\n",
    Code.NO_IMAGE: "run: {kind: job, container: {name: python, command: [train]}}\n",
    Code.TEMPLATE_SYNTAX: _args("{{ lr"),
    Code.TEMPLATE_NAME: f"inputs: [{{name: rate, value: 1}}]\n{_args('{{ rat }}')}",
    Code.TEMPLATE_FORBIDDEN: _args("{% for i in x %}{{ i }}{% endfor %}"),
    Code.CRON: f"schedule: {{kind: cron, cron: '0 25 * * *'}}\n{_JOB}",
    Code.NEVER: (
        f"schedule: {{kind: interval, frequency: 60, startAt: 2030-02-01, endAt: 2030-01-01}}\n{_JOB}"
    ),
    Code.RANGE: f"termination: {{maxRetries: -1}}\n{_JOB}",
    Code.QUERY: f"joins: [{{query: 'metrics.loss > '}}]\n{_JOB}",
    Code.REPEATED: f"inputs: [{{name: lr, type: float}}, {{name: lr, type: int}}]\nparams: {{lr: 1}}\n{_JOB}",
    Code.INCOMPLETE: f"matrix: {{kind: grid, params: {{}}}}\n{_JOB}",
    Code.REFERENCE: "hubRef: team/models/train\n",
    Code.REFERENCE_MISSING: "hubRef: train\n",
    Code.REFERENCE_FORBIDDEN: "pathRef: ../../secret.yaml\n",
    Code.REFERENCE_CYCLE: f"pathRef: {FILE}\n",
    Code.REFERENCE_OFFLINE: "urlRef: https://example.org/train.yaml\n",
    Code.OLDER_DIALECT: f"ops: [{{name: a, {_RUN}}}]\n",
    Code.MIXED_DIALECTS: "ops: []\nrun: {kind: dag}\n",
}
"""A specification for each code, of which that is said."""

TOLD: Final[Mapping[Code, str]] = {
    Code.TOO_LARGE: "A file of more than 16 MiB.",
    Code.NOT_UTF8: "A file in Latin-1 or UTF-16.",
    Code.EXPANSION: "Ten anchors, each of which is a list of ten aliases of the one before.",
    Code.NESTING: "More than 100 levels.",
    Code.UNREADABLE: "`polyflow check gone.yaml`, of a file that is not there.",
    Code.NOT_YET: "[What runs today](compatibility.md#what-runs-today) says of what this release can run.",
    Code.TOO_BIG: "More than 100,000 operations (with trials among them: run_ready); an operation whose command has more than 256 KiB, which only `polyflow run` tells.",
    Code.UNKNOWN_CONNECTION: "`connections: [warehouse]`, which the installation's catalogue does not have.",
    Code.QUEUE_FORBIDDEN: "`queue: gpu`, which the catalogue has for other projects.",
    Code.CONNECTION_FORBIDDEN: "`connections: [warehouse]`, which the catalogue has for other projects.",
    Code.NOT_RESUMED: "`polyflow resume RUN` of a run that goes on, was resumed by somebody else meanwhile, or has nothing left to do.",
    Code.ID_REUSED: "`polyflow run --id nightly` twice, with another file the second time.",
    Code.TEMPLATE_SIZE: "A template of more than 65,536 characters.",
    Code.REFERENCE_UNREACHABLE: "`urlRef` with the address of a server that is down.",
    Code.REFERENCE_LIMIT: "A document of more than 1 MiB; more than 1,000 documents.",
    Code.REFERENCE_NOT_SENT: "A request on Kafka with a `pathRef`, without the text of the file.",
}
"""How the others come about, in words."""

_FAMILIES: Final = {
    "1": "The text",
    "2": "Fields",
    "3": "Graph and params",
    "4": "Requests",
    "5": "Templates",
    "6": "What can be read and never works",
    "7": "References",
    "8": "Older dialects",
}
_REFUSED: Final = {
    Stage.SCHEMA: "schema",
    Stage.COMPILE: "compile",
    Stage.RUN_READY: "run_ready",
    Stage.SUPPORT: "run_ready, by a note: the file is accepted, and `polyflow run` refuses it",
    Stage.INSTALLATION: "none, though where a check knows it run_ready is `n/a`; `polyflow run` refuses it",
}
_HEAD: Final = (
    "# Codes\n\n"
    "Every finding of `polyflow check`, and every reason for which `polyflow run` refuses a request, has one of "
    "these codes. They keep their meaning from release to release. Each is here with the verdict of "
    "`polyflow check` that it makes `reject`, unless it is only a warning, and with an example of what is said: "
    "line, column, what is wrong or was expected, and a hint. What a request may still give, or only a run is "
    "refused for, makes `run_ready` reject alone, whatever the code.\n\n"
    "This page is made from the code: `make errors` writes it.\n"
)


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([_HEAD, *_sections()])


def said_of(code: Code) -> Problem | None:
    """Return what is said of the example of a code; None where the code is not said."""
    checked = check_text(EXAMPLES[code].encode(), file=FILE, options=Options(hubs=["components"])).checked
    found = (problem for problem in (*checked.errors, *checked.warnings) if problem.code == code.value)
    return next(found, None)


def _sections() -> Iterator[str]:
    texts = descriptions()
    family = ""
    for code in sorted(Code, key=str):
        if code.value[2] != family:
            family = code.value[2]
            yield f"## PF{family}: {_FAMILIES[family]}\n"
        yield f"### {code.value} {code.name.lower().replace('_', ' ')}\n"
        yield f"{texts[code.name]} Verdict: {_REFUSED[code.stage]}.\n"
        yield from _example(code) if code in EXAMPLES else [f"For example: {TOLD[code]}\n"]


def _example(code: Code) -> Iterator[str]:
    yield f"```yaml\n{EXAMPLES[code]}```\n"
    problem = said_of(code)
    if problem is not None:
        severity = "" if problem.severity == "error" else f"{problem.severity}: "
        hint = f"  \n> hint: {problem.hint}" if problem.hint else ""
        message = problem.message.replace(str(Path.cwd()), "/home/ana")
        yield f"> {problem.line}:{problem.column}: {severity}{message}{hint}\n"


def main() -> int:
    """Write the page, or say whether it is up to date."""
    if "--write" in sys.argv:
        PAGE.write_text(page())
        return 0
    same = PAGE.exists() and PAGE.read_text() == page()
    sys.stdout.write("up to date\n" if same else f"{PAGE.name} differs; --write writes it\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
