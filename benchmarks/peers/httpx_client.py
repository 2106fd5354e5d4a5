"""One httpx client for all threads, chunks of 1 MiB."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from benchmarks.job import Job, Wanted
from benchmarks.peers.crew import CHUNK_BYTES, fetch_each


def work(job: Job) -> None:
    """Fetch everything."""
    limits = httpx.Limits(max_connections=job.connections, max_keepalive_connections=job.connections)
    trust = ssl.create_default_context(cafile=job.ca_file)
    with httpx.Client(headers=job.authorization, limits=limits, verify=trust) as client:

        def fetch(wanted: Wanted, file: Path) -> None:
            with client.stream("GET", job.url(wanted)) as reply, file.open("wb") as target:
                reply.raise_for_status()
                for chunk in reply.iter_bytes(CHUNK_BYTES):
                    target.write(chunk)

        fetch_each(job, fetch)
