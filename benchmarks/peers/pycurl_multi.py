"""pycurl: one multi handle, as many easy handles as there may be connections, each used again and again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pycurl

from benchmarks.job import Job, Wanted

LONGEST_WAIT_S = 1.0


def work(job: Job) -> None:
    """Fetch everything."""
    multi = pycurl.CurlMulti()
    shares = iter(job.shares())
    files: dict[pycurl.Curl, IO[bytes]] = {}
    for handle in [_handle(job) for _ in range(job.connections)]:
        _start(job, multi, handle, shares, files)
    while files:
        multi.perform()
        multi.select(LONGEST_WAIT_S)
        waiting = 1
        while waiting:
            waiting, done, failed = multi.info_read()
            if failed:
                raise OSError(f"pycurl: {failed[0][2]}")
            for handle in done:
                multi.remove_handle(handle)
                files.pop(handle).close()
                _start(job, multi, handle, shares, files)
    multi.close()


def _handle(job: Job) -> pycurl.Curl:
    handle = pycurl.Curl()
    handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in job.authorization.items()])
    handle.setopt(pycurl.FAILONERROR, True)
    handle.setopt(pycurl.BUFFERSIZE, 512 * 1024)  # the most that libcurl takes for sure
    if job.ca_file:
        handle.setopt(pycurl.CAINFO, str(job.ca_file))
    return handle


def _start(
    job: Job,
    multi: pycurl.CurlMulti,
    handle: pycurl.Curl,
    shares: Iterator[tuple[Wanted, Path]],
    files: dict[pycurl.Curl, IO[bytes]],
) -> None:
    share = next(shares, None)
    if share is None:
        handle.close()
        return
    wanted, place = share
    files[handle] = place.open("wb")
    handle.setopt(pycurl.URL, job.url(wanted))
    handle.setopt(pycurl.WRITEDATA, files[handle])
    multi.add_handle(handle)
