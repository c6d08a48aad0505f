"""Changes of what a seed says: another value at any path, fields that are not there, parts of other seeds."""

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import yaml

from tests.fuzz.material import Material

TRAPS: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63, -(2**63), 1.5, -0.0, 1e308, "", " ", "no", "null", "1", "1e400",
    "NaN", "12:30", "2020-01-01", "...", "a b", "A" * 300, "a" * 5000, "{{ x }}", "{{ ''.__class__ }}", "{{",
    "{% for x in range(10**9) %}x{% endfor %}", "{{ 9 ** 9 ** 9 }}", "{{ 'a' * 10**9 }}", "../../../etc/passwd",
    "\u202e", "\U0001f600", "ops.a", "outputs.x", "List[" * 50 + "int" + "]" * 50, [], {}, [[]], [{}], {"": ""},
    [None], {"a": None}, [1, "a", None, {}], {"kind": "dag"}, {"kind": "job"}, {"kind": "nothing"}, {"value": 1},
    {"ref": "ops.a", "value": "outputs.x"}, list(range(50)), {str(n): n for n in range(50)}, "*/5 * * * *",
    "0 0 30 2 *", "* * * *", "1.5.5Gi", "-1", "0:1:0", "1:0:5", "0.1:0.1:1000000000", [0, 1e18], "9" * 400,
]  # fmt: skip
"""Values that someone will write one day."""


def changed(random: Random, material: Material) -> bytes:
    """Return a seed with some values changed, as YAML or as JSON."""
    value = deepcopy(random.choice(material.values))
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        _change(random, value, material)
    return written(random, value)


def written(random: Random, value: Any) -> bytes:
    """Return a value as text in one of the ways in which people write."""
    try:
        if random.random() < 0.5:
            return json.dumps(value, indent=random.choice((None, 1)), ensure_ascii=False).encode(
                "utf-8", "replace"
            )
        text = yaml.dump(
            value,
            Dumper=yaml.CSafeDumper,
            default_flow_style=random.choice((False, False, None)),
            allow_unicode=True,
            sort_keys=False,
        )
    except (yaml.YAMLError, ValueError):
        return repr(value).encode("utf-8", "replace")
    return str(text).encode("utf-8", "replace")


def _change(random: Random, value: Any, material: Material) -> None:
    places = list(_places(value))
    if not places:
        return
    parent, part = random.choice(places)
    change = random.randrange(8)
    if change <= 2:
        parent[part] = deepcopy(random.choice(TRAPS))
    elif change == 3:
        del parent[part]
    elif change == 4 and isinstance(parent, dict):
        parent[random.choice(material.words)] = parent.pop(part)
    elif change == 5 and isinstance(parent, list) and len(parent) < 100:
        parent.extend(deepcopy([parent[part]] * random.choice((1, 2, 30))))
    elif change == 6:
        parent[part] = (
            {random.choice(material.words): parent[part]} if random.random() < 0.5 else [parent[part]]
        )
    else:
        parent[part] = _part_of_another(random, material)


def _part_of_another(random: Random, material: Material) -> Any:
    places = list(_places(random.choice(material.values)))
    parent, part = random.choice(places)
    return deepcopy(parent[part])


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for part in value if isinstance(value, dict) else range(len(value)):
        yield value, part
        if isinstance(value[part], dict | list):
            yield from _places(value[part])
