"""Every project file that copies no audio, of one finished export, written and read back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping

from benchmarks.job import Job
from benchmarks.ours import export
from chadsdk import CancelToken, Manifest
from chadsdk.errors import ConfigurationError
from chadsdk.export.report import write_papers
from chadsdk.export.writers import writer_names, writer_of


def work(job: Job) -> Mapping[str, float]:
    """Export all tracks of a job from the cache, then write the project files into a folder beside it.

    Returns:
        Seconds for all formats together, each read back, and for how many formats.
    """
    export.work(job)
    assert job.to is not None
    (folder,) = job.to.iterdir()
    papers = job.to / "papers"
    papers.mkdir()
    manifest, formats = Manifest.load(folder), _formats()
    started = time.perf_counter()
    write_papers(manifest, papers, formats, CancelToken(), audio=folder.joinpath)
    took_s = time.perf_counter() - started
    shutil.rmtree(papers)
    return {"papers_s": took_s, "formats": len(formats)}


def _formats() -> list[str]:
    found = []
    for name in writer_names():
        try:
            if not writer_of(name).copies_audio:
                found.append(name)
        except ConfigurationError:  # its library is not installed
            continue
    return found
