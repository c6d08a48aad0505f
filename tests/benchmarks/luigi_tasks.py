"""The same commands in Luigi, with its local scheduler and 8 workers: python luigi_tasks.py GRAPH.json FOLDER

A task is complete when its marker file is there, as in Luigi's own tutorial.
"""

import json
import subprocess
import sys
from pathlib import Path

import luigi

COMMAND = "/bin/true"
WORKERS = 8
GRAPH: dict[str, list[str]] = json.loads(Path(sys.argv[1]).read_text())
FOLDER = Path(sys.argv[2])


class Operation(luigi.Task):
    """One operation."""

    operation = luigi.Parameter()

    def requires(self):
        return [Operation(operation=upstream) for upstream in GRAPH[self.operation]]

    def output(self):
        return luigi.LocalTarget(str(FOLDER / self.operation))

    def run(self):
        subprocess.run([COMMAND], check=True)
        (FOLDER / self.operation).touch()


if __name__ == "__main__":
    ends = GRAPH.keys() - {upstream for upstreams in GRAPH.values() for upstream in upstreams}
    tasks = [Operation(operation=name) for name in sorted(ends)]
    sys.exit(not luigi.build(tasks, workers=WORKERS, local_scheduler=True, log_level="ERROR"))
