"""The fault table, rows 27 to 35 and 43: answers that are no audio, refusals, redirects, bytes that are wrong.

A row's id starts with its number in the table of faults; what a row holds is said in `rows`. What takes more than one
track or another server stands in `test_answer_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chadsdk.errors import (
    ForbiddenError,
    IntegrityError,
    NotAudioError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    ServerError,
)
from harness.process import ServerHandle, running_server
from harness.world import FaultEntry, World
from tests.download.rows import REST, WHOLE, Asked, Row, for_ever, play

ITSELF = "/tracks/1/audio.wav"
REDIRECTED: Asked = (None, 302)
ENVELOPE = '{"subsonic-response": {"status": "failed", "error": {"code": 70, "message": "not found"}}}'


@pytest.fixture(scope="module")
def server(plain: World) -> Iterator[ServerHandle]:
    """One server for all rows: a row leaves nothing behind on it."""
    with running_server(plain) as handle:
        yield handle


def answered(status: int, count: int = 1) -> tuple[Asked, ...]:
    """So many requests for the whole that got this status."""
    return ((None, status),) * count


NOT_AUDIO = [
    Row("27 a login page", for_ever(html=True), (WHOLE,), NotAudioError),
    Row("27 a login page, nothing known", for_ever(html=True), (WHOLE,), NotAudioError, known="nothing"),
    Row("27 a redirect to a login page", ({"redirect": ITSELF}, "html"), (REDIRECTED, WHOLE), NotAudioError),
    Row("27 a login page, with a partial", for_ever(html=True), ((200_000, 200),), NotAudioError, partial=True),
    Row("28 a page that says it is audio", for_ever(html="audio/wav"), (WHOLE,), NotAudioError),
    Row("28 a page that says it is audio, nothing known", for_ever(html="audio/wav"), (WHOLE,), NotAudioError,
        known="nothing"),
    *(
        Row(f"29 an error report as {said}", for_ever(body=ENVELOPE, content_type=said), (WHOLE,), NotAudioError,
            known=known)
        for said, known in (("application/json", "all"), ("audio/wav", "nothing"))
    ),
    Row("30 an archive", for_ever(body="PK\x03\x04" + "x" * 9996, repeat=40, content_type="application/zip"), (WHOLE,),
        NotAudioError),
    Row("30 an archive, nothing known", for_ever(body="PK\x03\x04" + "x" * 9996, content_type="audio/wav"), (WHOLE,),
        NotAudioError, known="nothing"),
    Row("31 zero bytes", for_ever(empty=True), (WHOLE,) * 2, IntegrityError),
    Row("31 zero bytes, nothing known", for_ever(empty=True), (WHOLE,) * 2, IntegrityError, known="nothing"),
    Row("31 zero bytes once", ("empty",), (WHOLE,) * 2),
    Row("31 no content", for_ever(status=204), answered(204), ProtocolError),
]  # fmt: skip
REFUSED = [
    Row("32 forbidden", for_ever(status=403), answered(403), ForbiddenError),
    Row("32 not found", for_ever(status=404), answered(404), NotFoundError),
    Row("32 gone", for_ever(status=410), answered(410), NotFoundError),
    Row("32 not found, with a partial", for_ever(status=404), ((200_000, 404),), NotFoundError, partial=True,
        kept=(200_000,)),
]  # fmt: skip
#: What a server may say in Retry-After that is no wait of its own: ours is taken, and the next attempt is made.
NO_WAITS = ["-1", "1.5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "1, 2", "\u00b2", "0"]
ASKED_TO_WAIT = [
    *(
        Row(f"33 {status} retry after {said!r}", ({"status": status, "retry_after": said},), (*answered(status), WHOLE))
        for status, said in [*((503, said) for said in NO_WAITS), (429, "0"), (429, "soon")]
    ),
    Row("33 two headers", ({"status": 503, "headers": {"Retry-After": ["1", "3600"]}},), (*answered(503), WHOLE)),
    Row("33 429 for ever", for_ever(status=429), answered(429, 3), RateLimitedError),
    Row("33 a wait, with a partial", ({"status": 503, "retry_after": "0"},), ((200_000, 503), REST), partial=True),
]  # fmt: skip
FAILING = [
    Row("34 500 for ever", for_ever(status=500), answered(500, 3), ServerError),
    Row("34 500 twice", ({"status": 500, "times": 2},), (*answered(500, 2), WHOLE)),
    Row("34 500 for ever, with a partial", for_ever(status=500), ((200_000, 500),) * 3, ServerError, partial=True,
        kept=(200_000,)),
    Row("34 501", for_ever(status=501), answered(501), ServerError),
]  # fmt: skip
TWENTY: tuple[FaultEntry, ...] = ({"redirect": ITSELF, "times": 20},)
REDIRECTS = [
    Row("35 a loop", for_ever(redirect=ITSELF), (REDIRECTED,) * 6, ProtocolError),
    Row("35 twenty hops", TWENTY, (REDIRECTED,) * 6, ProtocolError),
    Row("35 five hops", ({"redirect": ITSELF, "times": 5},), (*(REDIRECTED,) * 5, WHOLE)),
    Row("35 to nowhere", for_ever(status=302), answered(302), ProtocolError),
]
WRONG = [
    Row("43 one bit", for_ever(wrong_bytes=0.7), (WHOLE,) * 2, IntegrityError),
    Row("43 one bit, once", ({"wrong_bytes": 0.7},), (WHOLE,) * 2),
]

TABLE = [*NOT_AUDIO, *REFUSED, *ASKED_TO_WAIT, *FAILING, *REDIRECTS, *WRONG]


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_row(row: Row, server: ServerHandle, tmp_path: Path) -> None:
    """Error, requests, partials and names are exactly those of the row, and the next run needs no cleaning."""
    play(row, server, tmp_path / "cache")
