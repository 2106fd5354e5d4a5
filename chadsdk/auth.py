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

    def accepted(self, headers: Headers) -> None:
        """Hear that the server did not refuse these headers.

        New credentials that are refused before they were ever accepted are not worth another refresh.
        """

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

    def accepted(self, headers: Headers) -> None:
        """Take no notice."""

    def refresh(self, rejected: Headers, token: CancelToken) -> bool:
        """Have nothing to refresh."""
        del rejected, token
        return False


class BearerToken:
    """A bearer token (RFC 6750), with an optional hook that gets a new one.

    The hook is called once for all threads together, on a thread of its own and with no lock held. Those who wait for
    it may be cancelled; the hook itself never is, because the new token of a server that gives each but once would
    be lost. What it raises reaches all that wait as `AuthError`; after an `AuthError` of its own it is not asked again.

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
        self._call: _Call | None = None
        self._refused: AuthError | None = None
        self._unproven = False  # whether the token came from the hook and no answer has accepted it yet

    def __repr__(self) -> str:
        return "<BearerToken ***>"

    def headers(self) -> Headers:
        """Give the ``Authorization`` header."""
        with self._lock:
            return {"Authorization": f"Bearer {self._token}"}

    def accepted(self, headers: Headers) -> None:
        """See `Credentials.accepted`."""
        if not self._unproven:  # asked without the lock, because it is asked after every answer
            return
        with self._lock:
            if headers.get("Authorization") == f"Bearer {self._token}":
                self._unproven = False

    def refresh(self, rejected: Headers, token: CancelToken) -> bool:
        """See `Credentials.refresh`."""
        if self._hook is None:
            return False
        with self._lock:
            if rejected.get("Authorization") != f"Bearer {self._token}":
                return True
            if self._unproven:
                raise AuthError("The credentials were refused, and the new ones as well.")
            if self._refused is not None:
                raise AuthError(str(self._refused)) from self._refused
            call, first = self._call or _Call(), self._call is None
            self._call = call
        if first:
            self._start(self._hook, call)
        # In slices: the event is the other thread's, only the token is ours to be woken by.
        while not call.over.wait(_POLL_S):
            token.raise_if_cancelled()
        if call.failure is not None:
            raise AuthError(str(call.failure)) from call.failure
        return True

    def _start(self, hook: Callable[[], str], call: _Call) -> None:
        # A daemon: what it waits for is not worth keeping an interpreter alive.
        thread = threading.Thread(target=self._run_hook, args=(hook, call), name="chadsdk-auth", daemon=True)
        try:
            thread.start()
        except RuntimeError as exc:  # the system gives no more threads
            call.failure = AuthError(f"The credentials were refused, and new ones cannot be asked for: {exc}.")
            with self._lock:
                self._call = None
            call.over.set()

    def _run_hook(self, hook: Callable[[], str], call: _Call) -> None:
        fresh, refused = None, None
        try:
            fresh = _next_token(hook, self._token)
        except AuthError as exc:
            call.failure = refused = exc
        except BaseException as exc:  # noqa: BLE001 - the hook is the user's code and may raise anything, SystemExit too
            failure = AuthError(f"The credentials were refused, and getting new ones failed ({type(exc).__name__}).")
            failure.__cause__ = exc
            call.failure = failure
        with self._lock:
            self._token = fresh or self._token
            self._unproven = fresh is not None
            self._refused = refused
            self._call = None
        call.over.set()


class _Call:
    """One call of a refresh hook, for those who wait for it."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.failure: AuthError | None = None  # written before `over` is set


def _next_token(hook: Callable[[], str], old: str) -> str:
    """Ask the hook.

    Raises:
        AuthError: It gave the token that was refused; each of the waiting threads would ask for another in turn.
    """
    fresh = check_token(hook())
    if fresh == old:
        raise AuthError("The credentials were refused, and the refresh gave the same ones again.")
    return fresh


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
