"""When to try again, and how long to wait: one loop around request, body and verification.

urllib3's own retries are off: they do not cover the body, and their sleep cannot be interrupted.
"""

from __future__ import annotations

import email.utils
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import TypeVar

from chadsdk.cancel import CancelToken
from chadsdk.errors import (
    ForbiddenError,
    IntegrityError,
    NotFoundError,
    RateLimitedError,
    StalledError,
    TrackError,
)
from chadsdk.settings import Settings

__all__ = ["RetryPolicy", "parse_retry_after", "retrying"]

T = TypeVar("T")

_FOREVER_S = 1e12  # longer than any budget, and still a number that a message can show

#: What may be put right by asking once more, and not by asking often: wrong bytes, a link that has expired.
_ONCE_MORE = (IntegrityError, ForbiddenError, NotFoundError)
_REAL_PROGRESS_BYTES = 64 * 1024  # fewer do not count, or a server that gives a byte per attempt never ends


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Numbers of the loop; see `Settings` for their meaning."""

    attempts: int
    base_s: float
    cap_s: float
    retry_after_max_s: float
    retry_after_total_s: float
    trickle_bytes: float = 0.0  # what a body that is too slow may bring all the same before it is cut

    @classmethod
    def of(cls, settings: Settings) -> RetryPolicy:
        """Take them from the settings."""
        return cls(
            attempts=settings.attempts,
            base_s=settings.backoff_base_s,
            cap_s=settings.backoff_cap_s,
            retry_after_max_s=settings.retry_after_max_s,
            retry_after_total_s=settings.retry_after_total_s,
            trickle_bytes=settings.min_bytes_per_s * settings.min_rate_window_s,
        )

    def is_progress(self, error: TrackError, *, grown_bytes: int) -> bool:
        """Say whether so many bytes, which came before this error, are reason enough to count failures anew."""
        least = max(_REAL_PROGRESS_BYTES, self.trickle_bytes) if _is_stall(error) else _REAL_PROGRESS_BYTES
        return grown_bytes >= least

    def wait_s(self, error: TrackError, *, failures: int, waited_s: float, chance: float) -> float:
        """Give the wait before the next attempt, or raise when there is to be none.

        Args:
            error: What the last attempt came to.
            failures: Failed attempts since the last progress, this one included.
            waited_s: What was waited on the server's request so far.
            chance: Uniform in [0, 1): full jitter, so that clients do not come back in step.

        Raises:
            TrackError: `error`, or `RateLimitedError` when the server asks for more patience than we have.
        """
        if not error.retryable or failures >= self.attempts:
            raise error
        jitter = chance * min(self.cap_s, self.base_s * 2.0 ** min(failures - 1, 64))
        if error.retry_after_s is None:
            return jitter
        if error.retry_after_s > self.retry_after_max_s or waited_s + error.retry_after_s > self.retry_after_total_s:
            raise RateLimitedError(
                f"{error} It asks to come back in {error.retry_after_s:.0f} s, which is longer than we wait.",
                retryable=False,
                retry_after_s=error.retry_after_s,
            ) from error
        return error.retry_after_s + chance * self.base_s


def retrying(
    attempt: Callable[[], T],
    *,
    policy: RetryPolicy,
    token: CancelToken,
    reached: Callable[[], int] = lambda: 0,
    chance: Callable[[], float] = random.random,
) -> T:
    """Call `attempt` until it succeeds or the policy gives up.

    Progress resets the count of failures; wrong bytes, and what another origin refuses, are tried once more, and never
    again. An attempt that was not made, because the server wants to be left alone, counts as none, but waiting for it
    uses up the patience.

    Args:
        attempt: One whole attempt.
        policy: The numbers.
        token: All waiting is done on it.
        reached: How many bytes are had so far; only real growth counts as progress.
        chance: Source of jitter.

    Raises:
        ExportCancelled: Cancelled before, between or in an attempt.
        TrackError: The last failure.
    """
    failures, doubtful, mark, waited_s = 0, 0, reached(), 0.0
    while True:
        token.raise_if_cancelled()
        try:
            return attempt()
        except TrackError as exc:
            # First the flag: a connection that a cancel cut looks like a failure of the network.
            token.raise_if_cancelled()
            doubtful += isinstance(exc, _ONCE_MORE)
            if doubtful > 1:
                raise
            failures += _was_asked(exc)
            if policy.is_progress(exc, grown_bytes=reached() - mark):
                failures, mark = 1, reached()
            elif _is_stall(exc):
                mark = reached()  # crumbs of many slow attempts do not add up to progress
            wait_s = policy.wait_s(exc, failures=failures, waited_s=waited_s, chance=chance())
            waited_s += exc.retry_after_s or 0.0
        token.sleep(wait_s)


def _is_stall(error: TrackError) -> bool:
    return isinstance(error, StalledError)


def _was_asked(error: TrackError) -> bool:
    return not isinstance(error, RateLimitedError) or error.asked


def parse_retry_after(value: str | None, *, now: float | None = None) -> float | None:
    """Give the seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3).

    Args:
        value: Whole seconds or an HTTP date; None when there is no such header.
        now: Seconds of the epoch; the present by default.

    Returns:
        0 or more; None when absent or malformed, such as ``-1``, ``1.5`` or ``soon``.
    """
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(float(text), _FOREVER_S)
    try:
        date = email.utils.parsedate_to_datetime(text)
        # The asctime form, which RFC 9110 (5.6.7) has recipients accept, names no zone: it is UTC.
        then = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, then - (time.time() if now is None else now))
