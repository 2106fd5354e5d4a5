"""The list of scenarios: for people, as JSON, and as ``docs/scenarios.md``."""

from __future__ import annotations

from harness.scenarios import SCENARIOS, Scenario

__all__ = ["as_json", "as_lines", "as_markdown"]

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
    return HEAD + "".join(lines)


def _rows(scenario: Scenario) -> str:
    return ", ".join(map(str, scenario.rows)) or "-"
