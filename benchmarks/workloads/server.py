"""The harness's server against nginx: whether the server, and not the client, is what is measured."""

from __future__ import annotations

from benchmarks.bench import Bench, Entrant, Outcome, Race, fresh_folder, job_for
from benchmarks.result import FILES_PER_S, MB_PER_S, Measure, Row, Series, compare
from benchmarks.servers import NGINX, Origin, nginx_version, serving
from harness.build import plain_world
from harness.world import World

__all__ = ["server"]

HARNESS = "harness"
CLIENT = "curl -Z"
NOTE = f"the servers, both asked by {CLIENT}: the first is the harness, the other nginx"


def server(bench: Bench) -> Outcome:
    """The harness's `sendfile` path against nginx, both asked by curl."""
    if nginx_version() is None or CLIENT not in bench.contenders:
        bench.skip("the comparison of servers needs nginx and curl")
        return Outcome(())
    sizes = bench.sizes
    bulk = _run(bench, "server-bulk", sizes.bulk_files, sizes.bulk_bytes)
    small = _run(bench, "server-small", sizes.small_files, sizes.small_bytes)
    return Outcome((_row(bulk, MB_PER_S), _row(small, FILES_PER_S)), (bulk, small))


def _run(bench: Bench, name: str, files: int, size_bytes: int) -> Series:
    title = f"server: harness or nginx, {files:,} of {size_bytes // 1024:,} KiB"
    race = Race(name, title, bench.places.ram, bench.rounds_of(bench.sizes.disk_rounds))
    with fresh_folder(bench.places.ram / "world") as folder:
        world = plain_world(folder, [size_bytes] * files)
        with serving(world, "harness") as ours, serving(world, NGINX) as nginx:
            return race.run(bench, [_entrant(bench, HARNESS, ours, world), _entrant(bench, NGINX, nginx, world)])


def _entrant(bench: Bench, name: str, origin: Origin, world: World) -> Entrant:
    return Entrant(name, bench.contenders[CLIENT], lambda to: job_for(origin, world, to))


def _row(series: Series, measure: Measure) -> Row:
    return compare(series, measure, NGINX, None, ours=HARNESS, note=NOTE)
