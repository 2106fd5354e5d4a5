"""How much each workload moves, in the full form and in the smoke form."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "SMOKE", "Sizes"]

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of one form; the issue's own are those of `FULL`.

    Attributes:
        form: Its name.
        ram_bytes: Room that a RAM disk must have to be used.
        rounds: Rounds of every workload unless said otherwise on the command line.
        disk_rounds: Rounds on disk.
        limited_rounds: Rounds against a server that limits each connection.
        export_rounds: Rounds of warm exports, whose ratio lies near the bound of the smoke form.
    """

    form: str
    ram_bytes: int
    rounds: int
    disk_rounds: int
    limited_rounds: int
    export_rounds: int
    bulk_files: int
    bulk_bytes: int
    small_files: int
    small_bytes: int
    limited_files: int
    limited_bytes: int
    limited_one_bytes: int
    latency_files: int
    latency_bytes: int
    export_files: int
    export_bytes: int
    memory_small_bytes: int
    memory_large_bytes: int
    cancel_moments: int
    project_entries: int
    shared_files: int
    shared_bytes: int

    @property
    def is_smoke(self) -> bool:
        """Whether this is the form that only looks for what cannot be noise."""
        return self.form == "smoke"


FULL = Sizes(
    form="full",
    ram_bytes=5 * 1024 * MIB,
    rounds=5,
    disk_rounds=3,
    limited_rounds=3,
    export_rounds=5,
    bulk_files=64,
    bulk_bytes=16 * MIB,
    small_files=1000,
    small_bytes=64 * KIB,
    limited_files=16,
    limited_bytes=16 * MIB,
    limited_one_bytes=512 * MIB,
    latency_files=200,
    latency_bytes=256 * KIB,
    export_files=1000,
    export_bytes=MIB,
    memory_small_bytes=16 * MIB,
    memory_large_bytes=1024 * MIB,
    cancel_moments=200,
    project_entries=1000,
    shared_files=50,
    shared_bytes=MIB,
)

SMOKE = Sizes(
    form="smoke",
    ram_bytes=2048 * MIB,
    rounds=2,
    disk_rounds=1,
    limited_rounds=1,
    export_rounds=5,
    bulk_files=16,
    bulk_bytes=8 * MIB,
    small_files=200,
    small_bytes=64 * KIB,
    limited_files=8,
    limited_bytes=8 * MIB,
    limited_one_bytes=64 * MIB,
    latency_files=40,
    latency_bytes=256 * KIB,
    export_files=400,  # fewer, and what an export costs whatever its size would be most of the figure
    export_bytes=MIB,
    memory_small_bytes=16 * MIB,
    memory_large_bytes=128 * MIB,
    cancel_moments=12,
    project_entries=1000,
    shared_files=50,
    shared_bytes=256 * KIB,
)
