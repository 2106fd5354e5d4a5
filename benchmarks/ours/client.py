"""Client, settings and sources for a job."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.job import Job
from chadsdk import ChadMusicAPIClient, Fetched, FetchOutcome, Settings
from chadsdk.source import CloudSource

__all__ = ["check", "client_of", "settings_of", "sources_of"]


def settings_of(job: Job) -> Settings:
    """The defaults, with the job's folder as the cache."""
    return Settings(cache_dir=job.folder, max_concurrent_downloads=job.connections, ca_bundle=job.ca_file)


def client_of(job: Job, settings: Settings) -> ChadMusicAPIClient:
    """A client of the job's server."""
    return ChadMusicAPIClient(job.base_url, token=job.token, settings=settings)


def sources_of(job: Job) -> list[CloudSource]:
    """The job's files as tracks; their lengths are known, digests where the job says them."""
    return [
        CloudSource("", wanted.name, wanted.path, size_bytes=wanted.size_bytes, sha256=wanted.sha256)
        for wanted in job.wanted
    ]


def check(outcomes: Iterable[FetchOutcome]) -> None:
    """See to it that every track came.

    Raises:
        OSError: One did not.
    """
    for outcome in outcomes:
        if not isinstance(outcome, Fetched):
            raise OSError(f"chadsdk: {outcome.detail}")
