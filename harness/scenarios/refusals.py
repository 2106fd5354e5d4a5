"""Rows 32 to 34: refusals, for a track, for everything, for now, and for links that have expired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.scenarios.scenario import SUBJECT, WHOLE, Asked, Expected, Hooks, Scenario
from harness.scenarios.staging import always, faulty
from harness.world import FaultEntry

if TYPE_CHECKING:
    from harness.scenarios.scene import Scene

__all__ = ["SCENARIOS"]

ONE_LINE: Mapping[str, object] = {"max_concurrent_downloads": 1}
PAST = "Wed, 21 Oct 2015 07:28:00 GMT"
FAR = "Wed, 01 Jan 2070 00:00:00 GMT"
SIGNED = "/open/tracks/1/audio.wav?sig=canary-signature"
AWAY: Asked = (None, 302)


def _got(status: int) -> tuple[Asked, ...]:
    return ((None, status),)


def _expired_link(name: str, explanation: str, *refusals: FaultEntry, expected: Expected) -> Scenario:
    """Every request is sent on to a signed link at an allowed origin, where these answers come first."""

    def before(scene: Scene) -> None:
        assert scene.other is not None
        scene.server.set_faults(SUBJECT, [{"redirect": scene.other.url + SIGNED, "always": True}])
        scene.other.set_faults(SIGNED.partition("?")[0], refusals)

    return Scenario(name, explanation, rows=(32, 36), hooks=Hooks(before=before), other="allowed", expected=expected)


def _too_patient(name: str, retry_after: str) -> Scenario:
    return Scenario(
        name,
        f"429 with Retry-After: {retry_after}: nobody waits so long, and nobody else asks the server meanwhile.",
        faulty(always(status=429, retry_after=retry_after)),
        rows=(33,),
        settings=ONE_LINE,
        expected=Expected(
            missing=dict.fromkeys((1, 2, 3), "rate_limited"), asked={SUBJECT: _got(429)}, others=(), within_s=10
        ),
    )


SCENARIOS = (
    Scenario(
        "token-refused",
        "401 without a way to refresh: the whole run stops at once.",
        faulty(always(status=401)),
        rows=(32,),
        settings=ONE_LINE,
        expected=Expected(error="AuthError", asked={SUBJECT: _got(401)}, others=(), cached=0),
    ),
    Scenario(
        "token-refreshed",
        "401 once, and new credentials.",
        faulty(({"status": 401},)),
        refreshes=True,
        rows=(32,),
        settings=ONE_LINE,
        expected=Expected(asked={SUBJECT: (*_got(401), WHOLE)}, api=2),
    ),
    Scenario(
        "token-refused-after-a-refresh",
        "401 also with new credentials: one refresh, and the run stops.",
        faulty(always(status=401)),
        refreshes=True,
        rows=(32,),
        settings=ONE_LINE,
        expected=Expected(error="AuthError", asked={SUBJECT: _got(401) * 2}, others=(), api=2, cached=0),
    ),
    Scenario(
        "forbidden-and-gone",
        "403, 404 and 410: each is that track's affair, and asked for once.",
        faulty(always(status=403), always(status=404), always(status=410)),
        rows=(32,),
        tracks=4,
        expected=Expected(
            missing={1: "forbidden", 2: "not_found", 3: "not_found"},
            asked={SUBJECT: _got(403), "t-2": _got(404), "t-3": _got(410)},
        ),
    ),
    _expired_link(
        "signed-link-expired",
        "A signed link at another origin has expired (410, 403): the server is asked for a new one, once.",
        {"status": 410},
        expected=Expected(asked={SUBJECT: (AWAY, AWAY)}, elsewhere=2),
    ),
    _expired_link(
        "signed-link-forbidden-always",
        "The new link is refused, too: missing, without a third.",
        {"status": 403, "always": True},
        expected=Expected(missing={1: "forbidden"}, asked={SUBJECT: (AWAY, AWAY)}, elsewhere=2),
    ),
    Scenario(
        "retry-after-a-second",
        "503 with Retry-After: 1: everybody waits that long, and all is well.",
        faulty(({"status": 503, "retry_after": "1"},)),
        rows=(33,),
        expected=Expected(asked={SUBJECT: (*_got(503), WHOLE)}),
    ),
    _too_patient("retry-after-an-hour", "3600"),
    _too_patient("retry-after-a-far-date", FAR),
    Scenario(
        "retry-after-nonsense",
        "Retry-After of -1, 1.5, soon, and a date that is past: as if it were not there.",
        faulty(*(({"status": 429, "retry_after": said},) for said in ("-1", "1.5", "soon", PAST))),
        rows=(33,),
        tracks=4,
        expected=Expected(others=(*_got(429), WHOLE), within_s=10),
    ),
    Scenario(
        "server-error-twice",
        "500 twice: the third attempt has it.",
        faulty(({"status": 500, "times": 2},)),
        rows=(34,),
        expected=Expected(asked={SUBJECT: (*_got(500) * 2, WHOLE)}),
    ),
    Scenario(
        "server-error-always",
        "500 for ever: as many requests as attempts.",
        faulty(always(status=500)),
        rows=(34,),
        expected=Expected(missing={1: "server"}, asked={SUBJECT: _got(500) * 3}),
    ),
)
