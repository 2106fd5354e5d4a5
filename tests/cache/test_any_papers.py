"""Properties of the small papers in a cache: whatever lies there is what was written, or nothing."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chadsdk.cache import Validator, Verified
from chadsdk.cache.record import CacheRecord
from chadsdk.cache.work import claim
from chadsdk.media import EXTENSIONS
from tests.values.support import any_json

_WHOLE = st.integers(0, 2**63 - 1)
_TEXT = st.text(max_size=20)
_RECORDS = st.builds(
    CacheRecord,
    track_id=_TEXT,
    title=_TEXT,
    extension=st.sampled_from(sorted(EXTENSIONS)),
    size_bytes=_WHOLE,
    mtime_ns=_WHOLE,
    sha256=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    verified=st.sampled_from(Verified),
    revision=st.none() | _TEXT,
    stored_at=_WHOLE,
)
_RECORD_KEYS = ("track_id", "title", "extension", "size_bytes", "mtime_ns", "sha256", "verified", "stored_at")
_RECORD = {"track_id": "t-1", "title": "Night", "extension": "wav", "size_bytes": 7, "mtime_ns": 8, "verified": "local"}
_PARTIAL = b"x" * 10


def test_a_record_round_trip(tmp_path: Path) -> None:
    """Whatever a record holds is read as it was written."""

    @given(_RECORDS)
    def check(record: CacheRecord) -> None:
        record.write(tmp_path / "r.json")
        assert CacheRecord.read(tmp_path / "r.json") == record

    check()


def test_any_json_as_a_record(tmp_path: Path) -> None:
    """Any JSON value, alone or at each place of a good record, is a record of audio or none."""
    path = tmp_path / "r.json"

    @given(any_json(*_RECORD_KEYS), st.sampled_from(_RECORD_KEYS))
    def check(value: object, key: str) -> None:
        for whole in (value, {**_RECORD, key: value}):
            path.write_text(json.dumps(whole))
            found = CacheRecord.read(path)
            assert found is None or (found.extension in EXTENSIONS and found.size_bytes >= 0)

    check()


def _partial(folder: Path, note: object) -> None:
    """Put a partial of ten bytes there, with a note."""
    (folder / "t-1.part").write_bytes(_PARTIAL)
    (folder / "t-1.validator").write_text(json.dumps(note))


def test_any_json_as_the_note_of_a_partial(tmp_path: Path) -> None:
    """A partial is taken up by a note that fits it, with bytes that are in it; by any other it is thrown away."""

    @given(
        any_json("etag", "total_bytes", "spans"),
        st.sampled_from(["etag", "total_bytes", "spans", "size_bytes", "mtime_ns"]),
        st.lists(st.tuples(st.integers(-1, 12), st.integers(-1, 12)), max_size=3),
        st.booleans(),
    )
    def check(value: object, key: str, spans: list[tuple[int, int]], is_changed: bool) -> None:
        _partial(tmp_path, None)
        status = (tmp_path / "t-1.part").stat()
        note = {"etag": '"v1"', "total_bytes": 10, "spans": spans}
        note |= {"size_bytes": status.st_size, "mtime_ns": status.st_mtime_ns}
        (tmp_path / "t-1.validator").write_text(json.dumps({**note, key: value} if is_changed else note))
        work = claim(tmp_path, "t-1")
        try:
            held = [span for span in work.spans if not 0 <= span[0] < span[1] <= len(_PARTIAL)]
            assert held == []
            assert (work.validator is None) == (work.spans == ())
            assert work.stream.read() == (_PARTIAL if work.validator else b"")
            if not is_changed:
                is_fit = spans and all(start >= 0 and 0 <= stop <= 10 for start, stop in spans)
                is_fit = is_fit and any(start < stop for start, stop in spans)
                assert work.validator == (Validator('"v1"', 10) if is_fit else None)
        finally:
            work.drop()

    check()
