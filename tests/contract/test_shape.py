"""The shape of the code: small files, named for what they answer, and one place for time."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = ("polyflow", "services", "shared", "topics", "examples", "tests")
SOURCE_ROOTS = ROOTS[:4]
LINES = 400
"""A longer file answers more than one question."""
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
CLOCK = "shared/polyflow_shared/clock.py"
WAITS = {"sleep"}
READS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "now", "utcnow", "today"}

TIME_ALLOWED = {
    "polyflow/tracking/stating.py": "runs in the user's process: a measurement carries the moment it was taken",
    "polyflow/tracking/delivery.py": "runs in the user's process, and waits for what it sends in a thread of its own",
    "polyflow/gateway.py": "runs in the user's process; tests pass a clock",
}
"""Files beside the clock that may read it or sleep, each with its reason."""
IO = {
    "asyncio",
    "concurrent",
    "multiprocessing",
    "select",
    "os",
    "socket",
    "sqlite3",
    "subprocess",
    "pathlib",
    "io",
    "shutil",
    "tempfile",
    "time",
    "random",
    "secrets",
    "logging",
    "threading",
    "urllib",
    "http",
    "aiohttp",
    "aiokafka",
    "faust",
    "kubernetes_asyncio",
    "prometheus_client",
    "pydantic_settings",
}
OF_OURS = {
    "polyflow_shared.broker",
    "polyflow_shared.clock",
    "polyflow_shared.loops.service",
    "polyflow_shared.hosting.settings",
}
"""Our own modules that do it; the lint contract alone looks at these."""
SAYS_OR_READS = {"open", "print", "input", "breakpoint"}
"""What does it and needs no import."""
SHELL = {
    "__main__": "builds the parts of a process of its own, and starts it",
    "settings": "reads variables",
    "act": "the effect of an effector",
    "web": "the gateway's HTTP",
    "connections": "those of the gateway",
    "live": "looks at the catalogue of queues again and again, and holds what it says now",
    "observe": "adds up what has been decided, in metrics",
}
"""Modules of a service that are no part of its core, each with its reason."""


def files(*roots: str, suffix: str = ".py") -> list[Path]:
    return sorted(path for root in roots for path in (ROOT / root).rglob(f"*{suffix}"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def every(paths: list[Path]) -> pytest.MarkDecorator:
    assert paths
    return pytest.mark.parametrize("path", paths, ids=name)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def imported(path: Path) -> set[str]:
    """Return the top names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {module.partition(".")[0] for module in names}


@every(files(*ROOTS))
def test_a_file_answers_one_question(path):
    assert len(path.read_text().splitlines()) <= LINES


@every(files(*ROOTS))
def test_a_module_is_named_for_what_it_is(path):
    assert not {part.removesuffix(".py") for part in path.relative_to(ROOT).parts} & SAYS_NOTHING


@every([path for path in files(*SOURCE_ROOTS) if path.name == "__init__.py"])
def test_a_package_says_what_it_is_for(path):
    assert ast.get_docstring(tree(path))


@every([path for path in files(*SOURCE_ROOTS) if path.name != "__init__.py"])
def test_a_module_says_what_it_is(path):
    body = tree(path).body
    told = [node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
    alone = len(told) == 1 and ast.get_docstring(told[0])
    assert ast.get_docstring(tree(path)) or alone


def clock_uses(path: Path) -> list[str]:
    """Return each place where a file reads the clock or sleeps; `sleep(0)` only gives way to others."""
    return [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_clock(node, node.func)
    ]


def _is_clock(call: ast.Call, function: ast.Attribute) -> bool:
    module = ast.unparse(function.value).split(".")[-1]
    if function.attr in WAITS:
        return module in {"asyncio", "time"} and ast.unparse(call.args[0]) != "0"
    return function.attr in READS and module in {"time", "datetime", "date"}


@every([path for path in files(*SOURCE_ROOTS) if name(path) != CLOCK])
def test_time_is_an_argument(path):
    if name(path) not in TIME_ALLOWED:
        assert clock_uses(path) == []
        assert not re.search(
            r"^from time import|^from asyncio import.*\bsleep\b", path.read_text(), re.MULTILINE
        )


def test_the_clock_is_where_time_is_read():
    assert clock_uses(ROOT / CLOCK)


@every([path for path in files("tests/unit", "tests/contract") if path.name != "test_shape.py"])
def test_no_test_sleeps(path):
    assert [use for use in clock_uses(path) if "sleep" in use] == []


SERVICES = ROOT / "services" / "polyflow_services"


def cores() -> list[Path]:
    """Return all files of services but the shell; not those beside the services, which wire them together."""
    found = [path for path in files("services") if path.parent != SERVICES]
    return [path for path in found if path.stem not in SHELL]


@every(cores())
def test_a_core_does_no_io(path):
    nodes = list(ast.walk(tree(path)))
    assert imported(path) & IO == set()
    assert not [node for node in nodes if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
    called = {
        node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called & SAYS_OR_READS == set()


def test_the_shell_is_there():
    assert {path.stem for path in files("services")} >= SHELL.keys()


def contract_named(title: str) -> dict[str, Any]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if one["name"] == title]
    return contract


def test_the_lint_knows_all_services():
    independent = contract_named("A service never imports another service")["modules"]
    services = [path.name for path in SERVICES.iterdir() if (path / "__init__.py").exists()]
    assert sorted(independent) == sorted(f"polyflow_services.{service}" for service in services)


def test_the_lint_knows_all_cores_and_all_that_does_io():
    contract = contract_named("Cores do no IO")
    rooms = {one.removeprefix("polyflow_services.") for one in contract["source_modules"]}
    # What a service's own package says is a docstring; as a source module it would stand for the shell too.
    inside = [path.relative_to(SERVICES).with_suffix("").parts for path in cores()]
    assert {".".join(parts[:2]) for parts in inside if parts[1] != "__init__"} - rooms == set()
    assert set(contract["forbidden_modules"]) == IO | OF_OURS


PATCHED = {
    "tests/unit/cluster_kubernetes/test_client.py": {
        "'polyflow_shared.cluster.kubernetes.access.load_incluster_config'": "reads files of a pod",
    },
    "tests/unit/tracking/test_delivery.py": {"stating._TERMINATION_LOG": "a file of a pod"},
    "tests/kubernetes/test_pods.py": {
        "client.create": "an answer that a real API server gives and that gets lost",
        "watching.LOOK_AFTER": "the real server's clock cannot be put forward",
    },
    "tests/kafka/test_faust.py": {
        "stream._first_record": "whether a real Kafka was asked, Faust does not tell",
        "stream._app.start": "a start that fails in the midst of Faust",
    },
}
"""What is patched all the same, by file, each with its reason."""


def patched(path: Path) -> set[str]:
    """Return what a file patches; but for what it has from the libraries of others."""
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    targets = [_target(call) for call in calls if ast.unparse(call.func) == "monkeypatch.setattr"]
    others = {module for module in imported(path) if not module.startswith(("polyflow", "tests"))}
    return {target for target in targets if target.partition(".")[0] not in others}


def _target(call: ast.Call) -> str:
    first, second = call.args[:2]
    if isinstance(second, ast.Constant) and not isinstance(first, ast.Constant):
        return f"{ast.unparse(first)}.{second.value}"
    return ast.unparse(first)


@every([path for path in files("tests") if path.name != "test_shape.py"])
def test_nothing_of_ours_is_patched_or_mocked(path):
    assert imported(path) & {"mock", "pytest_mock"} == set()
    assert "unittest.mock" not in path.read_text()
    assert patched(path) == PATCHED.get(name(path), {}).keys()


@every(files(*SOURCE_ROOTS))
def test_what_goes_wrong_is_named(path):
    caught = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ExceptHandler)]
    assert [node.lineno for node in caught if _broad(node) and not _passed_on(node)] == []


def _broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in {"Exception", "BaseException"}


def _passed_on(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler ends by raising: it cleans up or translates, and swallows nothing."""
    return isinstance(handler.body[-1], ast.Raise)
