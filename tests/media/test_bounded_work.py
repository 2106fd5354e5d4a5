"""How much a hostile file can make us look: its bytes are read a few times over, whatever they are."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from itertools import islice

import pytest

from chadsdk.media.flac import counted_samples, lacks_last_frame
from chadsdk.media.mpeg import frames, mpeg_frame
from chadsdk.media.ogg import last_page
from chadsdk.media.window import Window

MIB = 1024 * 1024


class Counted(BytesIO):
    """A file that counts what is read of it."""

    reads = 0
    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        data = super().read(size)
        self.reads += 1
        self.bytes_read += len(data)
        return data


def window_on(data: bytes) -> tuple[Counted, Window]:
    """A window on `data`, and what counts."""
    stream = Counted(data)
    return stream, Window(stream, len(data), whole=True)


def flac_head(total_samples: int) -> bytes:
    """The signature and STREAMINFO of blocks of 4,096 samples, of which none follows."""
    sizes = (4096).to_bytes(2, "big") * 2 + bytes(6)
    return b"fLaC\0\0\0\x22" + sizes + b"\x0a\xc4\x42" + (15 << 36 | total_samples).to_bytes(5, "big") + bytes(16)


# Sync, 4,096 samples at 44.1 kHz, stereo of 16 bits, number 0 and the checksum of all that.
FLAC_HEADER = bytes.fromhex("fff8c91800c2")


def test_the_header_is_one() -> None:
    """With ten bytes and their checksum behind it, it is a whole frame: what follows here are no mere lookalikes."""
    _, window = window_on(flac_head(4096) + FLAC_HEADER + bytes(10) + b"\x6d\x6e")
    assert not lacks_last_frame(window)
    assert counted_samples(window) == 4096


@pytest.mark.parametrize("look", [lacks_last_frame, counted_samples])
def test_a_flac_of_nothing_but_headers_is_not_looked_through_from_each(look: Callable[[Window], object]) -> None:
    """Each header could begin the last frame, and no checksum ends one: 20,000 times 64 KiB would be minutes."""
    stream, window = window_on(flac_head(4096) + FLAC_HEADER * 20_000)
    look(window)
    assert stream.bytes_read < 8 * MIB


def test_a_flac_of_nothing_but_syncs_is_not_looked_through_to_its_beginning() -> None:
    """There is no header in it at all, and most of it is never read."""
    stream, window = window_on(flac_head(4096) + b"\xff\xf8" * (4 * MIB))
    assert lacks_last_frame(window)
    assert stream.bytes_read < 2 * MIB


def test_an_ogg_of_nothing_but_capture_patterns_is_not_looked_through() -> None:
    """None of them begins a page."""
    stream, window = window_on(b"OggS\1" * 100_000 + bytes(64))
    assert last_page(window) is None
    assert stream.reads < 2000


def test_junk_between_mpeg_frames_is_skipped_only_so_far() -> None:
    """After every four frames a little less junk than what ends a stream; after 4 MiB of it nothing more is counted."""
    header = b"\xff\xfb\x90\x64"
    frame = mpeg_frame(header)
    assert frame is not None
    four = (header + bytes(frame.length_bytes - 4)) * 4
    stretch = four + bytes(60_000)
    _, window = window_on(stretch * 200 + four)
    counted = sum(1 for _ in islice(frames(window, 0, mpeg_frame), 10_000))
    assert counted == 4 * (-(-4 * MIB // 60_000))
