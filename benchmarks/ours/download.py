"""`DownloadService.download_all`: locks, temporary files, verification, flush, rename, record."""

from __future__ import annotations

from benchmarks.job import Job
from benchmarks.ours.client import check, client_of, settings_of, sources_of
from chadsdk import DownloadService


def work(job: Job) -> None:
    """Fetch everything."""
    settings = settings_of(job)
    with client_of(job, settings) as client, DownloadService(client, settings=settings) as service:
        check(service.download_all(sources_of(job)).values())
