"""`huggingface_hub`'s `http_get` on threads: what its downloads of single files are made of."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub.file_download import http_get
from huggingface_hub.utils import disable_progress_bars

from benchmarks.job import Job, Wanted
from benchmarks.peers.crew import fetch_each


def work(job: Job) -> None:
    """Fetch everything; http only, for it knows no certificates but the system's."""
    disable_progress_bars()

    def fetch(wanted: Wanted, file: Path) -> None:
        with file.open("wb") as target:
            http_get(job.url(wanted), target, headers=job.authorization, expected_size=wanted.size_bytes)

    fetch_each(job, fetch)
