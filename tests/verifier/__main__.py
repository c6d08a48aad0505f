"""`python -m tests.verifier MESSAGES [PODS]`: judge what was written to files; its last line says how much."""

import argparse
import sys
from pathlib import Path

import click

from tests.verifier.audit import read_audit
from tests.verifier.log import read_messages, read_pods
from tests.verifier.verify import verify
from tests.verifier.violation import Strictness


def main() -> int:
    """Return 0 if every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.verifier", description=__doc__)
    parser.add_argument("messages", type=Path, help="records, one JSON object a line")
    pods = parser.add_mutually_exclusive_group()
    pods.add_argument("--pods", type=Path, help="lives of pods, one JSON object a line")
    pods.add_argument("--audit", type=Path, help="an API server's audit log")
    parser.add_argument("--unfinished", action="store_true", help="runs may still go on where the log ends")
    parser.add_argument("--settle", type=float, default=30.0, help="seconds a pod may outlive its operation")
    options = parser.parse_args()
    messages = read_messages(options.messages)
    lives = read_pods(options.pods) if options.pods else read_audit(options.audit) if options.audit else []
    strict = Strictness(complete=not options.unfinished, settle=options.settle)
    found = verify(messages, lives, strict)
    for violation in found:
        click.echo(violation)
    runs = len({life.run for life in lives})
    click.echo(f"{len(messages):,} messages, {len(lives):,} pods of {runs:,} runs: {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
