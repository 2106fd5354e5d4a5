"""The workloads: each makes its world, runs it, and gives its rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from benchmarks.bench import Bench, Outcome
from benchmarks.workloads import cancel, export, latency, limited, memory, projects, server, shared, transfer

__all__ = ["WORKLOADS", "Workload"]


@dataclass(frozen=True, slots=True)
class Workload:
    """One entry of ``--list``.

    Attributes:
        name: As the command line takes it.
        run: Runs it; its docstring's first line is what people read.
        in_smoke: Whether the smoke form runs it unasked.
    """

    name: str
    run: Callable[[Bench], Outcome]
    in_smoke: bool = True

    @property
    def explanation(self) -> str:
        """One sentence for people."""
        return (self.run.__doc__ or "").partition("\n")[0]


WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {
        workload.name: workload
        for workload in (
            Workload("bulk", transfer.bulk),
            Workload("bulk-disk", transfer.bulk_disk, in_smoke=False),
            Workload("bulk-tls", transfer.bulk_tls),
            Workload("digest", transfer.digest),
            Workload("small", transfer.small),
            Workload("small-disk", transfer.small_disk, in_smoke=False),
            Workload("limited", limited.limited),
            Workload("limited-one", limited.limited_one),
            Workload("latency", latency.latency),
            Workload("export", export.export),
            Workload("export-disk", export.export_disk, in_smoke=False),
            Workload("memory", memory.memory),
            Workload("projects", projects.projects),
            Workload("cancel", cancel.cancel),
            Workload("shared", shared.shared),
            Workload("server", server.server, in_smoke=False),
        )
    }
)
