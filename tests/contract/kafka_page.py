"""The tables of `docs/kafka.md` that come from the catalogue: `make errors` writes them anew."""

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from polyflow_shared.broker.access import accounts, rights
from polyflow_topics.catalog import CATALOG, DAY, MIB, OPERATION_COMMANDS, Topic
from tests.contract.test_shape import ROOT

PAGE: Final = ROOT / "docs" / "kafka.md"
_MARK: Final = "<!-- {name}: made from the catalogue -->\n"
_CLUSTER: Final = "CLUSTER"


def page() -> str:
    """Return the page with its tables made anew."""
    text = PAGE.read_text()
    for name, lines in (("topics", _topics()), ("permissions", _permissions())):
        mark = _MARK.format(name=name)
        before, after = text.split(mark)
        rest = after.lstrip("\n").split("\n\n", 1)[1]
        text = f"{before}{mark}\n" + "\n".join(lines) + f"\n\n{rest}"
    return text


def _topics() -> Iterator[str]:
    yield from ("| topic | key | kept for | largest record |", "|---|---|---|---|")
    for topic in CATALOG:
        kept = _days(topic.retention // DAY) if topic.retention else "its last record of each key"
        yield f"| `{_name(topic)}` | {topic.group} | {kept} | {topic.max_bytes // MIB} MiB |"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _name(topic: Topic) -> str:
    return f"{topic.name}.{_CLUSTER}" if topic is OPERATION_COMMANDS else topic.name


def _permissions() -> Iterator[str]:
    yield from ("| account | operations | on |", "|---|---|---|")
    for account in accounts():
        grants: dict[tuple[str, ...], list[str]] = {}
        for right in rights(account, [_CLUSTER]):
            grants.setdefault((right.kind, *sorted(right.operations)), []).append(right.name)
        for (kind, *operations), names in grants.items():
            on = "all topics" if len(names) == len(CATALOG) else f"{kind} {_listed(names)}"
            yield f"| {account} | {', '.join(operations)} | {on} |"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
