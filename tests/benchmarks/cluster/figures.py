"""Each figure of the table: measured with the bare loop in turns, reported as medians and as ratios."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from tests.benchmarks.cluster import bare, pipelines
from tests.benchmarks.cluster.observer import Observer, Taken
from tests.benchmarks.table import Row, seconds
from tests.testbed.services import Services

QUIET = 50
"""One-pod pipelines, one after the other."""
CHAINS = 5
TURNS = 5
"""Repetitions of what is measured beside the bare loop."""
ALIVE = 2_000
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}


async def one_pod(observer: Observer) -> list[Row]:
    """One-pod pipelines in a quiet system."""
    taken = [await observer.run(pipelines.ONE) for _ in range(QUIET)]
    whole = median(each.whole for each in taken)
    first = [each.pods[0].created - each.acknowledged for each in taken]
    middle, most = median(first), _percentile(first, 99)
    return [
        Row("one pod: request published → final event read, p50", "-", "0.13 to 0.23 s", seconds(whole), "≤ 0.12 s", whole <= 0.12),
        Row("request acknowledged → first create seen, p50", "-", "-", _ms(middle), "≤ 60 ms", middle <= 0.060),
        Row("request acknowledged → first create seen, p99", "-", "-", _ms(most), "≤ 250 ms", most <= 0.250),
    ]  # fmt: skip


async def chain(observer: Observer) -> list[Row]:
    """A chain of 20: a hop, and how much of it is ours."""
    taken = [await observer.run(pipelines.chain(20)) for _ in range(CHAINS)]
    hop = median(each.whole / 20 for each in taken)
    ours = [gap for each in taken for gap in _gaps(each)]
    middle, most = median(ours), _percentile(ours, 99)
    return [
        Row("chain of 20: a hop, p50", "-", "0.117 to 0.126 s", _ms(hop), "≤ 80 ms", hop <= 0.080),
        Row("of it ours: pod's end seen → next create seen, p50", "-", "-", _ms(middle), "≤ 40 ms", middle <= 0.040),
        Row("of it ours, p99", "-", "-", _ms(most), "≤ 150 ms", most <= 0.150),
    ]  # fmt: skip


async def fan_of_ten(observer: Observer) -> list[Row]:
    """1 → 10 → 1."""
    floor, ours = await _beside(observer, pipelines.fan(10), (1, 10, 1), TURNS)
    return [Row("1 → 10 → 1", seconds(floor), "0.6 to 0.7 s", seconds(ours), "≤ 0.45 s", ours <= 0.45)]


async def hundred(observer: Observer) -> list[Row]:
    """100 at once in one run."""
    floor, ours = await _beside(observer, pipelines.flat(100), (100,), TURNS)
    return [
        Row("100 at once in one run", seconds(floor), "2.4 to 4.6 s", f"{seconds(ours)} ({ours / floor:.2f} ×)", "≤ 2.2 s", ours <= 2.2)
    ]  # fmt: skip


async def thousand(observer: Observer) -> list[Row]:
    """1 → 1,000 → 1."""
    floor, ours = await _beside(observer, pipelines.fan(1000), (1, 1000, 1), 3)
    ratio = ours / floor
    return [
        Row("1 → 1,000 → 1", seconds(floor), "-", f"{seconds(ours)} ({ratio:.2f} ×)", "≤ 1.3 ×", ratio <= 1.3)
    ]


async def throughput(observer: Observer) -> list[Row]:
    """200 one-pod pipelines, submitted at once."""
    floors, rates = [], []
    for _ in range(TURNS):
        floors.append(200 / await bare.loop(observer.client, 200) * 60)
        begun = time.perf_counter()
        await asyncio.gather(*(observer.run(pipelines.ONE) for _ in range(200)))
        rates.append(200 / (time.perf_counter() - begun) * 60)
        await observer.released()
    floor, ours = median(floors), median(rates)
    return [
        Row("one-pod pipelines a minute, 200 at once", f"{floor:,.0f}", "1,260 to 1,714", f"{ours:,.0f} ({ours / floor:.2f} ×)", "≥ 1,800", ours >= 1800)
    ]  # fmt: skip


async def writes(observer: Observer, audit: Path) -> list[Row]:
    """What we write to the API server for a one-pod pipeline, its removal apart: that is one request a minute."""
    await observer.released()
    runs = [await observer.submit(pipelines.ONE) for _ in range(QUIET)]
    await asyncio.sleep(5)
    await observer.released()
    names = tuple(f"pf-{run.replace('-', '')}-" for run in runs)
    count = sum(1 for name in _written(audit) if name.startswith(names)) / QUIET
    return [Row("our API writes for a one-pod pipeline", "-", "about 52", f"{count:.2f}", "≤ 3", count <= 3)]


async def memory(observer: Observer, services: Services) -> list[Row]:
    """All services that runs need, with 2,000 live runs."""
    for first in range(0, ALIVE, 100):
        await asyncio.gather(*(observer.submit(pipelines.ENDLESS) for _ in range(min(100, ALIVE - first))))
    live = 0
    while live < ALIVE:
        await asyncio.sleep(1)
        live = sum(1 for pods in observer.sights.values() for pod in pods.values() if pod.ended is None)
    await asyncio.sleep(5)
    held = sum(services.memory().values()) / 1e6
    return [
        Row(
            "memory of all services, 2,000 live runs",
            "-",
            "-",
            f"{held:,.0f} MB",
            "≤ 600 MB",
            held <= 600,
        )
    ]


async def _beside(
    observer: Observer, specification: str, stages: tuple[int, ...], turns: int
) -> tuple[float, float]:
    """Return medians of seconds for the bare loop and for a run, in turns."""
    floors, ours = [], []
    for _ in range(turns):
        floors.append(await bare.loop(observer.client, *stages))
        ours.append((await observer.run(specification)).whole)
        await observer.released()
    return median(floors), median(ours)


def _gaps(taken: Taken) -> Iterator[float]:
    for number in range(1, len(taken.pods)):
        ended = taken.pods[number - 1].ended
        assert ended is not None
        yield taken.pods[number].created - ended


def _percentile(values: list[float], which: int) -> float:
    return quantiles(values, n=100, method="inclusive")[which - 1]


def _written(audit: Path) -> Iterator[str]:
    """Yield the name of the pod of each write by the services."""
    for line in audit.read_text().splitlines():
        event = json.loads(line)
        reference = event["objectRef"]
        if event["user"]["username"] == "admin" and event["verb"] in _WRITES and "resource" in reference:
            body = event.get("requestObject")
            named = (body.get("metadata") or {}).get("name", "") if isinstance(body, dict) else ""
            yield reference.get("name") or named


def _ms(value: float) -> str:
    return f"{value * 1000:.0f} ms"
