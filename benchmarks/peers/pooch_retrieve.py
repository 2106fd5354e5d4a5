"""`pooch.retrieve` on threads, without a known hash; it hashes every file all the same."""

from __future__ import annotations

import logging
from pathlib import Path

import pooch

from benchmarks.job import Job, Wanted
from benchmarks.peers.crew import fetch_each


def work(job: Job) -> None:
    """Fetch everything."""
    pooch.get_logger().setLevel(logging.ERROR)
    trust = str(job.ca_file) if job.ca_file else True
    downloader = pooch.HTTPDownloader(headers=job.authorization, verify=trust)

    def fetch(wanted: Wanted, file: Path) -> None:
        pooch.retrieve(job.url(wanted), None, fname=file.name, path=file.parent, downloader=downloader)

    fetch_each(job, fetch)
