"""Cloud tracks into the cache: one source (`fetch`), many jobs (`pool`), and the service that joins them."""

from chadsdk.download.outcome import Fetched, FetchOutcome, Unavailable
from chadsdk.download.pool import run_all
from chadsdk.download.service import DownloadService

__all__ = ["DownloadService", "FetchOutcome", "Fetched", "Unavailable", "run_all"]
