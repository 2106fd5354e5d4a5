"""What a status that is no answer means."""

from __future__ import annotations

from chadsdk.errors import ForbiddenError, NotFoundError, ProtocolError, RateLimitedError, ServerError, TrackError

__all__ = ["refusal"]

_GONE = 410
_TRY_LATER = {408, 425, 500, 502, 503, 504}


def refusal(status: int, what: str, retry_after_s: float | None, *, elsewhere: bool = False) -> TrackError:
    """Give the error of a status other than 200, 206 and 416.

    Args:
        status: The status.
        what: What was asked for.
        retry_after_s: The wait that the server asks for, if it does.
        elsewhere: Another origin says so, to which the server redirects. A link that has expired there may be replaced
            by a new one when the server is asked again, so that is worth one more attempt, see `chadsdk.retry`.
    """
    match status:
        case 401 | 403 if elsewhere:
            message = f"The origin that the server redirects to refuses {what} ({status})."
            return ForbiddenError(message, retryable=True)
        case 403:
            return ForbiddenError(f"The server does not allow {what} to this user (403).")
        case 404 | 410:
            return NotFoundError(f"The server has no {what} ({status}).", retryable=elsewhere and status == _GONE)
        case 429:
            return RateLimitedError(f"The server is asked too often (429) for {what}.", retry_after_s=retry_after_s)
        case _ if status in _TRY_LATER:
            return ServerError(f"The server fails ({status}) for {what}.", retry_after_s=retry_after_s)
        case _ if status >= 500:
            return ServerError(f"The server fails ({status}) for {what}.", retryable=False)
    # 1xx as a final answer is what requests makes of 103 Early Hints.
    return ProtocolError(f"An unexpected answer ({status}) for {what}.", retryable=status < 200)
