"""A server 30 ms away: what counts is that no connection is opened twice and none ever waits.

The ideal is that of four connections that are open already and never idle: each fetches a quarter of the files one
after the other, and every exchange takes as long as one measured alone: a bare request on an open connection through
the same proxy, so 30 ms, plus the transfer of one file, plus what the proxy itself takes; some are measured before
the race and some after it. The ideal is
``ceil(files / 4)`` times the median of such exchanges.
"""

from __future__ import annotations

import http.client
import math
import time
from dataclasses import replace
from urllib.parse import urlsplit

from benchmarks.bench import Bench, Outcome, Race, fresh_folder, job_for
from benchmarks.goal import Goal
from benchmarks.job import Job
from benchmarks.result import OURS, WALL, compare, hold_against
from benchmarks.servers import serving
from benchmarks.servers.lag import lagging
from benchmarks.spread import Spread
from harness.build import plain_world

__all__ = ["exchange_s", "ideal_s", "latency"]

ROUND_TRIP_S = 0.030
EXCHANGES = 30
PEERS = ("requests", "curl -Z", "aiohttp", "pycurl")


def latency(bench: Bench) -> Outcome:
    """200 files of 256 KiB with 30 ms of latency per request."""
    sizes = bench.sizes
    race = Race("latency", "30 ms latency", bench.places.ram, bench.rounds_of(sizes.limited_rounds))
    with fresh_folder(bench.places.ram / "world") as folder:
        world = plain_world(folder, [sizes.latency_bytes] * sizes.latency_files)
        with serving(world, bench.software) as near, lagging(_port(near.url), delay_s=ROUND_TRIP_S / 2) as port:
            far = replace(near, url=f"http://127.0.0.1:{port}")
            exchanges_s = exchange_s(job_for(far, world, folder), EXCHANGES)
            peers = PEERS[:1] if sizes.is_smoke else PEERS
            series = race.run(bench, bench.entrants((OURS, *peers), lambda to: job_for(far, world, to)))
            exchanges_s += exchange_s(job_for(far, world, folder), EXCHANGES)
    exchange = Spread.of(exchanges_s)
    bound = ideal_s(sizes.latency_files, exchange.median)
    note = f"ideal: {math.ceil(sizes.latency_files / 4)} exchanges of {exchange.median * 1000:.1f} ms per connection"
    rows = [hold_against(series, WALL, "the ideal", bound, Goal("at most", 1.1), note=note)]
    rows += [compare(series, WALL, name, None) for name in peers]
    return Outcome(tuple(rows), (series,))


def ideal_s(files: int, exchange: float, *, connections: int = 4) -> float:
    """Seconds that kept-alive connections need at least, each exchange taking so many seconds."""
    return math.ceil(files / connections) * exchange


def exchange_s(job: Job, count: int) -> list[float]:
    """Seconds of single requests, one after the other on one open connection, the first one left out."""
    connection = http.client.HTTPConnection("127.0.0.1", _port(job.base_url))
    took = []
    for number in range(count + 1):
        started = time.perf_counter()
        connection.request("GET", job.wanted[number % len(job.wanted)].path, headers=job.authorization)
        connection.getresponse().read()
        took.append(time.perf_counter() - started)
    connection.close()
    return took[1:]


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
