"""`polyflow cluster`: what an installation has on a Kubernetes cluster."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import click

from polyflow.cli.terminal.text import table
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_topics.names import installation_of

if TYPE_CHECKING:
    from polyflow_shared.cluster.kubernetes.client import Client
    from polyflow_shared.cluster.kubernetes.place import Place


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "-n",
            "--namespace",
            "namespaces",
            multiple=True,
            default=["default"],
            show_default=True,
            help="May be given several times.",
        ),
        click.option(
            "--installation",
            envvar="POLYFLOW_INSTALLATION",
            help="Whose pods.  [default: polyflow, with a prefix polyflow-PREFIX]",
        ),
        click.option("--prefix", default="", envvar="POLYFLOW_PREFIX", help="Of its topics."),
        click.option("--context", help="Of the kubeconfig file; its current one if not given."),
    ):
        command = option(command)
    return command


@click.group()
def cluster() -> None:
    """Show and clean up what an installation has on Kubernetes ($KUBECONFIG says which cluster)."""


@cluster.command("ls")
@_options
def pods(namespaces: tuple[str, ...], installation: str | None, prefix: str, context: str | None) -> None:
    """List the pods that the planner has not released yet."""
    asyncio.run(_asked(namespaces, installation or installation_of(prefix), context, _list))


@cluster.command()
@_options
def clean(namespaces: tuple[str, ...], installation: str | None, prefix: str, context: str | None) -> None:
    """Take polyflow's finalizer off all pods, so that they can be deleted.

    For uninstalling: stop the services first.  Pods that run go on; `kubectl delete` removes them.
    """
    asyncio.run(_asked(namespaces, installation or installation_of(prefix), context, _clean))


async def _list(client: "Client", place: "Place") -> None:
    from polyflow_shared.cluster.kubernetes.finding import FOREIGN  # noqa: PLC0415
    from polyflow_shared.cluster.kubernetes.listing import listed  # noqa: PLC0415
    from polyflow_shared.cluster.kubernetes.pods import objects  # noqa: PLC0415

    rows = []
    for namespace in place.namespaces:
        async for pod in listed(client, namespace, place.followed):
            name, report = f"{namespace}/{pod['metadata']['name']}", objects.report_of(pod)
            if report is None:
                click.echo(f"{name} is left out: {FOREIGN}", err=True)
                continue
            rows.append((name, report.run, report.operation, report.status, report.reason))
    for line in table(("POD", "RUN", "OPERATION", "STATUS", "REASON"), rows):
        click.echo(line)


async def _clean(client: "Client", place: "Place") -> None:
    from polyflow_shared.cluster.kubernetes.upkeep import clean  # noqa: PLC0415

    done = 0
    async for name in clean(client, place):
        click.echo(name)
        done += 1
    pods = "1 pod is" if done == 1 else f"{done} pods are"
    click.echo(f"{pods} free of finalizers of installation {place.installation}", err=True)


async def _asked(
    namespaces: tuple[str, ...],
    installation: str,
    context: str | None,
    ask: "Callable[[Client, Place], Awaitable[None]]",
) -> None:
    from polyflow_shared.cluster.kubernetes.client import RefusedError  # noqa: PLC0415 (400 ms)
    from polyflow_shared.cluster.kubernetes.place import Place  # noqa: PLC0415

    async with _connected(context) as client:
        try:
            await ask(client, Place(namespaces=namespaces, installation=installation))
        except RefusedError as error:
            raise click.ClickException(f"the API server refuses: {error}") from error
        except ClusterUnavailableError as error:
            hint = "look at KUBECONFIG, and at `kubectl get pods`"
            raise ClusterUnavailableError(f"{error}; {hint}") from error


@asynccontextmanager
async def _connected(context: str | None) -> "AsyncIterator[Client]":
    from polyflow_shared.clock import SystemClock  # noqa: PLC0415
    from polyflow_shared.cluster.kubernetes.access import Reach  # noqa: PLC0415
    from polyflow_shared.cluster.kubernetes.client import connect  # noqa: PLC0415

    client = await connect(Reach(context=context), SystemClock())
    try:
        yield client
    finally:
        await client.close()
