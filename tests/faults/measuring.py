"""Runs that end because of what their operations measure and state, which is sent as pods would send it.

Pods on fake nodes execute nothing; so what the program of an operation sends to the gateway is sent from here,
with the token of its attempt, once the operation is said to run.
"""

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from polyflow_shared.stated.tokens import Attempt, token_of
from polyflow_topics.events import OperationChanged
from polyflow_topics.message import Message
from tests.faults.load import Shape, dag, operation
from tests.kubernetes.fates import SAYS

MEASURES: Final = "measures"
"""The name of operations that measure something."""
_POLICY: Final = {"kind": "metric_early_stopping", "metric": "loss", "value": 0.1, "optimization": "minimize"}
_LOSSES: Final = (0.9, 0.4, 0.05)
_LIMIT: Final = aiohttp.ClientTimeout(total=15)
_PAUSE: Final = 0.3
"""Seconds until what was not taken is sent again."""


def measured(choose: random.Random) -> str:
    """Some that go on until one of them has measured a value that is good enough; others have outputs."""
    others = [operation(f"o{n}", fate="hang") for n in range(choose.randint(0, 2))]
    says = json.loads(operation("says"))
    says["environment"]["annotations"] = {SAYS: json.dumps({"accuracy": choose.random()})}
    return dag(operation(MEASURES, fate="hang"), *others, json.dumps(says)) + (
        f"  earlyStopping: [{json.dumps(_POLICY)}]\n"
    )


MEASURING: Final[Sequence[Shape]] = (measured,)


@dataclass
class Measuring:
    """Sends what operations measure to gateways.

    Attributes:
        ports: of the gateways, by replica; they may come and go.
        key: the installation's, for tokens.
        taken: requests that a gateway has acknowledged.
    """

    ports: Callable[[], Sequence[int]]
    key: str
    taken: int = 0
    _due: asyncio.Queue[OperationChanged] = field(default_factory=asyncio.Queue)

    def hear(self, message: Message) -> None:
        """Note an operation that begins to measure."""
        match message:
            case OperationChanged(status="running", operation=name) if name == MEASURES:
                self._due.put_nowait(message)

    async def work(self) -> None:
        """Send for those that were heard of, for ever.

        Raises:
            AssertionError: a gateway has refused what it should take.
        """
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._send(session, await self._due.get()))

    async def _send(self, session: aiohttp.ClientSession, who: OperationChanged) -> None:
        attempt = Attempt(who.run, who.index, who.attempt)
        token = token_of(attempt, who.operation, self.key.encode())
        lines = "".join(json.dumps({"values": {"loss": loss}}) + "\n" for loss in _LOSSES)
        for path, body in (
            (f"{attempt.path}/outputs?number=1", "{}"),
            (f"{attempt.path}/metrics?first=0", lines),
        ):
            while not await self._taken(session, path, body, token):  # noqa: ASYNC110 (it is asked over HTTP)
                await asyncio.sleep(_PAUSE)
            self.taken += 1

    async def _taken(self, session: aiohttp.ClientSession, path: str, body: str, token: str) -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        for port in self.ports():
            try:
                async with session.post(
                    f"http://127.0.0.1:{port}{path}", data=body, headers=headers, timeout=_LIMIT
                ) as answer:
                    assert answer.status in (200, 429, 503), await answer.text()
                    if answer.status == 200:
                        return True
            except (aiohttp.ClientError, TimeoutError):
                continue
        return False
