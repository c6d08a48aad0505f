"""Publish a pipeline request, and print the id of its run: nothing of polyflow is needed but the format.

publish.py HOST:PORT FILE [ID]: the same ID twice is one run.
"""

import asyncio
import json
import sys
from pathlib import Path
from uuid import UUID, uuid4, uuid5

from aiokafka import AIOKafkaProducer

SOURCE = "/demo"
REQUESTS = UUID("6f1d2f5e-8c1a-5b0e-9a52-7d0c6f2b3a10")  # as in topics/polyflow_topics/names.py


async def main(kafka: str, file: str, request: str) -> None:
    body = json.dumps({"specification": Path(file).read_text(), "project": "demo"}).encode()
    event = {"specversion": "1.0", "id": request, "source": SOURCE, "type": "polyflow.pipeline.request.v1"}
    headers = [(f"ce_{name}", value.encode()) for name, value in event.items()]
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait("polyflow.pipeline-requests", body, request.encode(), headers=headers)
    print(uuid5(REQUESTS, f"{SOURCE}\n{request}"))


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else str(uuid4())))
