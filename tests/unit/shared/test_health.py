"""What a probe and Prometheus see of a service."""

import asyncio

from polyflow_shared.clock import FakeClock
from polyflow_shared.observing.health import SILENCE, Health, answer, port_of, serve_health
from polyflow_shared.observing.metrics import CATALOG, HANDLED, HANDLING, LAG, NullMeter
from polyflow_shared.observing.prometheus import PrometheusMeter


def status(path: str, health: Health) -> int:
    return answer(path, health, lambda: b"")[0]


async def test_a_service_is_ready_once_its_loop_has_come_round_and_live_while_it_does():
    clock = FakeClock()
    health = Health(clock)
    assert [status(path, health) for path in ("/healthz", "/readyz")] == [200, 503]
    health.ready = True
    assert status("/readyz", health) == 200
    await clock.move(SILENCE + 1)
    assert status("/healthz", health) == 503
    health.beat()
    assert status("/healthz", health) == 200


def test_an_unknown_path_says_which_there_are():
    code, _, body = answer("/", Health(FakeClock()), lambda: b"")
    assert code == 404
    assert b"/metrics" in body


async def fetched(request: bytes, meter: PrometheusMeter) -> bytes:
    server = await serve_health(Health(FakeClock()), meter.exposition, host="127.0.0.1", port=0)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        writer.write(request)
        async with asyncio.timeout(10):
            found = await reader.read()
        writer.close()
        return found
    finally:
        server.close()


async def test_metrics_are_served_over_http():
    meter = PrometheusMeter()
    meter.count(HANDLED, 2, service="planner", type="t", outcome="handled")
    meter.set(LAG, 7, service="planner", topic="polyflow.run-inbox", partition="3")
    meter.observe(HANDLING, 0.003, service="planner", type="t")
    page = (await fetched(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", meter)).decode()
    assert page.startswith("HTTP/1.1 200 ")
    lines = page.splitlines()
    assert f'{HANDLED.name}{{outcome="handled",service="planner",type="t"}} 2.0' in lines
    assert f'{LAG.name}{{partition="3",service="planner",topic="polyflow.run-inbox"}} 7.0' in lines
    assert f'{HANDLING.name}_bucket{{le="0.005",service="planner",type="t"}} 1.0' in lines
    assert all(f"# HELP {metric.name} {metric.help}" in lines for metric in CATALOG)


async def test_nonsense_is_hung_up_on():
    assert await fetched(b"\r\n\r\n", PrometheusMeter()) == b""


def test_where_nobody_reads_numbers_nothing_happens():
    meter = NullMeter()
    meter.count(HANDLED, service="planner", type="t", outcome="handled")
    assert not meter.active
