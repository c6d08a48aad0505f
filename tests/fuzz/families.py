"""What is known to be hard, by the families of bad input that pipelines meet.

B1 encodings; B2 documents that are no map; B3 YAML's bombs and traps; B4 cycles and dangling edges; B5 names;
B6 many operations and edges, and what fans out; B7 wrong types and unknown fields at any path (`structures`);
B8 templates; B9 images, commands, variables; B10 resources and what a pod may do; B11 retries, time-outs, cron.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.fuzz.bytes_and_words import ODD, ODD_BYTES
from tests.fuzz.material import Material
from tests.fuzz.structures import TRAPS, written

LEAF: dict[str, Any] = {"run": {"kind": "job", "container": {"image": "i"}}}


def _dag(operations: list[Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "component", "run": {"kind": "dag", "operations": operations, **fields}}


def _operation(name: Any, **fields: Any) -> dict[str, Any]:
    return {"name": name, "component": LEAF, **fields}


def encodings(random: Random, material: Material) -> bytes:
    """B1: other encodings, byte-order marks, NUL, line ends of other systems, tabs."""
    text = random.choice(material.texts)
    choice = random.randrange(6)
    if choice == 0:
        return text.decode().encode(
            random.choice(("utf-16", "utf-16-be", "utf-32", "utf-7", "cp037")), "replace"
        )
    if choice == 1:
        return b"\xef\xbb\xbf" * random.choice((1, 2)) + text
    if choice == 2:
        return text.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\r", "\u2028".encode(), b"\x0c")))
    if choice == 3:
        return text.replace(b"  ", b"\t")
    at = random.randrange(len(text))
    return text[:at] + random.choice([*ODD_BYTES, *(odd.encode() for odd in ODD)]) + text[at:]


def no_maps(random: Random, _: Material) -> bytes:
    """B2: nothing, null, lists, words, numbers, several documents."""
    parts = ["", " ", "null", "~", "[]", "[1, [2]]", "a", "12", "1.5", '"x"', "{}", "---", "...", "# a", "a: 1", "|", "- a", "!!null", "true"]  # fmt: skip
    return (
        random.choice(("\n---\n", "\n", "\n...\n", " "))
        .join(random.choices(parts, k=random.randint(1, 3)))
        .encode()
    )


def aliases(random: Random, _: Material) -> bytes:
    """B3: aliases that multiply, that contain themselves, merges of merges."""
    width, depth = random.choice(((2, 30), (10, 9), (100, 4), (3, 5)))
    shape = random.choice(("[{}]", "{{{}}}"))
    keyed = shape.startswith("{{")
    lines = [
        "kind: component",
        "x0: &x0 {a: 1}" if random.random() < 0.5 else f"x0: &x0 {'a' * random.choice((1, 5000))}",
    ]
    for level in range(1, depth):
        inside = ", ".join((f"k{n}: " if keyed else "") + f"*x{level - 1}" for n in range(width))
        lines.append(f"x{level}: &x{level} " + shape.format(inside))
    if random.random() < 0.3:
        lines += [f"<<: *x{random.randrange(depth)}" for _ in range(3)]
    if random.random() < 0.2:
        lines.append("self: &self {a: *self}")
    return "\n".join(lines).encode()


def deep(random: Random, _: Material) -> bytes:
    """B3: nesting, open or closed, in flow and in block style."""
    depth = random.choice((50, 99, 100, 101, 1000, 10_000))
    shapes = [
        b"a: " + b"[" * depth + b"]" * random.choice((0, depth)),
        b'{"a":' * depth + b"1" + b"}" * random.choice((0, depth)),
        b"- " * depth + b"a",
        b"? " * depth + b"a",
        b"\n".join(b" " * n + b"a:" for n in range(min(depth, 1000))),
        b"{" * depth,
        b"a: " + b"!!x " * depth + b"&a " * random.choice((0, depth)),
    ]
    return random.choice(shapes)


def scalars(random: Random, material: Material) -> bytes:
    """B3: numbers, dates, tags, keys and texts beyond measure."""
    value = random.choice(
        [
            "1e400",
            "-.inf",
            ".nan",
            "9" * 30,
            "9" * 5000,
            "0x" + "f" * 40,
            "0b1",
            "0o8",
            "08",
            "1_000",
            "12:30:45",
            "2020-01-01T00:00:00Z",
            "!!python/object/apply:os.system [ls]",
            "!!binary aGk=",
            "!!set {a}",
            "!!float x",
            "!<tag:x> y",
            "no",
            "y",
            "=",
            "<<",
            "&a",
            "*a",
            "a" * 100_000,
            '"' + "\\u0000" * 3 + '"',
            '"\\ud800"',
            "'" + "'" * 1001,
            "|\n" + "  x\n" * 2000,
            "{" + ", ".join(f"k{n}: {n}" for n in range(300)) + "}",
        ]
    )
    key = random.choice(
        [
            random.choice(material.words),
            "k" * random.choice((127, 1023, 1025, 20_000)),
            "? [a]\n",
            "no",
            "1",
            "''",
        ]
    )
    return f"kind: component\n{key}: {value}\nrun:\n  kind: job\n  {random.choice(('container', 'init', 'x'))}: {value}\n".encode()


def edges(random: Random, _: Material) -> bytes:
    """B4: edges to oneself, in circles, to nowhere, to what comes later, to what is above, twice."""
    count = random.choice((1, 2, 3, 50, 1000 if random.random() < 0.02 else 5))
    names = [f"o{n}" for n in range(count)]
    operations = [_operation(name, dependencies=[names[n - 1]]) for n, name in enumerate(names)]
    choice = random.randrange(5)
    if choice == 0:
        operations[0].pop("dependencies")
    elif choice == 1:
        random.choice(operations)["dependencies"] = [
            random.choice(["nowhere", "", None, 1, "pipeline", *names])
        ]
    elif choice == 2:
        random.choice(operations)["params"] = {
            "x": {"ref": f"ops.{random.choice(names)}", "value": "outputs.y"}
        }
    elif choice == 3:
        random.choice(operations)["events"] = [
            {"kinds": ["run_status_done"], "ref": f"ops.{random.choice(names)}"}
        ]
    else:
        inner = _dag([_operation("a", dependencies=[random.choice(["a", "pipeline", "o0"])])])
        operations[-1]["component"] = inner
    return written(random, _dag(operations))


def component_cycles(random: Random, _: Material) -> bytes:
    """B4: components that contain themselves, and documents that refer to themselves."""
    count = random.choice((1, 2, 5))
    components = [
        {"name": f"c{n}", **_dag([{"name": "x", "dagRef": f"c{(n + 1) % count}"}])} for n in range(count)
    ]
    how = random.choice(("dagRef", "pathRef", "hubRef", "urlRef"))
    target = {"dagRef": "c0", "pathRef": "self.yaml", "hubRef": "self", "urlRef": "https://example.com/self"}[
        how
    ]
    return written(random, _dag([{"name": "top", how: target}], components=components))


def names(random: Random, _: Material) -> bytes:
    """B5: names that are no names, twice, or alike for a cluster."""
    some = ["A", "a", "a_b", "a-b", "a.b", "-", "a" * 254, "ä", "ｆｕｌｌ", "a\u0301", "a b", "", "globals", "params", "0", "{{ x }}", "../a", "\U0001f600", "__proto__", "con"]  # fmt: skip
    operations = [_operation(random.choice(some)) for _ in range(random.randint(1, 6))]
    component = {**_dag(operations), "name": random.choice(some)}
    component["inputs"] = [{"name": random.choice(some), "type": "str"} for _ in range(2)]
    return written(random, component)


def many(random: Random, _: Material) -> bytes:
    """B6: operations, edges, trials and levels beyond what anyone runs; seldom the largest."""
    size = random.choice((10, 100, 300)) if random.random() < 0.98 else random.choice((2000, 5000))
    choice = random.randrange(5)
    if choice == 0:
        operations = [
            _operation(f"o{n}", dependencies=[f"o{m}" for m in range(max(0, n - 30), n)]) for n in range(size)
        ]
        return written(random, _dag(operations))
    if choice == 1:
        return written(random, _exploding(random.choice((2, 10, 100)), random.choice((2, 4, 8))))
    if choice == 2:
        return written(random, _sweep(random))
    if choice == 3:
        return written(random, _nested(random.choice((3, 30, 60, 200))))
    wide = _operation("last", dependencies=[f"o{n}" for n in range(size)])
    limit = random.choice([0, -1, 10**9, 1.5, "1", None, True])
    return written(random, _dag([*(_operation(f"o{n}") for n in range(size)), wide], concurrency=limit))


def _exploding(width: int, depth: int) -> Any:
    """Return DAGs of DAGs: `width ** depth` operations of few lines."""
    components: list[Any] = [{"name": "c0", **LEAF}]
    for level in range(1, depth):
        inside = [{"name": f"x{n}", "dagRef": f"c{level - 1}"} for n in range(width)]
        components.append({"name": f"c{level}", **_dag(inside, components=components[-1:])})
    return _dag([{"name": "top", "dagRef": components[-1]["name"]}], components=components)


def _nested(depth: int) -> Any:
    inner: Any = LEAF
    for _ in range(min(depth, 60)):
        inner = _dag([{"name": "x", "component": inner}])
    return inner


def _sweep(random: Random) -> Any:
    kinds = [
        "choice",
        "range",
        "linspace",
        "logspace",
        "geomspace",
        "uniform",
        "pchoice",
        "normal",
        "nothing",
    ]
    params = {
        f"p{n}": {
            "kind": random.choice(kinds),
            "value": random.choice(
                [
                    *TRAPS,
                    "0:1000000000:1",
                    {"start": 0, "stop": 1e9, "step": 1e-9},
                    "0:1:999999999",
                    [[1, 0.5]],
                ]
            ),
        }
        for n in range(random.choice((1, 2, 30)))
    }
    kind = random.choice(["grid", "random", "mapping", "bayes", "hyperband", "iterative", "hyperopt", "tpe"])
    matrix = {
        "kind": kind,
        "params": params,
        "numRuns": random.choice(TRAPS),
        "concurrency": random.choice(TRAPS),
    }
    if kind == "mapping":
        matrix = {"kind": kind, "values": random.choice([*TRAPS, [{"a": 1}] * 2000])}
    return {"kind": "operation", "matrix": matrix, "component": LEAF}


def templates(random: Random, _: Material) -> bytes:
    """B8: templates that reach for Python, that never end, that are no templates, that name what is not there."""
    texts = ["{{ ''.__class__.__mro__ }}", "{{ self }}", "{{ range(10**9) | list }}", "{% for a in range(10**9) %}{{ a }}{% endfor %}", "{{ 'x' * 10**9 }}", "{{ 2 ** 10**9 }}", "{{ [1] * 10**9 }}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{{ secrets }}", "{{ a.b.c.d }}", "{{ a['b'] }}", "{{", "}}", "{{ }}", "{% if %}", "{# a", "{{ a | nothing }}", "{{ a }}" * 500, "{{ " + "(" * 200 + "a" + ")" * 200 + " }}", "{{ " + "-" * 300 + "1 }}", "{{ a if b }}", "{% include 'x' %}", "{{ lipsum() }}", "{{ globals.uuid }}", "{{ 'a'.format() }}", "{{ a" + ".b" * 500 + " }}", "{{ 1" + "+1" * 1000 + " }}", "{{ a ~ a ~ a }}", "{% set a = a %}", "{% raw %}{{ a }}", "{{ \"" + "\\" * 99 + '" }}', "{{ [" * 100]  # fmt: skip
    text = random.choice(texts) + random.choice(["", " ", "\n", "{{ b }}"])
    place = random.randrange(5)
    fields: dict[str, Any] = {
        "run": {
            "kind": "job",
            "container": {"image": text if place else "i", "args": [text] * random.choice((1, 20))},
        }
    }
    if place == 1:
        fields["conditions"] = text
    if place == 2:
        fields["inputs"] = [{"name": "a", "type": "str", "value": text, "argFormat": text}]
    if place == 3:
        fields["name"] = text
    return written(
        random, {"kind": "component", "inputs": [{"name": "a", "type": "str", "value": "v"}], **fields}
    )


def containers(random: Random, _: Material) -> bytes:
    """B9 and B10: images, commands and variables beyond measure; amounts; what a pod may not do."""
    odd: list[Any] = ["", " ", "a b", "i" * 5000, "a" * 200_000, "1.5.5Gi", "-1", "1e400", "1E", "0.1m", -1, 10**30, None, [], {}, True, "=", "A=B", "\0", "../..", "{{ x }}", [["a"]], {"a": {"b": 1}}]  # fmt: skip
    container: dict[str, Any] = {
        "image": random.choice(odd),
        "command": random.choice(
            [
                random.choice(odd),
                [random.choice(odd)] * random.choice((1, 3)),
                [random.choice(odd[:3])] * 1000,
            ]
        ),
        "args": [random.choice(odd)],
        "env": [{"name": random.choice(odd), "value": random.choice(odd)}],
        "resources": {
            "requests": {"cpu": random.choice(odd)},
            "limits": {random.choice(["cpu", "gpu"]): random.choice(odd)},
        },
        "securityContext": random.choice([{"privileged": True}, *odd]),
    }
    for field in random.sample(sorted(container), random.randint(0, 4)):
        del container[field]
    run = {
        "kind": "job",
        "container": container,
        "volumes": [{"name": "v", "hostPath": random.choice([{"path": "/"}, *odd])}],
    }
    if random.random() < 0.5:
        run["environment"] = {
            random.choice(["serviceAccountName", "hostNetwork", "labels", "affinity"]): random.choice(odd)
        }
    return written(random, {"kind": "component", "run": run})


def policies(random: Random, _: Material) -> bytes:
    """B11: retries, time-outs, delays, schedules and policies that make no sense."""
    odd: list[Any] = [-1, 0, 10**9, 10**30, 1.5, "1", "", None, True, [], {}, "{{ x }}", ".nan", 1e308]
    crons = ["* * * *", "0 0 30 2 *", "* * * * * *", "60 * * * *", "*/0 * * * *", "1-0 * * * *", "@daily", "a", "", "1," * 5000, "*/1000000000 * * * *", "0-59/1 * * * MON-SUN"]  # fmt: skip
    schedule = {"kind": random.choice(["cron", "interval", "datetime", "x"]), "cron": random.choice(crons)}
    moments = [
        "2030-01-01",
        "2030-02-30T00:00:00",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59+14:00",
        "x",
        "",
        *odd,
    ]
    if schedule["kind"] != "cron":
        schedule = {"kind": schedule["kind"], "frequency": random.choice([*odd, "PT1S"])}
    schedule |= {
        "startAt": random.choice(moments),
        "endAt": random.choice(moments),
        "maxRuns": random.choice(odd),
    }
    early = {"kind": "failure_early_stopping", "percent": random.choice(odd)}
    value = {
        "kind": "operation",
        "component": LEAF,
        "termination": {field: random.choice(odd) for field in ("maxRetries", "timeout", "ttl")},
        "cache": random.choice([{"ttl": random.choice(odd)}, random.choice(odd)]),
        "schedule": schedule,
        "joins": [
            {"query": random.choice(["", "a:b", "a:>1..2", "a" * 5000, ":" * 500, "~a:|,"]), "params": {}}
        ],
        "matrix": {"kind": "random", "numRuns": random.choice(odd), "params": {}, "earlyStopping": [early]},
    }
    for field in random.sample(["termination", "cache", "schedule", "joins", "matrix"], random.randint(1, 4)):
        del value[field]
    return written(random, value)


FAMILIES: Mapping[str, Callable[[Random, Material], bytes]] = {
    "B1 encodings": encodings,
    "B2 no maps": no_maps,
    "B3 aliases": aliases,
    "B3 depth": deep,
    "B3 scalars": scalars,
    "B4 edges": edges,
    "B4 cycles": component_cycles,
    "B5 names": names,
    "B6 many": many,
    "B8 templates": templates,
    "B9 B10 containers": containers,
    "B11 policies": policies,
}
