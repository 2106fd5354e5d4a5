"""What a run gives: series of samples, rows of the table, and both as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from benchmarks.goal import Goal, Verdict
from benchmarks.spread import Spread, paired_ratios

__all__ = ["Measure", "Results", "Row", "Sample", "Series", "compare", "hold_against"]

SCHEMA = "chadsdk.benchmarks/1"
OURS = "chadsdk"


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one contender.

    Attributes:
        wall_s: From "go" until everything lies in place; of a command, its whole life.
        cpu_s: Of its process, user and system, without its start; of a command, all of it.
        peak_rss_bytes: Most memory at any moment; None for a command.
        extra: What the contender itself has to say, by name.
    """

    wall_s: float
    cpu_s: float
    peak_rss_bytes: int | None = None
    extra: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Series:
    """All rounds of one workload.

    Attributes:
        name: The workload's, such as ``bulk``.
        title: For people.
        files: How many files a run moves.
        bytes: How many bytes a run moves.
        samples: One per round, by contender, in order of rounds.
    """

    name: str
    title: str
    files: int
    bytes: int
    samples: Mapping[str, tuple[Sample, ...]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        workload: For people, such as ``bulk, http, RAM disk``.
        measure: What was measured, unit included.
        ours: What we took; None where the row was skipped.
        against: Whom or what we are held against.
        theirs: What that took; None where it is a fixed bound.
        ratio: The value that the goal is about, by round; None where the row was skipped.
        goal: None where there is none.
        note: What a reader must know beside it.
        digits: Decimals of `ours` and `theirs`.
    """

    workload: str
    measure: str
    ours: Spread | None
    against: str
    theirs: Spread | None
    ratio: Spread | None
    goal: Goal | None
    note: str = ""
    digits: int = 2

    @property
    def verdict(self) -> Verdict:
        """Whether the median of the ratio meets the goal."""
        if self.ratio is None:
            return Verdict.SKIPPED
        return Verdict.SHOWN if self.goal is None else self.goal.judge(self.ratio.median)

    @property
    def is_beyond_noise(self) -> bool:
        """Whether the goal is missed by more than noise can explain: in every round, or, for an exact count, in any."""
        if self.ratio is None or self.goal is None:
            return False
        rounds = (self.ratio.least, self.ratio.median, self.ratio.most)
        missed = [self.goal.is_beyond_noise(value) for value in rounds]
        return any(missed) if self.goal.noise == 1 else all(missed)


@dataclass(frozen=True, slots=True)
class Measure:
    """What is read off a sample.

    Attributes:
        name: With its unit.
        read: Gives the value.
        digits: Decimals worth showing.
    """

    name: str
    read: Callable[[Series, Sample], float]
    digits: int = 2


WALL = Measure("wall, s", lambda _series, sample: sample.wall_s)
FILES_PER_S = Measure("files/s", lambda series, sample: series.files / sample.wall_s, digits=0)
MB_PER_S = Measure("MB/s", lambda series, sample: series.bytes / sample.wall_s / 1e6, digits=1)
CPU_PER_GB = Measure("CPU s per GB", lambda series, sample: sample.cpu_s / (series.bytes / 1e9))


def compare(
    series: Series, measure: Measure, against: str, goal: Goal | None, *, ours: str = OURS, note: str = ""
) -> Row:
    """A row of ours against a peer; skipped where one of them has no sample."""
    mine = [measure.read(series, sample) for sample in series.samples.get(ours, ())]
    other = [measure.read(series, sample) for sample in series.samples.get(against, ())]
    if not mine or not other:
        absent = against if mine else ours
        return Row(series.title, measure.name, None, against, None, None, goal, f"{absent} is absent")
    ratio = Spread.of(paired_ratios(mine, other))
    return Row(
        series.title, measure.name, Spread.of(mine), against, Spread.of(other), ratio, goal, note, measure.digits
    )


def hold_against(
    series: Series, measure: Measure, against: str, bound: float, goal: Goal, *, ours: str = OURS, note: str = ""
) -> Row:
    """A row of ours against a fixed value; the ratio is ours to that value."""
    mine = [measure.read(series, sample) for sample in series.samples[ours]]
    ratio = Spread.of([value / bound for value in mine])
    theirs = Spread.of([bound])
    return Row(series.title, measure.name, Spread.of(mine), against, theirs, ratio, goal, note, measure.digits)


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run.

    Attributes:
        form: ``full`` or ``smoke``.
        machine: What it ran on, by name.
        peers: Version of each contender that was there.
        skipped: Why something did not run, one sentence each.
        series: In the order run.
        rows: In the order of the table.
    """

    form: str
    machine: Mapping[str, str]
    peers: Mapping[str, str]
    skipped: tuple[str, ...]
    series: tuple[Series, ...]
    rows: tuple[Row, ...]

    def to_json(self) -> str:
        """Everything, samples included."""
        rows = [
            {**asdict(row), "goal": str(row.goal) if row.goal else None, "verdict": row.verdict.value}
            for row in self.rows
        ]
        document = {
            "schema": SCHEMA,
            "form": self.form,
            "machine": dict(self.machine),
            "peers": dict(self.peers),
            "skipped": list(self.skipped),
            "rows": rows,
            "series": [asdict(series) for series in self.series],
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
