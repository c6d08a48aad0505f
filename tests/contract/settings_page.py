"""The page of all settings of services, `docs/settings.md`: `make errors` writes it anew."""

import sys
from collections.abc import Iterator
from typing import Final

from polyflow.cli.installation.serve import SERVICES
from polyflow_shared.hosting.described import Described, described, settings_of
from tests.contract.test_shape import ROOT

PAGE: Final = ROOT / "docs" / "settings.md"
CLASSES: Final = {service: settings_of(main) for service, main in SERVICES.items()}
"""The settings of each service."""
_ON_KAFKA: Final = SERVICES.keys() - {"process_cluster"}
_HEAD: Final = (
    "# Settings of services\n\n"
    "Each service that `polyflow serve` starts reads these variables once, at its start; a wrong value is told "
    "with its name, and exit status 2. `polyflow serve SERVICE -h` prints those of one service, `polyflow -h` "
    "those of the command line. An empty variable is as one that is not set. Lists are written with commas, or "
    "as JSON lists; paths may begin with `~`. The [chart](../deploy/README.md) sets most of them.\n\n"
    "Without the chart, look at these first:\n\n"
    "- **Replicas**: `POLYFLOW_MEMBER` names one. Two replicas of a service on one host need different names.\n"
    "- **Metrics and health** are on 127.0.0.1 at a free port, which the log's first line names; "
    "`POLYFLOW_METRICS_HOST` and `POLYFLOW_METRICS_PORT` set both.\n"
    "- **Several clusters**: the spec validator has the names of all in `POLYFLOW_CLUSTERS`; each cluster has a "
    "pod launcher and a status watcher of its own, with its name in `POLYFLOW_CLUSTER` "
    "([where it runs](specifications.md#where-it-runs)).\n\n"
    "This page is made from the code: `make errors` writes it.\n\n"
    "| variable | services | default | what it is |\n"
    "|---|---|---|---|\n"
)


def page() -> str:
    """Return the page as Markdown."""
    return _HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    readers: dict[Described, list[str]] = {}
    for service, settings in CLASSES.items():
        for one in described(settings):
            readers.setdefault(one, []).append(service)
    for one, services in sorted(readers.items(), key=lambda row: -len(row[1])):
        values = f" ({one.values})" if one.values else ""
        yield f"| `{one.variable}` | {_named(services)} | {one.default} | {one.meaning}{values} |\n"


def _named(services: list[str]) -> str:
    if set(services) == SERVICES.keys():
        return "all"
    return "all on Kafka" if set(services) == _ON_KAFKA else ", ".join(services)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
