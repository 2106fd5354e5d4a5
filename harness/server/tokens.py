"""Who may ask: access tokens, refresh tokens, and when the first ones stop being good."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

__all__ = ["TokenDesk", "TokenPair"]


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token and the refresh token that buys the next pair."""

    token: str
    refresh_token: str


class TokenDesk:
    """Issues and checks tokens; one access token is good at a time. Safe to use from any thread."""

    def __init__(self, first: TokenPair, *, good_for_requests: int | None) -> None:
        self._lock = threading.Lock()  # guards all below
        self._access: str | None = first.token
        self._refresh = first.refresh_token
        self._left = good_for_requests

    def admits(self, authorization: str | None) -> bool:
        """Whether the value of an Authorization header is good now; uses up one request of the first token."""
        scheme, _, token = (authorization or "").partition(" ")
        with self._lock:
            if scheme.lower() != "bearer" or self._access is None or token.strip() != self._access:
                return False
            if self._left is not None:
                if self._left <= 0:
                    return False
                self._left -= 1
            return True

    def expire(self) -> None:
        """From now on the access token is no longer good; the refresh token still is."""
        with self._lock:
            self._access = None

    def exchange(self, refresh_token: object) -> TokenPair | None:
        """A new pair for a refresh token, which with that is used up; None if it is not good."""
        with self._lock:
            if refresh_token != self._refresh:
                return None
            pair = TokenPair(f"access-{secrets.token_hex(8)}", f"refresh-{secrets.token_hex(8)}")
            self._access, self._refresh, self._left = pair.token, pair.refresh_token, None
            return pair
