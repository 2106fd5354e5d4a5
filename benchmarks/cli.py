"""Measures chadsdk against its peers and prints a table; the full form takes a quarter of an hour."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench import Bench, Outcome
from benchmarks.chart import CHARTED, draw
from benchmarks.child import ContenderError
from benchmarks.contender import ALL, present
from benchmarks.machine import describe_machine
from benchmarks.place import Places, places
from benchmarks.result import Results, Row
from benchmarks.servers import nginx_version
from benchmarks.servers.origin import Software
from benchmarks.sizes import FULL, SMOKE, Sizes
from benchmarks.table import markdown
from benchmarks.workloads import WORKLOADS, Workload
from harness.handle import HarnessError

__all__ = ["main"]

RESULTS = Path(__file__).resolve().parent / "results"
EPILOG = """Without --results, only a full run of all workloads is kept, in benchmarks/results/.
exit codes: 0 done, goals met or not; 1 failed, or the smoke form misses a goal by more than noise; 2 usage"""

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks and give the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.workloads if name not in WORKLOADS]:
        parser.error(f"no such workload: {', '.join(unknown)}; there are: {', '.join(WORKLOADS)}")
    if options.list:
        _list()
        return EXIT_OK
    try:
        return _run(options)
    except (ContenderError, HarnessError, OSError) as exc:
        print(f"benchmarks: {exc}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    started = time.monotonic()
    sizes = SMOKE if options.smoke else FULL
    with places(needed_bytes=sizes.ram_bytes) as folders:
        bench = _bench(options, sizes, folders, started)
        results = _measure(bench, _chosen(options))
    print(markdown(results))
    if folder := _kept_in(options):
        _keep(results, folder)
    beyond = [row for row in results.rows if row.is_beyond_noise]
    for row in beyond if options.smoke else ():
        _complain(row)
    return EXIT_FAILED if beyond and options.smoke else EXIT_OK


def _measure(bench: Bench, workloads: Sequence[Workload]) -> Results:
    versions = {contender.name: version for contender, version in present().items()}
    if server := nginx_version():
        versions["nginx"] = server
    outcomes = [_outcome(bench, workload) for workload in workloads]
    return Results(
        form=bench.sizes.form,
        machine=describe_machine(),
        peers=versions,
        skipped=tuple(bench.skipped),
        series=tuple(series for outcome in outcomes for series in outcome.series),
        rows=tuple(row for outcome in outcomes for row in outcome.rows),
    )


def _outcome(bench: Bench, workload: Workload) -> Outcome:
    bench.say(f"{workload.name}: {workload.explanation}")
    return workload.run(bench)


def _bench(options: argparse.Namespace, sizes: Sizes, folders: Places, started: float) -> Bench:
    there = {contender.name: contender for contender in present()}
    software: Software = options.server or ("nginx" if nginx_version() else "harness")
    bench = Bench(
        sizes=sizes,
        rounds=options.rounds,
        places=folders,
        contenders=there,
        software=software,
        say=lambda line: print(f"[{time.monotonic() - started:4.0f} s] {line}", file=sys.stderr, flush=True),
    )
    for name in ALL:
        if name not in there:
            bench.skip(f"{name} is absent")
    if nginx_version() is None:
        bench.skip("nginx is absent, so the harness serves")
    if not folders.is_ram:
        bench.skip("there is no RAM disk with room, so everything runs on disk")
    return bench


def _chosen(options: argparse.Namespace) -> list[Workload]:
    if options.workloads:
        return [WORKLOADS[name] for name in options.workloads]
    return [workload for workload in WORKLOADS.values() if workload.in_smoke or not options.smoke]


def _kept_in(options: argparse.Namespace) -> Path | None:
    given: Path | None = options.results
    return given or (None if options.smoke or options.workloads else RESULTS)


def _keep(results: Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(results.to_json(), encoding="utf-8")
    (folder / "results.md").write_text(markdown(results), encoding="utf-8")
    if any(series.name in CHARTED for series in results.series):
        (folder / "chart.svg").write_text(draw(results), encoding="utf-8")


def _complain(row: Row) -> None:
    assert row.ratio is not None
    print(
        f"benchmarks: beyond noise: {row.workload}, {row.measure} against {row.against}: "
        f"{row.ratio.median:.2f}, the goal is {row.goal}",
        file=sys.stderr,
    )


def _list() -> None:
    for workload in WORKLOADS.values():
        print(f"{workload.name:12} {workload.explanation}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="default: all; see --list")
    parser.add_argument("--list", action="store_true", help="name the workloads and stop")
    parser.add_argument("--smoke", action="store_true", help="small sizes, under a minute")
    parser.add_argument("--rounds", type=_rounds, metavar="N", help="rounds of every workload")
    parser.add_argument("--results", type=Path, metavar="DIR", help="keep JSON, table and chart there")
    parser.add_argument("--server", choices=("nginx", "harness"), help="default: nginx where it is installed")
    return parser


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 1:
        raise argparse.ArgumentTypeError(f"at least one round, not {rounds}")
    return rounds
