"""Print the events of a run until it has ended: nothing of polyflow is needed but the format.

watch.py HOST:PORT RUN: the run by its whole id, as publish.py prints it.
"""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer

FINAL = {"succeeded", "failed", "stopped", "skipped"}


async def main(kafka: str, run: str) -> None:
    events = AIOKafkaConsumer("polyflow.run-events", bootstrap_servers=kafka, auto_offset_reset="earliest")
    async with events:
        async for record in events:
            if record.key != run.encode():
                continue
            kind = dict(record.headers)["ce_type"].decode()
            event = json.loads(record.value)
            print(event["run"][:8], event.get("sequence", "-"), kind, event.get("operation", ""),
                  event.get("status", ""), event.get("reason", ""), flush=True)  # fmt: skip
            rejected = kind == "polyflow.request.rejected.v1"
            ended = kind == "polyflow.run.changed.v1" and event["status"] in FINAL
            if rejected or ended:
                return


asyncio.run(main(sys.argv[1], sys.argv[2]))
