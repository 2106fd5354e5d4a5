"""Threads for peers that block: each file is fetched by one of as many threads as there may be connections."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.job import Job, Wanted

__all__ = ["CHUNK_BYTES", "fetch_each"]

CHUNK_BYTES = 1024 * 1024


def fetch_each(job: Job, fetch: Callable[[Wanted, Path], object]) -> None:
    """Call `fetch` for every file of a job; what one raises is raised."""
    with ThreadPoolExecutor(job.connections) as pool:
        list(pool.map(lambda share: fetch(*share), job.shares()))
