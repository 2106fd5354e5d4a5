"""Resuming: what is asked, what is believed, and what is never joined."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from requests.structures import CaseInsensitiveDict

from chadsdk.cache import Validator
from chadsdk.cancel import CancelToken
from chadsdk.download.resume import RangeAsked, Step, judge, validator_of
from chadsdk.errors import AuthError, IntegrityError, ProtocolError
from chadsdk.exchange import Reply
from chadsdk.progress import Event, Progress
from harness.recording import sha256_of
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import PATIENCE_S, Rig, Running, bare, final_files, source_of

KNOWN = Validator('"v1"', 1000)
REST = RangeAsked(400, 1000, KNOWN)
GOOD = {"Content-Range": "bytes 400-999/1000", "Content-Length": "600", "ETag": '"v1"'}


def reply(status: int, **headers: str) -> Reply:
    return Reply(status, CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()}))


@dataclass(frozen=True)
class Case:
    """A reply to a request for the bytes from 400 of 1000, and what is to be made of it."""

    name: str
    reply: Reply
    step: Step | None
    asked: RangeAsked | None = REST


def part(name: str, step: Step, **changes: str) -> Case:
    headers = {key.replace("-", "_"): value for key, value in GOOD.items()} | changes
    return Case(name, reply(206, **{key: value for key, value in headers.items() if value}), step)


CASES = [
    part("the rest", Step.APPEND),
    part("no etag in the 206", Step.APPEND, ETag=""),
    part("no length in the 206", Step.APPEND, Content_Length=""),
    part("identity said aloud", Step.APPEND, Content_Encoding="identity"),
    part("another etag", Step.RESTART, ETag='"v2"'),
    part("the etag weakened", Step.RESTART, ETag='W/"v1"'),
    part("from the start", Step.RESTART, Content_Range="bytes 0-999/1000", Content_Length="1000"),
    part("off by one", Step.RESTART, Content_Range="bytes 401-999/1000", Content_Length="599"),
    part("not to the end", Step.RESTART, Content_Range="bytes 400-998/1000", Content_Length="599"),
    part("another total", Step.RESTART, Content_Range="bytes 400-999/1001"),
    part("total unknown", Step.RESTART, Content_Range="bytes 400-999/*"),
    part("no Content-Range", Step.RESTART, Content_Range=""),
    part("two ranges", Step.RESTART, Content_Range="bytes 400-499/1000, bytes 500-999/1000"),
    part("nonsense", Step.RESTART, Content_Range="bytes all"),
    part("length contradicts the range", Step.RESTART, Content_Length="599"),
    Case("multipart", reply(206, Content_Type="multipart/byteranges; boundary=x"), Step.RESTART),
    Case("the whole again", reply(200, Content_Length="1000"), Step.WHOLE),
    Case("the whole, nothing asked", reply(200), Step.WHOLE, None),
    Case("nothing left", reply(416, Content_Range="bytes */1000"), Step.COMPLETE, RangeAsked(1000, 1000, KNOWN)),
    Case("nothing left, nothing said", reply(416), Step.COMPLETE, RangeAsked(1000, 1000, KNOWN)),
    Case(
        "nothing left, of another", reply(416, Content_Range="bytes */900"), Step.RESTART, RangeAsked(1000, 1000, KNOWN)
    ),
    Case("416 on a piece", reply(416, Content_Range="bytes */400"), Step.RESTART),
    Case("a part that nobody asked for", reply(206, Content_Range="bytes 0-99/1000"), None, None),
    Case("416 to a plain request", reply(416), None, None),
    Case("compressed", reply(200, Content_Encoding="gzip"), None),
    Case("a compressed part", reply(206, Content_Encoding="br", Content_Range="bytes 400-999/1000"), None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_reply_is_judged(case: Case) -> None:
    """Only a part of the same version that starts where we stopped is joined; anything else starts over or fails."""
    if case.step is None:
        with pytest.raises(ProtocolError):
            judge(case.reply, case.asked)
    else:
        assert judge(case.reply, case.asked) is case.step


@pytest.mark.parametrize(
    ("start", "stop", "wanted"),
    [(400, 1000, "bytes=400-"), (400, 700, "bytes=400-699"), (1000, 1000, "bytes=1000-")],
)
def test_what_is_asked(start: int, stop: int, wanted: str) -> None:
    """A range is asked for under its validator; its end is named only where it is not the file's."""
    assert RangeAsked(start, stop, KNOWN).headers == {"Range": wanted, "If-Range": '"v1"'}


def test_an_inner_range_is_judged_by_its_own_end() -> None:
    """What a helper asks for is a piece out of the middle."""
    asked = RangeAsked(400, 700, KNOWN)
    good = reply(206, Content_Range="bytes 400-699/1000", Content_Length="300")
    assert judge(good, asked) is Step.APPEND
    assert judge(reply(206, Content_Range="bytes 400-999/1000", Content_Length="600"), asked) is Step.RESTART


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"v1"', "Content_Length": "1000"}, KNOWN),
        ({"ETag": 'W/"v1"', "Content_Length": "1000"}, None),
        ({"ETag": "v1", "Content_Length": "1000"}, None),
        ({"ETag": '"v1"'}, None),
        ({"Content_Length": "1000"}, None),
        ({"ETag": '"v1"', "Content_Length": "1000", "Accept_Ranges": "none"}, None),
        ({"ETag": '"v1"', "Content_Length": "-1"}, None),
    ],
    ids=["strong", "weak", "bare", "no-length", "no-etag", "no-ranges", "bad-length"],
)
def test_what_can_be_resumed_by(headers: dict[str, str], validator: Validator | None) -> None:
    """Only a strong entity tag with a known length (RFC 9110, 13.1.5)."""
    assert validator_of(reply(200, **headers)) == validator


def interrupted(rig: Rig) -> None:
    """Cancel the download of t-1 in the middle, once some of it is here."""
    rig.server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    token, arrived = CancelToken(), threading.Event()

    def listener(event: Event) -> None:
        if isinstance(event, Progress) and event.bytes_done:
            arrived.set()

    with Running(lambda: rig.service.download_all([rig.source(1)], cancel=token, progress=listener)) as running:
        assert arrived.wait(PATIENCE_S)
        running.cancelled_by(token)
    rig.server.clear_ledger()


def test_a_cancelled_download_goes_on_where_it_stopped(rig: Rig) -> None:
    """Range and If-Range are sent, only the rest comes, and the file is right."""
    interrupted(rig)
    (partial,) = rig.partials()
    assert final_files(rig.cache) == rig.temporaries() == []
    have = partial.stat().st_size
    assert 0 < have <= 200_000
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    (request,) = rig.server.requests()
    assert request.headers["range"] == f"bytes={have}-"
    assert request.headers["if-range"].startswith('"')
    assert [get.status for get in rig.gets()] == [206]
    assert list(rig.layout.partials.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ({"etag": "v2"}, [200]),
        ({"etag": "v2", "lie": True}, [206, 200]),
        ({"no_range": True}, [200]),
        ({"status": 416, "times": 1}, [416, 200]),
        ({"headers": {"Content-Range": "bytes 0-399999/400000"}}, [206, 200]),
        ({"headers": {"Content-Range": None}}, [206, 200]),
    ],
    ids=["etag-changed", "etag-lie", "no-range", "416", "wrong-range", "no-range-header"],
)
def test_a_version_that_changed_is_had_whole(rig: Rig, fault: dict[str, object], statuses: list[int]) -> None:
    """Whatever tells that the pieces do not belong together, the file is had anew in one attempt, and is right."""
    interrupted(rig)
    rig.server.set_faults("t-1", [fault])
    assert sha256_of(rig.service.download(bare(rig.source(1)))) == rig.sha256()
    assert [get.status for get in rig.gets()] == statuses


def test_a_whole_partial_needs_no_body(rig: Rig) -> None:
    """Cancelled after the last byte and before the name: 416 says that nothing is left, and the file is verified."""
    interrupted(rig)
    (partial,) = rig.partials()
    recording = rig.server.world.track("t-1").recording
    assert recording is not None
    partial.write_bytes(recording.file.read_bytes())
    note(partial, lambda fields: fields | tie(partial) | {"spans": [[0, recording.size_bytes]]})
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert [get.status for get in rig.gets()] == [416]


@pytest.mark.parametrize("fault", [{"etag": 'W/"v1"'}, {"etag": None}, {"no_length": True}], ids=str)
def test_without_a_strong_validator_nothing_is_resumed(rig: Rig, fault: dict[str, object]) -> None:
    """A weak or absent entity tag, or no length: the next attempt asks for the whole, without Range."""
    rig.server.set_faults("t-1", [{**fault, "cut_body": 0.5}])
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert [get.range for get in rig.gets()] == [None, None]


def note(partial: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change what a partial was put aside with."""
    file = partial.with_suffix(".validator")
    file.write_text(json.dumps(change(json.loads(file.read_text()))))


def tie(partial: Path) -> dict[str, int]:
    """What ties a note to the very file."""
    status = partial.stat()
    return {"size_bytes": status.st_size, "mtime_ns": status.st_mtime_ns}


def flip(partial: Path) -> None:
    data = bytearray(partial.read_bytes())
    data[len(data) // 2] ^= 1
    partial.write_bytes(data)


def swap(partial: Path) -> None:
    partial.write_bytes(bytes(partial.stat().st_size))


def grow(partial: Path) -> None:
    partial.write_bytes(bytes(500_000))


def lengthen(partial: Path) -> None:
    partial.write_bytes(partial.read_bytes() + b"x" * 10)


def shorten(partial: Path) -> None:
    partial.write_bytes(partial.read_bytes()[:-10])


def become_a_link(partial: Path) -> None:
    secret = partial.parent / "victim"
    secret.write_bytes(b"untouched")
    partial.unlink()
    partial.symlink_to(secret)


def lose_the_note(partial: Path) -> None:
    partial.with_suffix(".validator").unlink()


def garble_the_note(partial: Path) -> None:
    partial.with_suffix(".validator").write_text('{"etag": 7')


def forge_the_note(partial: Path) -> None:
    note(partial, lambda fields: fields | {"total_bytes": 500_000})


@pytest.mark.parametrize(
    "spoil",
    [flip, swap, grow, lengthen, shorten, become_a_link, lose_the_note, garble_the_note],
)
def test_a_spoiled_partial_never_makes_a_wrong_file(rig: Rig, spoil: Callable[[Path], None]) -> None:
    """Bytes that are not those put aside are forgotten, also when no digest and no size is known: whole and right."""
    interrupted(rig)
    (partial,) = rig.partials()
    spoil(partial)
    assert sha256_of(rig.service.download(bare(rig.source(1)))) == rig.sha256()
    assert [(get.range, get.status) for get in rig.gets()] == [(None, 200)]


def test_a_note_of_another_version_is_found_out_by_the_answer(rig: Rig) -> None:
    """The part that comes is of another length than the note says: the file is had anew, and is right."""
    interrupted(rig)
    (partial,) = rig.partials()
    forge_the_note(partial)
    assert sha256_of(rig.service.download(bare(rig.source(1)))) == rig.sha256()
    assert [get.status for get in rig.gets()] == [206, 200]
    assert rig.temporaries() == rig.partials() == []
    victim = rig.layout.partials / "victim"
    assert not victim.exists() or victim.read_bytes() == b"untouched"


def test_the_partials_of_two_tracks_are_not_mixed_up(rig: Rig) -> None:
    """The content of another track's partial under this track's name is not gone on with."""
    interrupted(rig)
    (partial,) = rig.partials()
    other = rig.server.world.track("t-2").recording
    assert other is not None
    partial.write_bytes(other.file.read_bytes()[: partial.stat().st_size])
    assert sha256_of(rig.service.download(bare(rig.source(1)))) == rig.sha256()


@pytest.mark.parametrize("size_bytes", [300_000, 500_000])
def test_a_model_that_changed_since_starts_over(rig: Rig, size_bytes: int) -> None:
    """The partial belongs to a version of another length than is expected now: it is given up, not joined."""
    interrupted(rig)
    rig.server.set_faults("t-1", [])
    with pytest.raises(IntegrityError, match=f"400000 bytes for track t-1, not {size_bytes}"):
        rig.service.download(rig.source(1, size_bytes=size_bytes, sha256=None))
    assert len(rig.gets()) == 2
    assert rig.partials() == []


def test_refused_credentials_do_not_cost_what_was_downloaded(open_rig: OpenRig, plain: World) -> None:
    """A partial survives an attempt that ends in a 401, and is resumed once the credentials are good."""
    rig = open_rig(plain)
    source = source_of(plain.track("t-1"))
    rig.server.set_faults("t-1", [{"cut_body": 0.5}, {"status": 401}])
    with pytest.raises(AuthError):
        rig.service.download(source)
    rig.service.download(source)
    assert rig.server.audio_gets()[-1].status == 206
