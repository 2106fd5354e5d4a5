"""`MixExporter.export` of a playlist whose tracks are all in the cache."""

from __future__ import annotations

from benchmarks.job import Job
from benchmarks.ours.client import client_of, settings_of, sources_of
from chadsdk import MixExporter, Playlist, PlaylistEntry, Track
from chadsdk.export.writers import ALWAYS, writer_of

for _name in ALWAYS:
    writer_of(_name)  # imported when it is first asked for: like the peers' imports no part of the figure


def work(job: Job) -> None:
    """Export all tracks of a job.

    Raises:
        OSError: One of them is missing.
    """
    tracks = [
        Track(
            source.track_id,
            cloud_track_id=source.track_id,
            cloud_stream_path=source.stream_path,
            size_bytes=source.size_bytes,
        )
        for source in sources_of(job)
    ]
    playlist = Playlist("warm", entries=tuple(PlaylistEntry(track) for track in tracks))
    settings = settings_of(job)
    assert job.to is not None
    with client_of(job, settings) as client, MixExporter(client, settings=settings) as exporter:
        result = exporter.export(playlist, job.to)
    if result.missing:
        raise OSError(f"chadsdk: {len(result.missing)} tracks are missing")
