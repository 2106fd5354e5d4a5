"""The digest that a reply named is kept with a partial, and verified by whoever resumes it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.cache import Verified
from chadsdk.download import Fetched
from chadsdk.errors import NotFoundError
from harness.recording import sha256_of
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import Rig, bare


@pytest.fixture
def rig(plain: World, open_rig: OpenRig) -> Rig:
    """A server that names digests with its replies, and a service with a cache of its own."""
    tracks = tuple(replace(track, repr_digest=True) for track in plain.tracks)
    return open_rig(replace(plain, tracks=tracks))


def put_aside(rig: Rig, fault: dict[str, object]) -> Path:
    """Have half of t-1 put aside, of which nothing was known; give its note."""
    rig.server.set_faults("t-1", [{"cut_body": 0.5, **fault}, {"status": 404}])
    with pytest.raises(NotFoundError):
        rig.service.download(bare(rig.source(1)))
    rig.server.clear_ledger()
    (partial,) = rig.partials()
    return partial.with_suffix(".validator")


def resume(rig: Rig) -> Fetched:
    """Fetch the rest, with which no digest is named; nothing but the note remembers one."""
    rig.server.set_faults("t-1", [{"headers": {"Repr-Digest": None}, "always": True}])
    source = bare(rig.source(1))
    outcome = rig.service.download_all([source])[source]
    assert isinstance(outcome, Fetched), outcome
    assert sha256_of(outcome.path) == rig.sha256()
    return outcome


def test_a_resumed_file_is_verified_by_the_digest_of_the_first_reply(rig: Rig) -> None:
    """The rest of a file comes later, without a digest: the whole is compared with the one that was named first."""
    note = put_aside(rig, {})
    assert json.loads(note.read_bytes())["sha256"] == rig.sha256()
    assert resume(rig).verified is Verified.DIGEST
    assert [get.status for get in rig.gets()] == [206]


def test_a_bit_that_was_wrong_in_a_partial_is_found_by_it(rig: Rig) -> None:
    """What came first was not what the digest says: the whole tells, no such file shows, and it is had anew."""
    put_aside(rig, {"wrong_bytes": 0.3})
    resume(rig)
    assert [get.range is None for get in rig.gets()] == [False, True]


@pytest.mark.parametrize("digest", ["ab", 7, "x" * 64, ["ab" * 32]])
def test_a_note_with_a_malformed_digest_is_no_note(rig: Rig, digest: object) -> None:
    """What is no digest makes the whole note worth nothing: the file is had from its start, and is right."""
    note = put_aside(rig, {})
    note.write_text(json.dumps(json.loads(note.read_bytes()) | {"sha256": digest}))
    resume(rig)
    assert [get.range for get in rig.gets()] == [None]


def test_a_note_without_a_digest_is_one_as_ever(rig: Rig) -> None:
    """A partial of an older version is gone on with, and verified by what is known."""
    note = put_aside(rig, {})
    fields = json.loads(note.read_bytes())
    del fields["sha256"]
    note.write_text(json.dumps(fields))
    assert resume(rig).verified is Verified.LENGTH
    assert [get.status for get in rig.gets()] == [206]
