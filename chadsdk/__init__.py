"""chadsdk: export a DJ's playlist, cloud tracks included, into a folder that a DAW opens.

::

    from chadsdk import ChadMusicAPIClient, MixExporter

    server = ChadMusicAPIClient("https://music.example", token="…")
    result = MixExporter(server).export(server.playlist("friday"), "exports/")
    print(result.folder, len(result.exported), [entry.detail for entry in result.missing])

Everything that is public stands in ``__all__``; every error is in `chadsdk.errors`.
"""

from chadsdk.auth import BearerToken, Credentials
from chadsdk.cache_policy import CachePolicy
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService, Fetched, FetchOutcome, Unavailable
from chadsdk.errors import ChadError, ExportCancelled, Reason, TrackError
from chadsdk.export import ExportJob, ExportPlan, ExportResult, Manifest, ManifestEntry, MixExporter, PreflightReport
from chadsdk.library import Playlist, PlaylistEntry, Problem, Track
from chadsdk.progress import Event, Phase, Progress, TrackDone
from chadsdk.server import MusicServer
from chadsdk.settings import Settings
from chadsdk.source import CloudSource
from chadsdk.version import VERSION
from chadsdk.wire import ChadTrack

__version__ = VERSION

__all__ = [
    "BearerToken",
    "CachePolicy",
    "CancelToken",
    "ChadError",
    "ChadMusicAPIClient",
    "ChadTrack",
    "CloudSource",
    "Credentials",
    "DownloadService",
    "Event",
    "ExportCancelled",
    "ExportJob",
    "ExportPlan",
    "ExportResult",
    "FetchOutcome",
    "Fetched",
    "Manifest",
    "ManifestEntry",
    "MixExporter",
    "MusicServer",
    "Phase",
    "Playlist",
    "PlaylistEntry",
    "PreflightReport",
    "Problem",
    "Progress",
    "Reason",
    "Settings",
    "Track",
    "TrackDone",
    "TrackError",
    "Unavailable",
    "__version__",
]
