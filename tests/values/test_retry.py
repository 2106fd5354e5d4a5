"""Tests of when to try again and how long to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.errors import (
    AuthError,
    ExportCancelled,
    ForbiddenError,
    IntegrityError,
    NetworkError,
    NotAudioError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    ServerError,
    StalledError,
    TrackError,
    TruncatedError,
    UnsafeURLError,
)
from chadsdk.retry import RetryPolicy, retrying
from chadsdk.settings import Settings
from tests.values.support import in_time

_POLICY = RetryPolicy(attempts=5, base_s=0.5, cap_s=4.0, retry_after_max_s=60.0, retry_after_total_s=100.0)
_AT_ONCE = replace(_POLICY, base_s=0.0)
_PROGRESS_BYTES = 64 * 1024


def _wait(error: TrackError, *, failures: int = 1, waited_s: float = 0.0, chance: float = 0.5) -> float:
    return _POLICY.wait_s(error, failures=failures, waited_s=waited_s, chance=chance)


@pytest.mark.parametrize(
    ("failures", "chance", "wait_s"),
    [(1, 0.0, 0.0), (1, 0.5, 0.25), (2, 0.5, 0.5), (3, 0.5, 1.0), (4, 0.5, 2.0), (4, 0.999, 3.996)],
)
def test_waits_double_and_are_random(failures: int, chance: float, wait_s: float) -> None:
    """The upper end of a wait doubles with each failure, and the wait is drawn from all below it."""
    assert _wait(NetworkError("x"), failures=failures, chance=chance) == pytest.approx(wait_s)


@pytest.mark.parametrize("failures", [5, 50, 2_000, 10**6])
def test_waits_have_a_cap(failures: int) -> None:
    """However many attempts a user allows, no wait is above the cap."""
    policy = replace(_POLICY, attempts=10**7)
    assert policy.wait_s(NetworkError("x"), failures=failures, waited_s=0, chance=0.5) == 2.0


@pytest.mark.parametrize("failures", [5, 6])
def test_attempts_have_an_end(failures: int) -> None:
    """After the last attempt the error itself comes out."""
    error = NetworkError("x")
    with pytest.raises(NetworkError) as caught:
        _wait(error, failures=failures)
    assert caught.value is error


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        (NetworkError, True),
        (StalledError, True),
        (TruncatedError, True),
        (ServerError, True),
        (RateLimitedError, True),
        (IntegrityError, True),
        (ForbiddenError, False),
        (NotFoundError, False),
        (NotAudioError, False),
        (ProtocolError, False),
        (UnsafeURLError, False),
    ],
)
def test_what_is_worth_another_attempt(kind: type[TrackError], again: bool) -> None:
    """What may pass is tried again, what will not is not; whoever raises may say otherwise."""
    for error, expected in ((kind("x"), again), (kind("x", retryable=True), True), (kind("x", retryable=False), False)):
        try:
            _wait(error)
        except kind:
            assert not expected
        else:
            assert expected


@pytest.mark.parametrize("kind", [RateLimitedError, ServerError])
def test_the_servers_wish_is_heard(kind: type[TrackError]) -> None:
    """A wait that the server asks for is kept in full, and a little is added so that clients do not come in step."""
    assert _wait(kind("x", retry_after_s=7.0), chance=0.0) == 7.0
    assert _wait(kind("x", retry_after_s=7.0), chance=0.5) == 7.25
    assert _wait(kind("x", retry_after_s=0.0), chance=0.0) == 0.0


@pytest.mark.parametrize(("asked_s", "waited_s"), [(60.1, 0.0), (1e12, 0.0), (51.0, 50.0), (0.1, 100.0)])
def test_more_patience_than_we_have(asked_s: float, waited_s: float) -> None:
    """A wait above the budget, alone or in sum, fails at once as rate-limited, from any error, instead of sleeping."""
    error = ServerError("busy.", retry_after_s=asked_s)
    with pytest.raises(RateLimitedError, match="longer than we wait") as caught:
        _wait(error, waited_s=waited_s)
    assert not caught.value.retryable
    assert caught.value.retry_after_s == asked_s
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(("asked_s", "waited_s"), [(60.0, 0.0), (50.0, 50.0)])
def test_just_the_patience_that_we_have(asked_s: float, waited_s: float) -> None:
    """The budget itself may be used up."""
    assert _wait(RateLimitedError("x", retry_after_s=asked_s), waited_s=waited_s, chance=0.0) == asked_s


def test_the_policy_of_the_settings() -> None:
    """The numbers are the user's."""
    settings = Settings(
        cache_dir=Path("/x"),
        attempts=9,
        backoff_base_s=1,
        backoff_cap_s=2,
        retry_after_max_s=3,
        retry_after_total_s=4,
        min_bytes_per_s=5,
        min_rate_window_s=6,
    )
    assert RetryPolicy.of(settings) == RetryPolicy(9, 1, 2, 3, 4, trickle_bytes=30)


class _Script:
    """An attempt that does one step after another: raises an error, or returns."""

    def __init__(self, *steps: BaseException | str) -> None:
        self._steps: Iterator[BaseException | str] = iter(steps)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        step = next(self._steps)
        if isinstance(step, BaseException):
            raise step
        return step


def _try(script: Callable[[], str], *, reached: Callable[[], int] = lambda: 0, policy: RetryPolicy = _AT_ONCE) -> str:
    return retrying(script, policy=policy, token=CancelToken(), reached=reached, chance=lambda: 0.5)


def test_failures_and_then_success() -> None:
    """Four failures are survived, and the result is the fifth attempt's."""
    script = _Script(*[NetworkError("x")] * 4, "done")
    assert _try(script) == "done"


def test_the_attempts_are_counted() -> None:
    """With five attempts allowed, five are made, and the last failure comes out."""
    last = ServerError("last")
    script = _Script(*[NetworkError("x")] * 4, last)
    with pytest.raises(ServerError) as caught:
        _try(script)
    assert (caught.value, script.calls) == (last, 5)


@pytest.mark.parametrize("error", [NotFoundError("x"), AuthError("x"), ExportCancelled("x"), KeyError("x")])
def test_what_is_not_retried(error: Exception) -> None:
    """What another attempt cannot mend comes out at once."""
    script = _Script(error)
    with pytest.raises(type(error)):
        _try(script)
    assert script.calls == 1


@pytest.mark.parametrize("kind", [IntegrityError, ForbiddenError, NotFoundError])
def test_a_corrupt_body_is_tried_once_more(kind: type[TrackError]) -> None:
    """A wrong digest is worth one more attempt, and so is a link that has expired: the next may be right."""
    assert _try(_Script(kind("x", retryable=True), "done")) == "done"


@pytest.mark.parametrize("kind", [IntegrityError, ForbiddenError, NotFoundError])
@pytest.mark.parametrize("between", [[], [NetworkError("x")], [NetworkError("x"), StalledError("x")]], ids=len)
def test_a_corrupt_body_twice(between: list[TrackError], kind: type[TrackError]) -> None:
    """The second time is the end, whatever came between and however much was received."""
    script = _Script(kind("x", retryable=True), *between, kind("x", retryable=True), "never")
    growing = iter(range(0, 10**9, _PROGRESS_BYTES))
    with pytest.raises(kind):
        _try(script, reached=lambda: next(growing))
    assert script.calls == 2 + len(between)


@pytest.mark.parametrize(("step", "calls"), [(_PROGRESS_BYTES, 12), (_PROGRESS_BYTES // 8, 5), (1, 5), (0, 5)])
def test_progress_resets_the_count(step: int, calls: int) -> None:
    """Failures count anew after real progress; a server that gives a byte per attempt does not keep us for ever."""
    script = _Script(*[TruncatedError("x")] * 11, "done")
    try:
        result = _try(script, reached=lambda: script.calls * step)
    except TruncatedError:
        result = "gave up"
    assert (script.calls, result) == (calls, "done" if calls == 12 else "gave up")


def test_crumbs_of_slow_attempts_do_not_add_up() -> None:
    """Bodies that were cut for slowness bring a little each time; that ends with the attempts, however long it is."""
    script = _Script(*[StalledError("x")] * 11, "done")
    with pytest.raises(StalledError):
        _try(script, reached=lambda: script.calls * (_PROGRESS_BYTES - 1))
    assert script.calls == 5


def test_a_high_floor_is_no_way_around_the_attempts() -> None:
    """What a body at just the slowest speed would bring is no progress, also where that is more than a crumb."""
    policy = replace(_AT_ONCE, trickle_bytes=10 * _PROGRESS_BYTES)
    for step, calls in ((9 * _PROGRESS_BYTES, 5), (10 * _PROGRESS_BYTES, 12)):
        script = _Script(*[StalledError("x")] * 11, "done")
        try:
            result = _try(script, policy=policy, reached=lambda script=script, step=step: script.calls * step)  # type: ignore[misc]
        except StalledError:
            result = "gave up"
        assert (script.calls, result) == (calls, "done" if calls == 12 else "gave up")


def test_a_broken_line_counts_crumbs_as_before() -> None:
    """A connection that breaks is not slow: what its attempts bring adds up, whatever the slowest speed is."""
    policy = replace(_AT_ONCE, trickle_bytes=10 * _PROGRESS_BYTES)
    script = _Script(*[TruncatedError("x")] * 11, "done")
    assert _try(script, policy=policy, reached=lambda: script.calls * _PROGRESS_BYTES // 2) == "done"


def test_what_was_not_asked_is_no_attempt() -> None:
    """An attempt that finds the server wanting to be left alone is not counted."""
    script = _Script(*[RateLimitedError("x", retry_after_s=0.001, asked=False)] * 11, NetworkError("x"), "done")
    assert _try(script, policy=replace(_AT_ONCE, attempts=2)) == "done"


def test_waiting_without_asking_uses_up_the_patience() -> None:
    """Waits for a gate and waits of one's own are one sum, each counted once."""
    policy = replace(_AT_ONCE, retry_after_max_s=1, retry_after_total_s=0.0035)
    mine = RateLimitedError("x", retry_after_s=0.001)
    another = RateLimitedError("x", retry_after_s=0.001, asked=False)
    script = _Script(mine, another, another, another, "never")
    with pytest.raises(RateLimitedError, match="longer than we wait"):
        _try(script, policy=policy)
    assert script.calls == 4


def test_the_sum_of_waits_is_remembered() -> None:
    """Waits that the server asks for add up over the attempts, also when bytes came between them."""
    policy = replace(_AT_ONCE, attempts=50, retry_after_max_s=1, retry_after_total_s=0.0035)
    script = _Script(*[RateLimitedError("x", retry_after_s=0.001)] * 20)
    with pytest.raises(RateLimitedError, match="longer than we wait"):
        _try(script, policy=policy, reached=lambda: script.calls * _PROGRESS_BYTES)
    assert script.calls == 4


def test_a_cancel_comes_before_the_error() -> None:
    """An error that a cancel has caused, such as a connection that it cut, is the cancel."""
    token = CancelToken()

    def attempt() -> str:
        token.cancel()
        raise NotFoundError("x")

    with pytest.raises(ExportCancelled):
        retrying(attempt, policy=_AT_ONCE, token=token)


def test_no_attempt_after_a_cancel() -> None:
    """On a cancelled token nothing is tried."""
    token, script = CancelToken(), _Script("never")
    token.cancel()
    with pytest.raises(ExportCancelled):
        retrying(script, policy=_AT_ONCE, token=token)
    assert script.calls == 0


def test_a_cancel_ends_a_wait() -> None:
    """A back-off is waited on the token: a cancel in it ends everything at once."""
    token = CancelToken()

    def draw() -> float:
        token.cancel()  # after the failure was looked at, before the wait
        return 1.0

    script = _Script(NetworkError("x"), "never")
    with pytest.raises(ExportCancelled):
        in_time(lambda: retrying(script, policy=replace(_POLICY, base_s=3600, cap_s=3600), token=token, chance=draw))
    assert script.calls == 1
