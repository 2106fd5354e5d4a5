"""Downloads that are cancelled at given moments: how long until the call has come back."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import replace

from benchmarks.job import Job
from benchmarks.ours.client import client_of, settings_of, sources_of
from chadsdk import CancelToken, DownloadService, ExportCancelled


def work(job: Job) -> Mapping[str, float]:
    """Start a download for each moment, cancel it then, and give the seconds until it is over, by attempt.

    Each attempt has a cache of its own, so that none finds what an earlier one left.

    Raises:
        ValueError: A download was over before its moment.
    """
    return {str(number): _attempt(job, number, moment_s) for number, moment_s in enumerate(job.moments_s)}


def _attempt(job: Job, number: int, moment_s: float) -> float:
    own = replace(job, folder=job.folder / str(number))
    settings, token, called_at = settings_of(own), CancelToken(), list[float]()

    def cancel() -> None:
        time.sleep(moment_s)
        called_at.append(time.perf_counter())
        token.cancel()

    with client_of(own, settings) as client, DownloadService(client, settings=settings) as service:
        canceller = threading.Thread(target=cancel)
        canceller.start()
        try:
            service.download_all(sources_of(own), cancel=token)
        except ExportCancelled:
            took_s = time.perf_counter() - called_at[0]
        else:
            raise ValueError(f"the download was over before it was cancelled at {moment_s:.3f} s")
        finally:
            canceller.join()
    shutil.rmtree(own.folder, ignore_errors=True)  # there is none where it was cancelled early enough
    return took_s
