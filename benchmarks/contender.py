"""Who takes part: chadsdk and its peers, each with its version, or absent."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import commands
from benchmarks.child import run_command, run_worker
from benchmarks.job import Job
from benchmarks.result import OURS, Sample

__all__ = ["ALL", "Contender", "present"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One that fetches a job's files.

    Attributes:
        name: As the table shows it.
        version: Gives its version; None where it is not installed.
        run: Does a job and gives what it took.
        flushes: Whether what it reports as done has been flushed to disk.
    """

    name: str
    version: Callable[[], str | None]
    run: Callable[[Job], Sample]
    flushes: bool = False


def _python(name: str, module: str, distribution: str, *, flushes: bool = False) -> Contender:
    def version() -> str | None:
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            return None

    def run(job: Job) -> Sample:
        return run_worker(module, job)

    return Contender(name, version, run, flushes)


def _command(name: str, program: str, arguments: Callable[[Job, Path], commands.Arguments]) -> Contender:
    def version() -> str | None:
        if shutil.which(program) is None:
            return None
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"\d+(\.\d+)+", said)
        return found[0] if found else "unknown version"

    def run(job: Job) -> Sample:
        with tempfile.TemporaryDirectory(prefix="bench-command-") as scratch:
            return run_command(arguments(job, Path(scratch)))

    return Contender(name, version, run)


ALL: Mapping[str, Contender] = {
    contender.name: contender
    for contender in (
        _python(OURS, "benchmarks.ours.download", "chadsdk", flushes=True),
        _command("curl -Z", "curl", commands.curl),
        _command("aria2c", "aria2c", commands.aria2c),
        _command("wget2", "wget2", commands.wget2),
        _python("requests", "benchmarks.peers.requests_session", "requests"),
        _python("httpx", "benchmarks.peers.httpx_client", "httpx"),
        _python("aiohttp", "benchmarks.peers.aiohttp_bare", "aiohttp"),
        _python("pycurl", "benchmarks.peers.pycurl_multi", "pycurl"),
        _python("huggingface_hub", "benchmarks.peers.huggingface_get", "huggingface_hub"),
        _python("pooch", "benchmarks.peers.pooch_retrieve", "pooch"),
    )
}


def present() -> dict[Contender, str]:
    """Those that are installed, with their versions."""
    found = {contender: contender.version() for contender in ALL.values()}
    return {contender: version for contender, version in found.items() if version is not None}
