"""Ogg pages (RFC 3533): which codec the first ones announce, and whether the last one ends the stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chadsdk.media.formats import AudioFormat
from chadsdk.media.window import Window

__all__ = ["Page", "last_page", "ogg_format", "read_page"]

_FIRST_OF_STREAM: Final = 2
_LAST_OF_STREAM: Final = 4
_CODECS: Final = (
    (b"\x01vorbis", AudioFormat.OGG),
    (b"OpusHead", AudioFormat.OPUS),
    (b"\x7fFLAC", AudioFormat.OGG_FLAC),
)
_MOST_STREAMS: Final = 16
_BLOCK_BYTES: Final = 128 * 1024
_MOST_MISTAKES: Final = 1000  # "OggS" that begins no page: one in 4 GiB of sound, or a file made to keep us busy


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        body_at: Offset of its first packet.
        end: Offset after it, by its own claim.
        opens: Whether a logical stream begins with it.
        closes: Whether a logical stream ends with it.
    """

    body_at: int
    end: int
    opens: bool
    closes: bool


def read_page(window: Window, at: int) -> Page | None:
    """The page that begins there; None for anything else. It may reach beyond the window."""
    header = window.at(at, 27 + 255)
    if len(header) < 27 or header[:5] != b"OggS\0" or header[5] > 7:
        return None
    body_at = at + 27 + header[26]
    return Page(
        body_at=body_at,
        end=body_at + sum(header[27 : 27 + header[26]]),
        opens=bool(header[5] & _FIRST_OF_STREAM),
        closes=bool(header[5] & _LAST_OF_STREAM),
    )


def ogg_format(window: Window) -> AudioFormat | None:
    """The format of the first audio stream; None without one, and for a film."""
    at, found = 0, None
    for _ in range(_MOST_STREAMS):
        page = read_page(window, at)
        if page is None or not page.opens:  # the first pages of all streams stand before all others
            break
        packet = window.at(page.body_at, 8)
        if packet.startswith(b"\x80theora"):
            return None
        found = found or next((codec for magic, codec in _CODECS if packet.startswith(magic)), None)
        at = page.end
    return found


def last_page(window: Window) -> Page | None:
    """The last page of a file, whatever stands after it."""
    end, mistakes = window.size_bytes, 0
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        # Three bytes more, for a capture pattern that lies across two blocks.
        block = window.at(start, end - start + 3)
        offset = block.rfind(b"OggS")
        while offset >= 0:
            page = read_page(window, start + offset)
            # A header of which not even the lacing values are there is a page that was begun.
            if page is not None or window.size_bytes - (start + offset) < 27:
                return page or Page(start + offset, window.size_bytes + 1, opens=False, closes=False)
            mistakes += 1
            if mistakes > _MOST_MISTAKES:
                return None
            offset = block.rfind(b"OggS", 0, offset)
        end = start
    return None
