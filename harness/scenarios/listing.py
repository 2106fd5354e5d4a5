"""The list of scenarios: for people, as JSON, and as ``docs/scenarios.md``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.scenarios import SCENARIOS, Scenario

__all__ = ["WITHOUT", "as_json", "as_lines", "as_markdown"]

HEAD = """# Scenarios

`python -m harness scenario NAME…` plays them, `--all` plays every one, `--json` says the outcome as an array of
objects (their shape: `harness/scenarios/report.py`), `--list` prints this list. Each exports a small playlist through
the public API from a server process that misbehaves, and is held to its whole outcome: the error or the reason of each
missing track, the requests, what lies in cache and export, and the invariants I1 to I7 of `harness/invariants.py`.
Then the fault is taken away, and a second export must repair everything without any cleaning (I8).

The rows are those of the fault matrix. A test holds this file to the code.

| scenario | rows | what happens |
|---|---|---|
"""

#: Rows of the fault matrix that no scenario plays, and what they need instead.
WITHOUT: Mapping[tuple[int, ...], str] = MappingProxyType(
    {
        (18,): "chance: which packets are lost",
        (50, 51, 52, 54, 55): "root: volumes that are full, broken, out of inodes, or two",
        (57,): "a process of its own, whose limits are lowered",
        (
            58,
            59,
            61,
            63,
            69,
            70,
            75,
        ): "other processes: killed, stopped, sent signals, at work on one cache, at their end",
        (65,): "a system that has no locks",
        (72,): "another clock",
        (73,): "forks and threads of the caller's",
        (74,): "a server that goes and comes back in the middle of one body",
    }
)
FOOT = """
## Rows without a scenario

A scenario has a server, a playlist, a user's folders, and no special rights. These rows need more; the
[table of behaviour](behaviour.md) names the tests that hold each.

| rows | what they need |
|---|---|
"""


def as_lines() -> list[str]:
    """A line per scenario."""
    width = max(len(name) for name in SCENARIOS)
    return [f"{each.name:{width}}  {_rows(each):9}  {each.explanation}" for each in SCENARIOS.values()]


def as_json() -> list[dict[str, object]]:
    """An object per scenario."""
    return [
        {"name": each.name, "rows": list(each.rows), "explanation": each.explanation} for each in SCENARIOS.values()
    ]


def as_markdown() -> str:
    """The whole of ``docs/scenarios.md``."""
    lines = [f"| `{each.name}` | {_rows(each)} | {each.explanation} |\n" for each in SCENARIOS.values()]
    others = [f"| {', '.join(map(str, rows))} | {need} |\n" for rows, need in WITHOUT.items()]
    return HEAD + "".join(lines) + FOOT + "".join(others)


def _rows(scenario: Scenario) -> str:
    return ", ".join(map(str, scenario.rows)) or "-"
