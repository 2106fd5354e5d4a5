"""The command: ``python -m tests.fuzz [TARGET …] [--seconds 45] [--runs N] [--seed 1] [--keep FOLDER]``.

``--repeat FILE`` gives one input to one target, without Atheris. Exits 1 on a finding.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path

from tests.fuzz.run import Finding, Outcome, Patience, fuzz
from tests.fuzz.target import Target
from tests.fuzz.targets import NAMES
from tests.skips import nothing_may_be_skipped

__all__ = ["main"]

_SHOWN_BYTES = 4096


def main(arguments: list[str]) -> int:
    """Fuzz, and give the exit code."""
    options = _parser().parse_args(arguments)
    names: list[str] = options.targets or list(NAMES)
    if options.repeat is not None:
        [name] = names
        target: Target = importlib.import_module(_module(name)).TARGET
        target.take(options.repeat.read_bytes())
        return 0
    if importlib.util.find_spec("atheris") is None:
        print("Atheris is not installed (it has no wheel for this platform): nothing is fuzzed.")
        return 1 if nothing_may_be_skipped() else 0
    patience = Patience(max(1, options.seconds // len(names)), options.runs, options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        return _all_of(names, patience, options.keep or Path(temporary))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Coverage-guided fuzzing of the parsers.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of {', '.join(NAMES)}; all by default")
    parser.add_argument("--seconds", type=int, default=45, help="for all targets together (default: 45)")
    parser.add_argument("--runs", type=int, help="inputs per target at most, which makes a run repeatable")
    parser.add_argument("--seed", type=int, default=1, help="of the fuzzer's choices (default: 1)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="a new folder for corpora, logs and findings")
    parser.add_argument("--repeat", type=Path, metavar="FILE", help="only give this input to the one TARGET")
    return parser


def _module(name: str) -> str:
    return name if "." in name else f"tests.fuzz.targets.{name}"


def _all_of(names: list[str], patience: Patience, folder: Path) -> int:
    print(f"{'target':<12}{'inputs':>10}{'per s':>8}{'edges':>8}{'features':>10}{'MiB':>6}{'s':>7}  findings")
    found = 0
    total = 0
    for name in names:
        outcome = fuzz(_module(name), folder / name, patience)
        total += outcome.executions
        found += outcome.finding is not None
        print(_row(name, outcome), flush=True)
        if outcome.finding is not None:
            _show(name, outcome.finding)
    findings = "1 finding" if found == 1 else f"{found or 'no'} findings"
    print(f"{total} inputs to {len(names)} targets with seed {patience.seed}: {findings}.")
    return 1 if found else 0


def _row(name: str, outcome: Outcome) -> str:
    rate = outcome.executions / outcome.seconds
    return (
        f"{name:<12}{outcome.executions:>10}{rate:>8.0f}{outcome.edges:>8}{outcome.features:>10}"
        f"{outcome.peak_mib:>6}{outcome.seconds:>7.1f}  {'FOUND' if outcome.finding else 'none'}"
    )


def _show(name: str, finding: Finding) -> None:
    print(finding.report)
    if finding.file is None:
        print("The process left no input.")
        return
    data = finding.file.read_bytes()
    print(f"The input of {len(data)} bytes in base64; put it into a file and give it to: {name} --repeat FILE")
    print(base64.b64encode(data[:_SHOWN_BYTES]).decode() + (" …" if len(data) > _SHOWN_BYTES else ""))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
