"""The command-line peers: how each is told to fetch a job's files, a given number at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.job import Job

__all__ = ["aria2c", "curl", "wget2"]

Arguments = Sequence[str | Path]


def curl(job: Job, scratch: Path) -> Arguments:
    """``curl -Z``, with addresses and places in a configuration file."""
    lines = [f'header = "{name}: {value}"' for name, value in job.authorization.items()]
    if job.ca_file:
        lines.append(f'cacert = "{job.ca_file}"')
    for wanted, place in job.shares():
        lines += [f'url = "{job.url(wanted)}"', f'output = "{place}"']
    config = _written(scratch / "curl.conf", lines)
    return ["curl", "-q", "--fail", "-sS", "-Z", "--parallel-max", str(job.connections), "-K", config]


def aria2c(job: Job, scratch: Path) -> Arguments:
    """``aria2c -j4 -x1``, or with as many connections to one file as the job allows; no preallocation."""
    lines = []
    for wanted, place in job.shares():
        lines += [job.url(wanted), f"  out={place.name}"]
    listed = _written(scratch / "aria2c.txt", lines)
    return [
        "aria2c",
        "--no-conf",
        "--quiet",
        "--file-allocation=none",
        "--allow-overwrite=true",
        f"--max-concurrent-downloads={job.connections}",
        f"--max-connection-per-server={job.parts}",
        f"--split={job.parts}",
        "--min-split-size=8M",
        f"--dir={job.folder}",
        *(f"--header={name}: {value}" for name, value in job.authorization.items()),
        *([f"--ca-certificate={job.ca_file}"] if job.ca_file else []),
        f"--input-file={listed}",
    ]


def wget2(job: Job, scratch: Path) -> Arguments:
    """``wget2 --max-threads=4``, one connection to a file; it names files by their paths."""
    listed = _written(scratch / "wget2.txt", [job.url(wanted) for wanted in job.wanted])
    return [
        "wget2",
        "--no-config",
        "--quiet",
        "--no-robots",
        "--force-directories",
        "--no-host-directories",
        f"--max-threads={job.connections}",
        f"--directory-prefix={job.folder}",
        *(f"--header={name}: {value}" for name, value in job.authorization.items()),
        *([f"--ca-certificate={job.ca_file}"] if job.ca_file else []),
        f"--input-file={listed}",
    ]


def _written(file: Path, lines: Sequence[str]) -> Path:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
