"""The command line of the harness."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.serve import ServeOptions, serve

__all__ = ["main"]

DEFAULT_TRACKS = 16
DEFAULT_SEED = 7
EXIT_FAILED = 1
EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _serve(options)
    except (ValueError, OSError) as exc:
        print(f"harness: {exc}", file=sys.stderr)
        return EXIT_USAGE if isinstance(exc, ValueError) else EXIT_FAILED


def _serve(options: argparse.Namespace) -> int:
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
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_serve(commands.add_parser("serve", help="serve a world until Ctrl-C"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--world", type=Path, metavar="FILE", help="a world file; default: make a world")
    parser.add_argument("--tracks", type=int, default=DEFAULT_TRACKS, metavar="N", help="entries")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--json", action="store_true", help="say where it is as one JSON line")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="speak https; needs --key")
    parser.add_argument("--key", type=Path, metavar="PEM")
