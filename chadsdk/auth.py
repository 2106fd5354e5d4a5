"""Credentials: what proves to a server who asks, and the refresh that all threads share.

They are given as headers, request by request, and only to the origin they belong to. No `repr`, message or log
shows them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from requests import PreparedRequest
from requests.auth import AuthBase

from chadsdk.address import Origin
from chadsdk.cancel import CancelToken
from chadsdk.errors import AuthError, ConfigurationError, UnsafeURLError

__all__ = ["BearerToken", "Credentials", "NoCredentials", "OriginAuth", "check_token"]

_POLL_S = 0.1

Headers = Mapping[str, str]


class Credentials(Protocol):
    """What a server client proves itself with. Thread-safe."""

    def headers(self) -> Headers:
        """Give the headers to send now."""

    def refresh(self, rejected: Headers, token: CancelToken) -> bool:
        """Get new credentials after the server answered 401.

        Args:
            rejected: The headers that were refused; when others are in force already, nothing is done.
            token: Waiting for another thread's refresh ends when it is cancelled.

        Returns:
            Whether there is something new to try.

        Raises:
            AuthError: The refresh itself was refused.
            ExportCancelled: Cancelled while waiting.
        """


class NoCredentials:
    """For servers that ask for none."""

    def headers(self) -> Headers:
        """Give no headers."""
        return {}

    def refresh(self, rejected: Headers, token: CancelToken) -> bool:
        """Have nothing to refresh."""
        del rejected, token
        return False


class BearerToken:
    """A bearer token (RFC 6750), with an optional hook that gets a new one.

    The hook is called once for all threads together, on the thread that saw the 401 first, with no lock held. What
    it raises reaches every waiting thread as `AuthError`.

    Args:
        token: Visible ASCII.
        refresh: Gives the next token.

    Raises:
        ConfigurationError: The token is empty or holds other characters; it is not shown.
    """

    def __init__(self, token: str, *, refresh: Callable[[], str] | None = None) -> None:
        self._hook = refresh
        self._lock = threading.Lock()
        self._token = check_token(token)  # guarded by _lock, as is what follows
        self._running: threading.Event | None = None
        self._failure: AuthError | None = None

    def __repr__(self) -> str:
        return "<BearerToken ***>"

    def headers(self) -> Headers:
        """Give the ``Authorization`` header."""
        with self._lock:
            return {"Authorization": f"Bearer {self._token}"}

    def refresh(self, rejected: Headers, token: CancelToken) -> bool:
        """See `Credentials.refresh`."""
        if self._hook is None:
            return False
        while True:
            with self._lock:
                if rejected.get("Authorization") != f"Bearer {self._token}":
                    return True
                if self._failure is not None:
                    raise AuthError(str(self._failure)) from self._failure
                running = self._running
                if running is None:
                    mine = self._running = threading.Event()
                    break
            # In slices: the event is the other thread's, only the token is ours to be woken by.
            while not running.wait(_POLL_S):
                token.raise_if_cancelled()
        self._run_hook(self._hook, mine)
        return True

    def _run_hook(self, hook: Callable[[], str], mine: threading.Event) -> None:
        fresh, failure = None, None
        try:
            fresh = check_token(hook())
        except AuthError as exc:
            failure = exc
            raise
        except Exception as exc:  # the hook is the user's code and may raise anything
            failure = AuthError(f"The credentials were refused, and getting new ones failed ({type(exc).__name__}).")
            raise failure from exc
        finally:
            with self._lock:
                self._token = fresh or self._token
                self._failure = failure
                self._running = None
            mine.set()


class OriginAuth(AuthBase):
    """Adds headers to requests that go to one origin, and to no other.

    Being set on every request, it also keeps requests from taking credentials out of ``~/.netrc``.
    """

    def __init__(self, home: Origin, headers: Headers) -> None:
        self._home = home
        self._headers = headers

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the headers where they belong."""
        try:
            at_home = r.url is not None and Origin.of(r.url) == self._home
        except UnsafeURLError:
            at_home = False
        if at_home:
            r.headers.update(self._headers)
        return r


def check_token(token: str) -> str:
    """Give back a token that can stand in a header.

    Raises:
        ConfigurationError: Empty, or not visible ASCII; the token is not shown.
    """
    if not isinstance(token, str) or not token or not all("!" <= c <= "~" for c in token):
        raise ConfigurationError("The token must be visible ASCII characters, without spaces or line ends.")
    return token
