"""Tests of credentials: the refresh that threads share, and where headers go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from chadsdk.address import Origin
from chadsdk.auth import BearerToken, NoCredentials, OriginAuth, check_token
from chadsdk.cancel import CancelToken
from chadsdk.errors import AuthError, ConfigurationError, ExportCancelled, NetworkError
from tests.values.support import PATIENCE_S, all_at_once, in_time

_THREADS = 50


class _Hook:
    """A refresh that counts its calls and can be held at a gate."""

    def __init__(self, answer: Callable[[int], str], *, held: bool = False) -> None:
        self._answer = answer
        self.calls = 0
        self.entered, self.gate = threading.Event(), threading.Event()
        if not held:
            self.gate.set()

    def __call__(self) -> str:
        self.calls += 1
        self.entered.set()
        assert self.gate.wait(PATIENCE_S)
        return self._answer(self.calls)


def _raising(error: BaseException) -> Callable[[int], str]:
    def answer(_: int) -> str:
        raise error

    return answer


def _all_see_401(credentials: BearerToken) -> list[bool | BaseException]:
    rejected = credentials.headers()
    return all_at_once(_THREADS, lambda: credentials.refresh(rejected, CancelToken()))


def test_one_refresh_for_all_threads() -> None:
    """When 50 threads see a 401 for the same token at once, the hook is called once, and all go on."""
    hook = _Hook(lambda call: f"token-{call}")
    credentials = BearerToken("token-0", refresh=hook)
    assert _all_see_401(credentials) == [True] * _THREADS
    assert hook.calls == 1
    assert credentials.headers() == {"Authorization": "Bearer token-1"}


def test_who_comes_during_a_refresh_waits_for_it() -> None:
    """Threads that come while the hook runs do not call it, and go on only when it is over."""
    hook = _Hook(lambda _: "fresh", held=True)
    credentials = BearerToken("old", refresh=hook)
    rejected, coming = credentials.headers(), threading.Semaphore(0)
    outcomes: list[tuple[bool, str]] = []

    def refresh() -> None:
        coming.release()
        outcomes.append((credentials.refresh(rejected, CancelToken()), credentials.headers()["Authorization"]))

    threads = [threading.Thread(target=refresh, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert all(coming.acquire(timeout=PATIENCE_S) for _ in threads)
    assert hook.entered.wait(PATIENCE_S)
    assert outcomes == []
    hook.gate.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert outcomes == [(True, "Bearer fresh")] * 8
    assert hook.calls == 1


def test_a_late_401_of_the_old_token() -> None:
    """A 401 for a token that is replaced already costs no refresh."""
    hook = _Hook(lambda call: f"token-{call}")
    credentials = BearerToken("token-0", refresh=hook)
    old = credentials.headers()
    assert credentials.refresh(old, CancelToken())
    assert credentials.refresh(old, CancelToken())
    assert hook.calls == 1


def test_the_next_token_may_expire_too() -> None:
    """Once the server has accepted the new token, a later 401 is an expiry like the first: the hook is asked again."""
    hook = _Hook(lambda call: f"token-{call}")
    credentials = BearerToken("token-0", refresh=hook)
    for _ in range(3):
        assert credentials.refresh(credentials.headers(), CancelToken())
        credentials.accepted(credentials.headers())
    assert credentials.headers() == {"Authorization": "Bearer token-3"}


def test_a_new_token_that_is_refused_at_once_is_final() -> None:
    """A late thread that sees the new token refused gets `AuthError`, not another refresh."""
    hook = _Hook(lambda call: f"token-{call}")
    credentials = BearerToken("token-0", refresh=hook)
    assert credentials.refresh(credentials.headers(), CancelToken())
    with pytest.raises(AuthError):
        credentials.refresh(credentials.headers(), CancelToken())
    assert credentials.headers() == {"Authorization": "Bearer token-1"}


def test_a_refused_refresh_is_refused_for_all() -> None:
    """When the refresh itself is refused, every thread gets `AuthError`, and the hook is not asked again."""
    hook = _Hook(_raising(AuthError("The refresh token is refused.")))
    credentials = BearerToken("old", refresh=hook)
    assert [type(each) for each in _all_see_401(credentials)] == [AuthError] * _THREADS
    with pytest.raises(AuthError, match="The refresh token is refused"):
        credentials.refresh(credentials.headers(), CancelToken())
    assert hook.calls == 1


def test_a_refresh_that_gives_the_same_token() -> None:
    """A hook that gives back what was refused is refused for all, once, instead of being asked by each in turn."""
    hook = _Hook(lambda _: "old")
    credentials = BearerToken("old", refresh=hook)
    assert [type(each) for each in _all_see_401(credentials)] == [AuthError] * _THREADS
    assert hook.calls == 1


@pytest.mark.parametrize(
    "error",
    [KeyError("canary"), NetworkError("canary"), ExportCancelled("canary"), SystemExit("canary")],
    ids=lambda e: type(e).__name__,
)
def test_a_hook_that_fails(error: BaseException) -> None:
    """Whatever a hook raises, those who wait get `AuthError` without the foreign message, and nobody hangs."""
    credentials = BearerToken("old", refresh=_Hook(_raising(error)))
    outcomes = _all_see_401(credentials)
    assert [type(each) for each in outcomes] == [AuthError] * _THREADS
    assert not any("canary" in str(each) for each in outcomes)


def test_a_hook_that_fails_for_a_moment() -> None:
    """After a failure that says nothing about the credentials, a later 401 asks the hook again."""

    def answer(call: int) -> str:
        if call == 1:
            raise NetworkError("no connection")
        return "fresh"

    credentials = BearerToken("old", refresh=_Hook(answer))
    with pytest.raises(AuthError):
        credentials.refresh(credentials.headers(), CancelToken())
    assert credentials.refresh(credentials.headers(), CancelToken())


@pytest.mark.parametrize("answer", ["", "two words", "line\nend", None, 7, b"bytes", "tökén"])
def test_a_hook_that_gives_no_token(answer: Any) -> None:
    """What a hook gives is checked like what the user gives, and not shown."""
    credentials = BearerToken("old", refresh=_Hook(lambda _: answer))
    with pytest.raises(AuthError) as caught:
        credentials.refresh(credentials.headers(), CancelToken())
    assert not answer or str(answer) not in str(caught.value)
    assert credentials.headers() == {"Authorization": "Bearer old"}


def test_a_cancel_ends_the_wait_for_a_refresh() -> None:
    """Who waits for a refresh can be cancelled, the first as well; the refresh goes on, and others get its token."""
    hook = _Hook(lambda _: "fresh", held=True)
    credentials, cancelled = BearerToken("old", refresh=hook), CancelToken()
    rejected = credentials.headers()
    waiting = threading.Thread(target=lambda: outcomes.append(_outcome(credentials, rejected, cancelled)), daemon=True)
    outcomes: list[object] = []
    waiting.start()
    assert hook.entered.wait(PATIENCE_S)
    cancelled.cancel()
    waiting.join(PATIENCE_S)
    assert outcomes == [ExportCancelled]
    hook.gate.set()
    assert in_time(lambda: credentials.refresh(rejected, CancelToken()))
    assert (credentials.headers(), hook.calls) == ({"Authorization": "Bearer fresh"}, 1)


def _outcome(credentials: BearerToken, rejected: Any, token: CancelToken) -> object:
    try:
        return credentials.refresh(rejected, token)
    except ExportCancelled:
        return ExportCancelled


def test_the_hook_runs_with_no_lock_held() -> None:
    """A hook may look at the credentials that it renews."""
    seen: list[object] = []

    def hook() -> str:
        seen.append(dict(credentials.headers()))
        return "fresh"

    credentials = BearerToken("old", refresh=hook)
    assert in_time(lambda: credentials.refresh({"Authorization": "Bearer old"}, CancelToken()))
    assert seen == [{"Authorization": "Bearer old"}]


def test_without_a_hook_there_is_nothing_new() -> None:
    """A fixed token, or none, has nothing to refresh."""
    fixed = BearerToken("old")
    assert not fixed.refresh(fixed.headers(), CancelToken())
    assert not NoCredentials().refresh({}, CancelToken())
    assert NoCredentials().headers() == {}


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:}".format])
def test_a_token_is_not_shown(show: Callable[[object], str]) -> None:
    """No way of showing credentials shows the token."""
    auth = OriginAuth(Origin.of("https://music.example"), {"Authorization": "Bearer canary"})
    assert "canary" not in show(BearerToken("canary")) + show(auth)


@pytest.mark.parametrize(
    "token",
    ["", " ", "canary ", "can ary", "canary\n", "canary\r\nX: y", "canary\0", "canaryé", "canary\ud800", "\x7f"],
)
def test_tokens_that_no_header_can_hold(token: str) -> None:
    """A token with spaces, line ends or other than visible ASCII is refused, and not shown."""
    for use in (BearerToken, check_token):
        with pytest.raises(ConfigurationError) as caught:
            use(token)
        assert "canary" not in str(caught.value)
        assert caught.value.__context__ is None


@pytest.mark.parametrize("token", [None, 7, b"canary", ["canary"]])
def test_tokens_that_are_no_text(token: Any) -> None:
    """A token of another type is refused as clearly."""
    with pytest.raises(ConfigurationError):
        BearerToken(token)
