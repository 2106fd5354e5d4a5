"""Runs chadsdk against a mock server with real audio, plays faults through it, or just serves it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.handle import HarnessError
from harness.scenarios import EXPORTS, SCENARIOS, find_scenario
from harness.serve import ServeOptions, serve
from harness.world import DEFAULT_SEED, DEFAULT_TRACKS, MIN_TRACKS

if TYPE_CHECKING:
    from harness.scenarios.report import Report

__all__ = ["main"]

LARGEST_PORT = 65_535
DEFAULT_JOBS = 4

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_MISSING = 3
EXIT_CANCELLED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        code = run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read this has had enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at the end
        return EXIT_FAILED
    except ValueError as exc:
        return _failed(exc, EXIT_USAGE)
    except (HarnessError, OSError) as exc:
        return _failed(exc, EXIT_FAILED)
    except KeyboardInterrupt:
        return EXIT_CANCELLED


def _failed(exc: Exception, code: int) -> int:
    print(f"harness: {exc}", file=sys.stderr)
    return code


def _serve(options: argparse.Namespace) -> int:
    if (options.certificate is None) != (options.key is None):
        raise ValueError("--certificate and --key go together")
    serve(
        ServeOptions(
            port=options.port,
            world_file=options.world,
            tracks=options.tracks,
            seed=options.seed,
            as_json=options.json,
            with_parent=options.with_parent,
            certificate=options.certificate,
            key=options.key,
        )
    )
    return EXIT_OK


def _export(options: argparse.Namespace) -> int:
    # Only here: `serve` needs neither the SDK nor the audio libraries, and starts at once without them.
    from chadsdk import ChadError
    from harness.export import ExportOptions, export

    wanted = ExportOptions(
        to=options.to,
        tracks=options.tracks,
        seed=options.seed,
        scenario=find_scenario(options.scenario, EXPORTS),
        as_json=options.json,
        formats=tuple(options.formats),
        convert_to=options.convert_to,
    )
    try:
        result = export(wanted)
    except ChadError as exc:
        return _failed(exc, EXIT_FAILED)
    return EXIT_MISSING if result.missing else EXIT_OK


def _scenario(options: argparse.Namespace) -> int:
    if options.list:
        from harness.scenarios.listing import as_json, as_lines

        print(json.dumps(as_json(), ensure_ascii=False, indent=1) if options.json else "\n".join(as_lines()))
        return EXIT_OK
    if options.all == bool(options.names):
        raise ValueError("scenario: give names or --all, or see --list")
    names = list(SCENARIOS) if options.all else list(dict.fromkeys(options.names))
    for name in names:
        find_scenario(name)
    from harness.scenarios.play import play_all
    from harness.scenarios.report import lines_of, table_of

    def tell(report: Report) -> None:
        print("\n".join(lines_of(report)), file=sys.stderr if options.json else sys.stdout, flush=True)

    reports = play_all(names, jobs=options.jobs, tell=tell)
    if options.json:
        print(json.dumps([report.as_json() for report in reports], ensure_ascii=True))
    elif len(reports) > 1:
        print("", *table_of(reports), sep="\n")
    return EXIT_OK if all(report.ok for report in reports) else EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness", description=__doc__)
    commands = parser.add_subparsers(metavar="command", required=True)
    _add_export(commands.add_parser("export", help="export a playlist from a mock server through chadsdk"))
    _add_serve(commands.add_parser("serve", help="serve a world until Ctrl-C"))
    _add_scenario(commands.add_parser("scenario", help="play named faults, and hold each to its whole outcome"))
    return parser


def _add_scenario(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Export a small playlist from a server that misbehaves, look at the outcome, the requests, the disk and the"
        " invariants, and export again without the fault."
    )
    parser.epilog = "exit codes: 0 all as expected, 1 at least one is not, 2 usage"
    parser.set_defaults(run=_scenario)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios to play; see --list")
    parser.add_argument("--all", action="store_true", help="play every scenario")
    parser.add_argument("--list", action="store_true", help="explain each in a sentence, with the rows that it shows")
    parser.add_argument("--jobs", type=_count, default=DEFAULT_JOBS, metavar="N", help="how many at a time; default 4")
    parser.add_argument("--json", action="store_true", help="print one JSON array and nothing else")


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"at least 1, not {count}")
    return count


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    scenarios = "\n".join(f"  {scenario.name:15} {scenario.explanation}" for scenario in EXPORTS.values())
    parser.epilog = f"scenarios:\n{scenarios}\n\nexit codes: 0 all exported, 3 tracks are missing, 1 failed, 2 usage"
    parser.set_defaults(run=_export)
    parser.add_argument("--to", type=Path, metavar="DIR", required=True, help="gets the export folder")
    _add_world(parser)
    parser.add_argument("--scenario", default="default", metavar="NAME", help="how the server behaves")
    written = "project file to write; repeatable. The M3U8 playlist is always written"
    parser.add_argument("--format", dest="formats", action="append", default=[], metavar="NAME", help=written)
    parser.add_argument("--convert-to", type=int, metavar="HZ", help="sample rate that every track is to have")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_serve)
    parser.add_argument("--port", type=_port, default=0, metavar="P", help="default: any free one")
    parser.add_argument("--world", type=Path, metavar="FILE", help="a world file; default: make a world")
    _add_world(parser)
    parser.add_argument("--json", action="store_true", help="say where it is as one JSON line")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="speak https; needs --key")
    parser.add_argument("--key", type=Path, metavar="PEM")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is 0 to {LARGEST_PORT}, not {port}")
    return port


def _add_world(parser: argparse.ArgumentParser) -> None:
    count = f"entries of the playlist, {MIN_TRACKS} or more; default {DEFAULT_TRACKS}"
    parser.add_argument("--tracks", type=int, default=DEFAULT_TRACKS, metavar="N", help=count)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, metavar="S", help="makes another world")
