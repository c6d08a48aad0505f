"""The command `polyflow`: its names.  Each command's module is imported when that command is called."""

import sys
from importlib import import_module
from typing import Any, Final

import click

from polyflow.cli.terminal.lost import NO_ROOM, discard, ended_by_interrupt, ended_where_unread, open_closed
from polyflow_shared.errors import PolyflowError

COMMANDS: Final = {
    "run": ("starting.run:run", "Run a pipeline file and follow it to its end."),
    "check": ("files.check:check", "Check pipeline files without running anything."),
    "plan": ("files.plan:plan", "Show what a pipeline file would run, and when."),
    "schema": ("files.schema:schema", "Print the JSON Schema of specifications, for editors."),
    "migrate": ("files.migrate:migrate_file", "Rewrite a file in today's spelling."),
    "hub": ("files.hub:hub", "List, show and add the components of hubs."),
    "ls": ("runs.listing:ls", "List runs, the newest first."),
    "show": ("runs.show:show", "Show a run: operations, statuses, params, outputs."),
    "logs": ("runs.logs:logs", "Print what an operation has written."),
    "stop": ("runs.operating:stop", "Stop a run, or an operation."),
    "skip": ("runs.operating:skip", "Leave out what has not started."),
    "approve": ("runs.operating:approve", "Approve a run, or an operation, that waits for it."),
    "upload": ("runs.upload:upload", "Bring the files that a run waits for."),
    "pause": ("runs.operating:pause", "Launch nothing more of a run."),
    "unpause": ("runs.operating:unpause", "Go on with a paused run."),
    "set": ("runs.operating:set_limits", "Change the concurrency of a run that goes on."),
    "queues": ("runs.queues:queues", "List queues, and how many run and wait in each."),
    "invalidate": ("runs.invalidate:invalidate", "Let nobody use certain cached results any more."),
    "explain": ("runs.explain:explain", "Say what a run waits for, or why it ended so."),
    "events": ("runs.events:events", "Print a run's events."),
    "record": ("runs.replay:record", "Print a run's messages, for replay."),
    "replay": ("runs.replay:replay_file", "Play a recorded run through today's planner."),
    "resume": ("starting.again:resume", "Go on with a run that was interrupted, or has ended."),
    "restart": ("starting.again:restart", "Run the request of an earlier run once more."),
    "copy": ("starting.again:copy", "Run it once more, with the artifacts that there are."),
    "rerun": ("starting.again:rerun", "Run it from one operation on, and keep the rest."),
    "rm": ("runs.removing:rm", "Remove runs that have ended, with all that is kept of them."),
    "serve": ("installation.serve:serve", "Start one service on Apache Kafka."),
    "cluster": ("installation.cluster:cluster", "Show and clean up an installation's pods on Kubernetes."),
    "topics": ("installation.topics:topics", "Create, check or list topics; print permissions."),
}
ENVIRONMENT: Final = {
    "POLYFLOW_HOME": "Where runs, presets, secrets and this user's own hub are kept.  [~/.polyflow]",
    "POLYFLOW_HUB": "Folders and web addresses of hubs, with commas.  [$POLYFLOW_HOME/hub]",
    "POLYFLOW_PRIVATE_HOSTS": "Hosts at private addresses that `urlRef` may lead to, with commas.  [none]",
    "POLYFLOW_CONNECTIONS": "The file that declares connections.  [$POLYFLOW_HOME/connections.yaml]",
    "POLYFLOW_QUEUES": "The file that declares queues.  [$POLYFLOW_HOME/queues.yaml]",
    "POLYFLOW_MAX_CONCURRENCY": "Operations that run at once, over all runs of this machine.  [any number]",
    "POLYFLOW_ARTIFACTS_STORE": "Where the artifacts' volume of that broker's side is mounted here.  [none]",
    "POLYFLOW_KAFKA": "HOST:PORT of the Apache Kafka broker whose services are used.  [none]",
}
"""Variables that several commands read, what each is for, and what holds where it is not set."""


class Commands(click.Group):
    """Commands that are imported when they are called: the cold start of each pays for itself only."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in reading order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(f"{__package__}.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Call a command; where nobody reads what it prints, end in silence."""
        with ended_where_unread(), ended_by_interrupt():
            return super().invoke(ctx)

    def make_context(self, *about: Any, **more: Any) -> click.Context:
        """Read the command line, and print the help of this group if it asks for that."""
        with ended_where_unread(), ended_by_interrupt():
            return super().make_context(*about, **more)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without importing them, and the variables that they read."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        with formatter.section("Environment"):
            formatter.write_dl([(f"${name}", text) for name, text in ENVIRONMENT.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="polyflow", prog_name="polyflow")
def polyflow() -> None:
    """Run machine-learning pipelines: DAGs of operations, on this machine or over Apache Kafka."""


def main() -> None:
    """Run the command line.  A user's mistake ends in one sentence and status 2, as does a full disk."""
    open_closed()
    try:
        polyflow()
    except PolyflowError as error:
        for line in str(error).splitlines() or [""]:  # of several settings or entries each has its own
            click.echo(line if line.startswith(" ") else f"polyflow: {line}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        discard(sys.stdout)
        where = f" {error.filename}" if error.filename else ""
        click.echo(f"polyflow: cannot write{where}: {error.strerror}", err=True)
        sys.exit(2)
