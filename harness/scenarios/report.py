"""What is said of a played scenario.

As JSON, each is an object of this shape::

    {"name": "cut-body", "ok": true, "rows": [3], "explanation": "…",
     "outcome":    {"error": null,                 # class of what the run raised
                    "message": null,               # and its message
                    "entries": 4, "exported": 4,   # of the manifest; null where the run failed
                    "missing": [{"position": 1, "title": "…", "reason": "network", "detail": "…"}]},
     "requests":   {"total": 5, "most": 5, "api": 1, "head": 0, "elsewhere": 0,
                    "audio": {"t-1": [[null, 200], [50000, 206]], …},   # first byte asked for, status
                    "second_run": 1},
     "on_disk":    {"cache": ["t-1.wav", …], "partials": [50000], "temporaries": [],
                    "exports": ["Plain/manifest.json", …]},
     "invariants": {"I1": true, …, "I8": true},
     "problems":   [],                             # every difference from what was expected, as sentences
     "wall_s":     0.4}

`requests` and `on_disk` are those of the first run, the one with the fault; I8 and "second_run" are of the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from harness.invariants import CODES
from harness.scenarios.scenario import Scenario
from harness.scenarios.sight import Sight

__all__ = ["Report", "broken_report", "lines_of", "make_report", "table_of"]

DETAIL_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Report:
    """A played scenario; `as_json` is the object above."""

    name: str
    ok: bool
    rows: tuple[int, ...]
    explanation: str
    outcome: Mapping[str, object]
    requests: Mapping[str, object]
    on_disk: Mapping[str, object]
    invariants: Mapping[str, bool]
    problems: tuple[str, ...]
    wall_s: float

    def as_json(self) -> dict[str, object]:
        """The object."""
        return asdict(self)


def make_report(
    scenario: Scenario, first: Sight, second: Sight, *, most: int, problems: Sequence[str], wall_s: float
) -> Report:
    """Put a report together; a problem that starts with an invariant's code breaks that invariant."""
    manifest, error = first.outcome.manifest, first.outcome.error
    return Report(
        name=scenario.name,
        ok=not problems,
        rows=scenario.rows,
        explanation=scenario.explanation,
        outcome={
            "error": first.error,
            "message": str(error)[:DETAIL_CHARACTERS] if error else None,
            "entries": len(manifest.entries) if manifest else None,
            "exported": len(manifest.exported) if manifest else None,
            "missing": [
                {
                    "position": entry.position,
                    "title": entry.title[:DETAIL_CHARACTERS],
                    "reason": entry.reason,
                    "detail": (entry.detail or "")[:DETAIL_CHARACTERS],
                }
                for entry in (manifest.missing if manifest else ())
            ],
        },
        requests={
            "total": first.requests,
            "most": most,
            "api": first.api,
            "head": first.heads,
            "elsewhere": first.elsewhere,
            "audio": {track_id: [list(asked) for asked in gets] for track_id, gets in first.asked.items()},
            "second_run": second.requests,
        },
        on_disk={
            "cache": list(first.on_disk.cached),
            "partials": list(first.on_disk.partials),
            "temporaries": list(first.on_disk.temporaries),
            "exports": list(first.on_disk.exports),
        },
        invariants={code: not any(problem.startswith(f"{code} ") for problem in problems) for code in CODES},
        problems=tuple(problems),
        wall_s=round(wall_s, 3),
    )


def broken_report(scenario: Scenario, trace: Sequence[str], wall_s: float) -> Report:
    """The report of a scenario that could not be played to its end; nothing is known but why."""
    return Report(
        name=scenario.name,
        ok=False,
        rows=scenario.rows,
        explanation=scenario.explanation,
        outcome={"error": None, "message": None, "entries": None, "exported": None, "missing": []},
        requests={"total": 0, "most": 0, "api": 0, "head": 0, "elsewhere": 0, "audio": {}, "second_run": 0},
        on_disk={"cache": [], "partials": [], "temporaries": [], "exports": []},
        invariants=dict.fromkeys(CODES, False),
        problems=("it could not be played: " + "".join(trace).strip(),),
        wall_s=round(wall_s, 3),
    )


def lines_of(report: Report) -> list[str]:
    """What people read of a scenario."""
    held = " ".join(code if holds else f"{code}!" for code, holds in report.invariants.items())
    return [
        f"{report.name}: {'ok' if report.ok else 'NOT OK'}  (rows {', '.join(map(str, report.rows)) or '-'})",
        f"  {report.explanation}",
        f"  outcome:    {_outcome(report)}",
        f"  requests:   {report.requests['total']} of at most {report.requests['most']}: {_audio(report)}",
        f"  on disk:    {_on_disk(report)}",
        f"  invariants: {held}",
        *(f"  problem:    {problem}" for problem in report.problems),
    ]


def table_of(reports: Sequence[Report]) -> list[str]:
    """One line per scenario, and the sum."""
    width = max((len(report.name) for report in reports), default=0)
    lines = [f"{'scenario':{width}}  rows       requests  wall_s  outcome"]
    for report in reports:
        rows, total = ",".join(map(str, report.rows)), str(report.requests["total"])
        mark = "" if report.ok else "  NOT OK"
        lines.append(f"{report.name:{width}}  {rows:9}  {total:>8}  {report.wall_s:6.2f}  {_outcome(report)}{mark}")
    good = sum(report.ok for report in reports)
    return [*lines, "", f"{good} of {len(reports)} scenarios are ok."]


def _outcome(report: Report) -> str:
    outcome = report.outcome
    if outcome["error"]:
        return str(outcome["error"])
    missing = outcome["missing"]
    assert isinstance(missing, list)
    reasons = ", ".join(f"{entry['position']} {entry['reason']}" for entry in missing)
    return f"{outcome['exported']} of {outcome['entries']} exported" + (f"; missing: {reasons}" if reasons else "")


def _audio(report: Report) -> str:
    audio = report.requests["audio"]
    assert isinstance(audio, dict)
    each = [
        f"{track_id} " + ", ".join(f"{'all' if start is None else f'from {start}'} {status}" for start, status in gets)
        for track_id, gets in audio.items()
    ]
    return "; ".join([*each, f"{report.requests['second_run']} in the second run"])


def _on_disk(report: Report) -> str:
    on_disk = {name: list(found) for name, found in report.on_disk.items() if isinstance(found, list)}
    partials = f", partials of {on_disk['partials']} bytes" if on_disk["partials"] else ""
    left = f", temporary {on_disk['temporaries']}" if on_disk["temporaries"] else ""
    return f"{len(on_disk['cache'])} tracks in the cache, {len(on_disk['exports'])} files of exports{partials}{left}"
