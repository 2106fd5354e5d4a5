"""A bare requests session per thread: chunks of 1 MiB into a file; what fits into one chunk is read whole."""

from __future__ import annotations

import threading
from pathlib import Path

import requests

from benchmarks.job import Job, Wanted
from benchmarks.peers.crew import CHUNK_BYTES, fetch_each


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.session = requests.Session()


def work(job: Job) -> None:
    """Fetch everything."""
    own = _PerThread()
    trust = str(job.ca_file) if job.ca_file else True

    def fetch(wanted: Wanted, file: Path) -> None:
        is_small = wanted.size_bytes <= CHUNK_BYTES
        with own.session.get(job.url(wanted), headers=job.authorization, verify=trust, stream=not is_small) as reply:
            reply.raise_for_status()
            if is_small:
                file.write_bytes(reply.content)
                return
            with file.open("wb") as target:
                for chunk in reply.iter_content(CHUNK_BYTES):
                    target.write(chunk)

    fetch_each(job, fetch)
