"""aiohttp with one session, chunks of up to 1 MiB, written where they come."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp

from benchmarks.job import Job, Wanted
from benchmarks.peers.crew import CHUNK_BYTES


def work(job: Job) -> None:
    """Fetch everything."""
    asyncio.run(_fetch_all(job))


async def _fetch_all(job: Job) -> None:
    trust = ssl.create_default_context(cafile=job.ca_file) if job.ca_file else True
    connector = aiohttp.TCPConnector(limit=job.connections, ssl=trust)
    shares = iter(job.shares())
    async with aiohttp.ClientSession(
        connector=connector, headers=job.authorization, read_bufsize=CHUNK_BYTES
    ) as session:

        async def fetch_while_some_are_left() -> None:
            for wanted, file in shares:
                await _fetch(session, job.url(wanted), wanted, file)

        async with asyncio.TaskGroup() as group:
            for _ in range(job.connections):
                group.create_task(fetch_while_some_are_left())


async def _fetch(session: aiohttp.ClientSession, url: str, wanted: Wanted, file: Path) -> None:
    async with session.get(url) as reply:
        reply.raise_for_status()
        if wanted.size_bytes <= CHUNK_BYTES:
            file.write_bytes(await reply.read())
            return
        with file.open("wb") as target:
            async for chunk in reply.content.iter_chunked(CHUNK_BYTES):
                target.write(chunk)
