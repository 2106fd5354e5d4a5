"""The table for people: Markdown, one line per row, with ratio and verdict."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.goal import Verdict
from benchmarks.result import Results, Row
from benchmarks.spread import Spread

__all__ = ["markdown"]

HEAD = """| workload | measured | chadsdk | against | theirs | ratio | goal | |
|---|---|---|---|---|---|---|---|"""


def markdown(results: Results) -> str:
    """The whole report: table, tally, machine and versions."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield HEAD
    notes = list(dict.fromkeys(row.note for row in results.rows if row.note))
    for row in results.rows:
        yield _line(row, notes.index(row.note) + 1 if row.note else None)
    yield ""
    verdicts = [row.verdict for row in results.rows]
    met, missed = verdicts.count(Verdict.MET), verdicts.count(Verdict.NOT_MET)
    yield f"{met} of {met + missed} goals met. Median (least to most) of the rounds; the ratio is taken round by round."
    for number, note in enumerate(notes, 1):
        yield f"\n[{number}] {note}."
    yield ""
    yield "Machine: " + ", ".join(f"{name} {value}" for name, value in results.machine.items()) + "."
    yield ""
    yield "Versions: " + ", ".join(f"{name} {version}" for name, version in results.peers.items()) + "."
    for why in results.skipped:
        yield f"\nSkipped: {why}."


def _line(row: Row, number: int | None) -> str:
    ratio = "-" if row.ratio is None else _spread(row.ratio, 2)
    cells = [
        row.workload,
        row.measure,
        _spread(row.ours, row.digits),
        row.against + ("" if number is None else f" [{number}]"),
        _spread(row.theirs, row.digits),
        ratio,
        "-" if row.goal is None else str(row.goal),
        _verdict(row.verdict),
    ]
    return "| " + " | ".join(cells) + " |"


def _spread(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return "-"
    median = f"{spread.median:,.{digits}f}"
    if spread.least == spread.most:
        return median
    return f"{median} ({spread.least:,.{digits}f} to {spread.most:,.{digits}f})"


def _verdict(verdict: Verdict) -> str:
    return f"**{verdict.value}**" if verdict is Verdict.NOT_MET else verdict.value
