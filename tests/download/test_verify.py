"""What may get a final name: real audio, whole, with the extension that its first bytes tell."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.cache import Verified
from chadsdk.download import Fetched, Unavailable
from chadsdk.errors import IntegrityError, NotAudioError, NotFoundError, ProtocolError, Reason, TrackError
from harness.build import GONE_ID, LOGIN_PAGE_ID
from harness.recording import sha256_of
from harness.world import World, WorldPlaylist
from tests.download.conftest import OpenRig
from tests.download.support import Rig, bare, final_files, source_of

ZIP = io.BytesIO()
with zipfile.ZipFile(ZIP, "w") as archive:
    archive.writestr("a.txt", "x" * 100)

LIES = ("audio/mpeg", "text/html", "application/octet-stream", "nonsense", None)


def test_real_audio_of_every_format_arrives(mixed: World, open_rig: OpenRig) -> None:
    """Each good track is had byte for byte under its format's extension; the gone and the impostor are not."""
    rig = open_rig(mixed)
    outcomes = rig.service.download_all(rig.sources)
    for track in mixed.tracks:
        outcome = outcomes[source_of(track)]
        if track.id in {GONE_ID, LOGIN_PAGE_ID}:
            assert isinstance(outcome, Unavailable)
            assert outcome.reason is (Reason.NOT_FOUND if track.id == GONE_ID else Reason.NOT_AUDIO)
            continue
        assert isinstance(outcome, Fetched)
        assert track.recording is not None
        assert outcome.sha256 == sha256_of(outcome.path) == track.recording.sha256
        assert outcome.path.suffix == track.recording.file.suffix
        assert outcome.size_bytes == track.recording.size_bytes
    assert len(final_files(rig.cache)) == len(mixed.tracks) - 2


@pytest.mark.parametrize("content_type", LIES)
def test_the_first_bytes_have_the_last_word(mixed: World, open_rig: OpenRig, content_type: str | None) -> None:
    """Path, disposition and content type all lie: the extension is still the one of the audio."""
    tracks = [
        replace(
            track,
            stream_path=f"/tracks/{number}/audio.exe",
            content_type=content_type,
            content_disposition='attachment; filename="../../evil.html"',
        )
        for number, track in enumerate(mixed.tracks)
        if track.recording and not track.faults
    ]
    rig = open_rig(replace(mixed, tracks=tuple(tracks), playlists=(WorldPlaylist("p", "P", ()),)))
    outcomes = rig.service.download_all([bare(source) for source in rig.sources])
    for track in tracks:
        outcome = outcomes[bare(source_of(track))]
        assert isinstance(outcome, Fetched)
        assert track.recording is not None
        usual = {".aif": ".aiff", ".opus": ".opus"}.get(track.recording.file.suffix, track.recording.file.suffix)
        assert outcome.path == rig.layout.folder / f"{track.id}{usual}"


@pytest.mark.parametrize("known", [True, False], ids=["size-known", "nothing-known"])
@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html><html><body>Please sign in</body></html>",
        "  \n<html>",
        '{"error": {"code": "nope"}}',
        '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        ZIP.getvalue().decode("latin-1").encode("latin-1").decode("utf-8", "replace"),
        "Not found, sorry. " * 10,
    ],
    ids=["html", "html-bare", "json", "xml", "zip", "text"],
)
def test_what_is_no_audio_is_refused(rig: Rig, body: str, *, known: bool) -> None:
    """Under 200 and an audio content type: refused as not audio after one request, and nothing is left of it."""
    rig.server.set_faults("t-1", [{"body": body, "content_type": "audio/wav", "always": True}])
    source = rig.source(1)
    with pytest.raises(NotAudioError):
        rig.service.download(source if known else bare(source))
    assert len(rig.gets()) == 1
    assert final_files(rig.cache) == rig.temporaries() == rig.partials() == []


@pytest.mark.parametrize("known", [True, False], ids=["size-known", "nothing-known"])
def test_nothing_at_all_is_refused(rig: Rig, *, known: bool) -> None:
    """An empty answer is asked for once more, and never becomes a file."""
    rig.server.set_faults("t-1", [{"empty": True, "always": True}])
    source = rig.source(1)
    with pytest.raises(IntegrityError):
        rig.service.download(source if known else bare(source))
    assert len(rig.gets()) == 2
    assert final_files(rig.cache) == rig.temporaries() == []


@pytest.mark.parametrize("by", ["model", "header"])
def test_other_bytes_than_the_digest_says_are_refused(plain: World, open_rig: OpenRig, by: str) -> None:
    """One flipped bit: had again once from the start, then an integrity error; the broken file never shows."""
    tracks = tuple(replace(track, repr_digest=by == "header") for track in plain.tracks)
    rig = open_rig(replace(plain, tracks=tracks))
    rig.server.set_faults("t-1", [{"wrong_bytes": 0.7, "always": True}])
    source = rig.source(1)
    with pytest.raises(IntegrityError):
        rig.service.download(source if by == "model" else bare(source))
    assert [get.range for get in rig.gets()] == [None, None]
    assert final_files(rig.cache) == rig.temporaries() == rig.partials() == []


def test_one_flip_is_healed(rig: Rig) -> None:
    """A flipped bit that does not come again costs one more download."""
    rig.server.set_faults("t-1", [{"wrong_bytes": 0.3}])
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()


@pytest.mark.parametrize("length", [399_998, 400_002])
def test_a_length_that_contradicts_the_model_is_refused(rig: Rig, length: int) -> None:
    """The listing says 400,000 bytes, the server announces something else: no byte of it is taken."""
    rig.server.set_faults("t-1", [{"length": length, "always": True}])
    with pytest.raises(IntegrityError, match=f"sends {length} bytes"):
        rig.service.download(rig.source(1))
    assert len(rig.gets()) == 2
    assert final_files(rig.cache) == rig.temporaries() == []


def test_a_body_longer_than_known_is_not_taken(rig: Rig) -> None:
    """Without a Content-Length the listing's size is the cap."""
    rig.server.set_faults("t-1", [{"no_length": True, "always": True}])
    with pytest.raises(IntegrityError, match="more than the 300000 bytes"):
        rig.service.download(rig.source(1, size_bytes=300_000, sha256=None))
    assert final_files(rig.cache) == []


def test_an_unsized_body_that_is_cut_is_refused(rig: Rig) -> None:
    """No length, no digest, a connection that ends early: only the container tells, and is asked."""
    rig.server.set_faults("t-1", [{"no_length": True, "cut_body": 0.5, "always": True}])
    with pytest.raises(IntegrityError):
        rig.service.download(bare(rig.source(1)))
    assert final_files(rig.cache) == rig.temporaries() == []


def test_an_unsized_body_that_is_whole_is_taken(rig: Rig) -> None:
    """The same, uncut: verified by its signature only, and said so."""
    rig.server.set_faults("t-1", [{"no_length": True}])
    outcome = rig.service.download_all([bare(rig.source(1))])[bare(rig.source(1))]
    assert isinstance(outcome, Fetched)
    assert outcome.verified is Verified.SIGNATURE


@pytest.mark.parametrize(
    ("changes", "verified"),
    [({}, Verified.DIGEST), ({"sha256": None}, Verified.LENGTH)],
    ids=["digest", "length"],
)
def test_what_was_compared_is_told(rig: Rig, changes: dict[str, None], verified: Verified) -> None:
    """`Fetched.verified` names the strongest thing that was compared, now and from the cache."""
    source = rig.source(1, **changes)
    for from_cache in (False, True):
        outcome = rig.service.download_all([source])[source]
        assert isinstance(outcome, Fetched)
        assert (outcome.verified, outcome.from_cache) == (verified, from_cache)


def test_more_than_the_limit_is_refused(plain: World, open_rig: OpenRig) -> None:
    """A length above `max_track_bytes` is refused before a byte is written."""
    rig = open_rig(plain, max_track_bytes=300_000)
    with pytest.raises(ProtocolError, match="more than the limit of 300000"):
        rig.service.download(bare(rig.source(1)))
    assert len(rig.gets()) == 1


def test_an_endless_body_ends_at_the_limit(plain: World, open_rig: OpenRig) -> None:
    """Without any length no more than the limit is taken."""
    rig = open_rig(plain, max_track_bytes=300_000)
    rig.server.set_faults("t-1", [{"no_length": True, "always": True}])
    with pytest.raises(IntegrityError, match="more than the 300000"):
        rig.service.download(bare(rig.source(1)))
    assert final_files(rig.cache) == rig.temporaries() == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 404}, NotFoundError),
        ({"status": 410}, NotFoundError),
        ({"status": 403}, TrackError),
        ({"status": 204}, ProtocolError),
        ({"status": 206}, ProtocolError),
        ({"status": 418}, ProtocolError),
        ({"status": 501}, TrackError),
        ({"headers": {"Content-Encoding": "gzip"}}, ProtocolError),
        ({"headers": {"Content-Encoding": "br, gzip"}}, ProtocolError),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_will_not_pass_is_not_tried_again(rig: Rig, fault: dict[str, object], error: type[TrackError]) -> None:
    """One request, one clear error, nothing left behind."""
    rig.server.set_faults("t-1", [{**fault, "always": True}])
    with pytest.raises(error):
        rig.service.download(rig.source(1))
    assert len(rig.gets()) == 1
    assert final_files(rig.cache) == rig.temporaries() == []


@pytest.mark.parametrize("path", ["//evil.example/x", "http://evil.example/x", "/a/../../x", "/%2e%2e/x", "x", "/a#b"])
def test_a_stream_path_that_leads_elsewhere_is_asked_nothing(rig: Rig, path: str) -> None:
    """The path is the server's word: it may only lead below the server's own address."""
    source = rig.source(1, stream_path=path)
    outcome = rig.service.download_all([source])[source]
    assert isinstance(outcome, Unavailable)
    assert outcome.reason is Reason.UNSAFE_URL
    assert rig.server.ledger() == []


@pytest.mark.parametrize("track_id", ["..", "a\0b", "", "x" * 600])
def test_an_id_that_is_no_name_is_missing(rig: Rig, track_id: str) -> None:
    """An id that must not become a path makes one missing track; the others are had."""
    bad = rig.source(1, track_id=track_id)
    outcomes = rig.service.download_all([bad, rig.source(2)])
    lost = outcomes[bad]
    assert isinstance(lost, Unavailable)
    assert lost.reason is Reason.UNSAFE_NAME
    assert isinstance(outcomes[rig.source(2)], Fetched)


def test_an_id_like_a_path_stays_in_the_cache(rig: Rig, tmp_path: Path) -> None:
    """Slashes and dots in an id become a harmless name inside the server's folder."""
    path = rig.service.download(rig.source(1, track_id="../../../evil"))
    assert path.parent == rig.layout.folder
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cache"]
    path.unlink()


def test_a_track_of_another_server_is_not_asked_for_here(rig: Rig) -> None:
    """A source that names another server is missing, and this server hears nothing of it."""
    source = rig.source(1, server="elsewhere")
    outcome = rig.service.download_all([source])[source]
    assert isinstance(outcome, Unavailable)
    assert outcome.reason is Reason.NO_SOURCE
    assert rig.server.ledger() == []
