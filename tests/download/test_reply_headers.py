"""Which reply's headers speak for the audio: those of its version, whichever came, and never those of a refusal."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from chadsdk.cache import Verified
from chadsdk.download import Fetched
from chadsdk.errors import IntegrityError
from harness.build import plain_world
from harness.recording import sha256_of
from harness.world import FaultEntry, World, WorldPlaylist
from tests.download.conftest import OpenRig
from tests.download.rows import HALF, REST, WHOLE, asked_of
from tests.download.support import Rig, Running, bare, final_files
from tests.download.test_resume import interrupted, note, tie

LARGE_BYTES = 2_000_000
PART_BYTES = 600_000  # so long that the file is cut in two once, and no half again
SILENT: dict[str, Any] = {"headers": {"Repr-Digest": None}}


def repr_digest(data: bytes) -> str:
    """The header's value (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


def telling(world: World) -> World:
    """The same world from a server that names digests."""
    return replace(world, tracks=tuple(replace(track, repr_digest=True) for track in world.tracks))


@pytest.fixture
def rig(plain: World, open_rig: OpenRig) -> Rig:
    """A rig on a server that names digests."""
    return open_rig(telling(plain))


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One track of 2 MB from a server that names digests."""
    return telling(plain_world(tmp_path_factory.mktemp("large"), [LARGE_BYTES]))


def outcome_of(rig: Rig) -> Fetched:
    """What comes of a track of which nothing is known but what the server's headers say."""
    source = bare(rig.source(1))
    [outcome] = rig.service.download_all([source]).values()
    assert isinstance(outcome, Fetched)
    return outcome


def test_a_digest_of_the_first_reply_checks_what_a_silent_part_completes(rig: Rig) -> None:
    """The 206 need not say again what the 200 said of the same version (RFC 9110, 15.3.7): it counts as said."""
    rig.server.set_faults("t-1", [{"cut_at": HALF}, SILENT])
    fetched = outcome_of(rig)
    assert (fetched.verified, fetched.sha256) == (Verified.DIGEST, rig.sha256())
    assert asked_of(rig) == (WHOLE, REST)


def test_a_body_that_a_silent_part_spoils_is_refused(rig: Rig) -> None:
    """The second half is of other bytes than the first reply's digest says: fetched once more, then no file."""
    rig.server.set_faults("t-1", [{"cut_at": HALF}, {**SILENT, "wrong_bytes": 0.7}] * 2)
    with pytest.raises(IntegrityError, match="another digest than the server says"):
        rig.service.download(bare(rig.source(1)))
    assert asked_of(rig) == (WHOLE, REST, WHOLE, REST)
    assert final_files(rig.cache) == rig.temporaries() == rig.partials() == []


def test_two_digests_of_one_version_are_refused(rig: Rig) -> None:
    """A part that says another digest than the first reply: one of them is not of this version."""
    other: FaultEntry = {"headers": {"Repr-Digest": repr_digest(b"something else")}}
    rig.server.set_faults("t-1", [{"cut_at": HALF}, other] * 2)
    with pytest.raises(IntegrityError, match="names two digests"):
        rig.service.download(bare(rig.source(1)))
    assert final_files(rig.cache) == rig.temporaries() == rig.partials() == []


def test_a_digest_of_another_version_is_forgotten_with_it(rig: Rig) -> None:
    """A reply that starts over brings its own digest, or none: the old one would refuse the new version."""
    old: FaultEntry = {"cut_at": HALF, "headers": {"Repr-Digest": repr_digest(b"the old version"), "ETag": '"old"'}}
    rig.server.set_faults("t-1", [old, SILENT])
    fetched = outcome_of(rig)
    assert (fetched.verified, sha256_of(fetched.path)) == (Verified.LENGTH, rig.sha256())
    assert asked_of(rig) == (WHOLE, (HALF, 200))


@pytest.mark.parametrize("spoilt", [None, "owner", "helper"])
def test_a_digest_of_the_first_reply_checks_a_split_file(large: World, open_rig: OpenRig, spoilt: str | None) -> None:
    """The first of two connections breaks, and no part says the digest again: it counts for the bytes of each.

    Whichever brings wrong ones, the whole is fetched once more, and what is right is known by the digest.
    """
    rig = open_rig(large, max_concurrent_downloads=2, min_part_bytes=PART_BYTES)
    first = {"gate": "first", "after": 0.05, "cut_body": 0.1}
    helper = {**SILENT, **({"wrong_bytes": 0.9} if spoilt == "helper" else {}), "gate": "helper", "after": 0.1}
    rest = {**SILENT, **({"wrong_bytes": 0.4} if spoilt == "owner" else {}), "gate": "rest", "after": 0.5}
    rig.server.set_faults("t-1", [first, helper, rest])
    with Running(lambda: outcome_of(rig)) as running:
        for gate in ("helper", "first", "rest"):
            rig.server.wait_at_gate(gate)
            if gate != "helper":
                rig.server.open_gate(gate)
        rig.server.open_gate("helper")
        fetched = running.value()
    assert (fetched.verified, sha256_of(fetched.path)) == (Verified.DIGEST, rig.sha256())
    assert [get.range for get in rig.gets()].count(None) == (1 if spoilt is None else 2)


@pytest.fixture
def opus(mixed: World, open_rig: OpenRig) -> Rig:
    """A rig for one track of Opus audio, whose path has no extension."""
    found = next(track for track in mixed.tracks if track.recording and track.recording.file.suffix == ".opus")
    track = replace(found, id="t-1", stream_path="/tracks/1/stream", content_disposition=None)
    return open_rig(replace(mixed, tracks=(track,), playlists=(WorldPlaylist("p", "P", ()),)))


def test_a_part_need_not_say_again_what_the_file_is_called(opus: Rig) -> None:
    """A server leaves such headers out of a 206 that If-Range asked for (RFC 9110, 15.3.7): the first reply's count."""
    named = {"Content-Disposition": 'attachment; filename="set.oga"'}
    silent = {"Content-Disposition": None, "Content-Type": None}
    opus.server.set_faults("t-1", [{"headers": named, "cut_body": 0.5}, {"headers": silent}])
    fetched = outcome_of(opus)
    assert (fetched.path.name, sha256_of(fetched.path)) == ("t-1.oga", opus.sha256())
    assert [get.status for get in opus.gets()] == [200, 206]


@pytest.mark.parametrize(
    "said",
    [
        {"Content-Type": "text/html; charset=utf-8"},
        {"Content-Disposition": 'attachment; filename="error.opus"'},
        {"Repr-Digest": repr_digest(b"range_not_satisfiable")},
    ],
    ids=["type", "name", "digest"],
)
def test_headers_of_a_refused_range_are_not_those_of_the_audio(opus: Rig, said: dict[str, str]) -> None:
    """A 416 says that nothing is left to fetch; its type, name and digest are those of an error page.

    By its content type Opus is Ogg, so the listing has it named so; each of the refusal's headers would undo that.
    """
    recording = opus.server.world.track("t-1").recording
    assert recording is not None
    interrupted(opus)
    (partial,) = opus.partials()
    partial.write_bytes(recording.file.read_bytes())
    note(partial, lambda fields: fields | tie(partial) | {"spans": [[0, recording.size_bytes]]})
    opus.server.set_faults("t-1", [{"headers": said}])
    source = replace(bare(opus.source(1)), content_type="audio/ogg")
    [outcome] = opus.service.download_all([source]).values()
    assert isinstance(outcome, Fetched)
    assert (outcome.path.name, sha256_of(outcome.path)) == ("t-1.ogg", recording.sha256)
    assert asked_of(opus) == ((recording.size_bytes, 416),)
