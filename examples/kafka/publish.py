"""Publish a pipeline request: nothing of polyflow is needed but the format.  publish.py HOST:PORT FILE [ID]."""

import asyncio
import json
import sys
from pathlib import Path
from uuid import uuid4

from aiokafka import AIOKafkaProducer


async def main(kafka: str, file: str, request: str) -> None:
    body = json.dumps({"specification": Path(file).read_text(), "project": "demo"}).encode()
    event = {"specversion": "1.0", "id": request, "source": "/demo", "type": "polyflow.pipeline.request.v1"}
    headers = [(f"ce_{name}", value.encode()) for name, value in event.items()]
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait("polyflow.pipeline-requests", body, request.encode(), headers=headers)
    print(f"published request {request}")


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else str(uuid4())))
