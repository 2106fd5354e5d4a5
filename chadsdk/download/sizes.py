"""`ask_sizes`: how long files are that nobody knows the length of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chadsdk.cancel import CancelToken
from chadsdk.download.pool import run_all
from chadsdk.errors import ForbiddenError, NotFoundError, TrackError
from chadsdk.retry import RetryPolicy, retrying
from chadsdk.source import CloudSource

__all__ = ["ask_sizes"]


def ask_sizes(
    sources: Sequence[CloudSource],
    ask: Callable[[CloudSource, CancelToken], int | None],
    *,
    workers: int,
    token: CancelToken,
    policy: RetryPolicy,
) -> dict[CloudSource, int | None]:
    """Ask for each length once; None where the server does not say, 0 where it has no such track.

    Raises:
        ExportCancelled: Cancelled.
        ChadError: Nothing can be had.
    """
    # A length is not worth another attempt; but it waits as long as the server wants to be left alone.
    once = replace(policy, attempts=1)

    def ask_one(source: CloudSource, batch: CancelToken) -> int | None:
        try:
            return retrying(lambda: ask(source, batch), policy=once, token=batch)
        except (NotFoundError, ForbiddenError):
            return 0  # nothing will come; the download will tell why
        except TrackError:
            return None

    found: dict[CloudSource, int | None] = {}
    run_all(sources, ask_one, workers=workers, token=token, settled=found.__setitem__, tick=lambda: None)
    return found
