"""`polyflow serve`: one service as a process of its own, on Apache Kafka."""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Final

import click

from polyflow.cli.terminal.options import kafka_option

SERVICES: Final = {
    "spec_validator": "polyflow_services.spec_validator.__main__",
    "planner": "polyflow_services.planner.__main__",
    "pod_launcher": "polyflow_services.pod_launcher.__main__",
    "status_watcher": "polyflow_services.status_watcher.__main__",
    "early_stopping_monitor": "polyflow_services.early_stopping_monitor.__main__",
    "projector": "polyflow_services.projector.__main__",
    "cache": "polyflow_services.cache.__main__",
    "admission": "polyflow_services.admission.__main__",
    "gateway": "polyflow_services.gateway.__main__",
    "process_cluster": "polyflow_shared.cluster.__main__",
}
"""By name: the module with its `main`; its settings are in the module `settings` beside it."""
_NAMED: Final = "polyflow.serve.service"


class Serve(click.Command):
    """A command whose help has the variables of the service that is named beside it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember the service: help is asked for before arguments are read."""
        ctx.meta[_NAMED] = next(filter(SERVICES.__contains__, map(_spelled, args)), None)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the variables of the service, or where they are."""
        service = ctx.meta[_NAMED]
        if service is None:
            formatter.write("\nThe variables of each: polyflow serve SERVICE -h\n")
            return
        with formatter.section(f"Environment of {service}"):
            formatter.write_dl(list(_variables(service)))


def _variables(service: str) -> Iterator[tuple[str, str]]:
    from polyflow_shared.hosting.described import described, settings_of  # noqa: PLC0415 -- only for help

    for one in described(settings_of(SERVICES[service])):
        values = f"  ({one.values})" if one.values else ""
        yield f"${one.variable}", f"{one.meaning}{values}  [{one.default}]"


def _spelled(service: str) -> str:
    return service.replace("-", "_")


@click.command(cls=Serve)
@click.argument("service", metavar="SERVICE")
@kafka_option
def serve(service: str, kafka: str | None) -> None:
    """Start one service, until TERM or Ctrl-C.

    SERVICE is one of: spec_validator, planner, pod_launcher, status_watcher, early_stopping_monitor,
    projector, cache, admission, gateway; or process_cluster, which runs operations as processes here.
    Settings come from variables named POLYFLOW_…: `polyflow serve SERVICE -h` and docs/settings.md have them.
    """
    name = _spelled(service)
    if name not in SERVICES:
        from difflib import get_close_matches  # noqa: PLC0415 -- only for a name that is wrong

        close = get_close_matches(name, SERVICES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(SERVICES)}"
        raise click.UsageError(f"there is no service {service!r}{hint}")
    if kafka:
        os.environ["POLYFLOW_BROKERS"] = kafka
    sys.exit(import_module(SERVICES[name]).main())
