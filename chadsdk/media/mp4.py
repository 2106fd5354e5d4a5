"""What the tracks of an MP4 file hold (ISO/IEC 14496-12, 14496-1 for the descriptors, 14496-3 for AAC)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chadsdk.media.chunks import Chunk, mp4_boxes
from chadsdk.media.window import Window

__all__ = ["Codec", "aac_channels", "boxes_below", "sound_codec", "sound_track", "track_handlers"]

_CHANNELS_OF_CONFIGURATION: Final = (0, 1, 2, 3, 4, 5, 6, 8)
_PARAMETRIC_STEREO: Final = 29
_LONGEST_DESCRIPTOR_BYTES: Final = 1024
_AAC_TYPES: Final = frozenset({0x40, 0x66, 0x67, 0x68})  # MPEG-4 and MPEG-2 AAC; others are MP3, AC-3 and such
_UNIFIED_SPEECH_AND_AUDIO: Final = 42  # "xHE-AAC", another codec by its bits
_ESCAPE: Final = 31
_CALLED: Final = {"ac-3": "AC-3", "ec-3": "E-AC-3", "fLaC": "FLAC", "drms": "protected", ".mp3": "MP3"}
_MP3_TYPES: Final = frozenset({0x69, 0x6B})


@dataclass(frozen=True, slots=True)
class Codec:
    """What the first track of sound is coded in.

    Attributes:
        name: ``aac``, ``alac``, or what people call it; where that is not known, the four letters of its sample entry.
        bits: Per sample, of a lossless one; None of another.
    """

    name: str
    bits: int | None = None


def track_handlers(window: Window) -> frozenset[bytes]:
    """What the tracks hold (``soun``, ``vide``, …); empty while the index is not fully in sight."""
    for moov in _inside(window, None, b"moov"):
        if moov.end is not None and moov.end > window.size_bytes:
            return frozenset()
        return frozenset(
            window.at(handler.body_at + 8, 4) for handler in boxes_below(window, moov, b"trak", b"mdia", b"hdlr")
        )
    return frozenset()


def aac_channels(window: Window) -> int | None:
    """The channels of the first AAC track by its decoder configuration; None for another codec.

    The sample entry itself says 2 for mono too: FFmpeg and others write there what 14496-14 prescribes.
    """
    for moov in _inside(window, None, b"moov"):
        for table in boxes_below(window, moov, b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
            for entry in mp4_boxes(window, table.body_at + 8, table.end):
                if entry.kind == b"mp4a":
                    return _entry_channels(window, entry)
    return None


def sound_codec(window: Window) -> Codec | None:
    """The codec of the first track of sound; None where no index says it."""
    found = sound_track(window)
    if found is None:
        return None
    for table in boxes_below(window, found[1], b"mdia", b"minf", b"stbl", b"stsd"):
        for entry in mp4_boxes(window, table.body_at + 8, table.end):
            return _codec(window, entry)
    return None


def sound_track(window: Window) -> tuple[Chunk, Chunk] | None:
    """The index and, in it, the first track of sound, which is the one that is decoded; None where there is none."""
    for moov in _inside(window, None, b"moov"):
        for track in _inside(window, moov, b"trak"):
            handlers = boxes_below(window, track, b"mdia", b"hdlr")
            if any(window.at(handler.body_at + 8, 4) == b"soun" for handler in handlers):
                return moov, track
    return None


def _codec(window: Window, entry: Chunk) -> Codec:
    boxes = {box.kind: box for box in _entry_boxes(window, entry)}
    if entry.kind == b"alac" and (cookie := boxes.get(b"alac")):
        # ALACSpecificConfig behind version and flags: samples per frame, version, bits.
        return Codec("alac", window.number(cookie.body_at + 9, ">1"))
    if entry.kind == b"mp4a" and (esds := boxes.get(b"esds")):
        config = _decoder_config(window.at(esds.body_at + 4, _LONGEST_DESCRIPTOR_BYTES))
        if config[:1] and config[0] in _AAC_TYPES:
            return Codec("xHE-AAC" if _object_type(config) == _UNIFIED_SPEECH_AND_AUDIO else "aac")
        if config[:1] and config[0] in _MP3_TYPES:
            return Codec("MP3")
    letters = entry.kind.decode("latin-1")
    return Codec(_CALLED.get(letters, letters))


def _object_type(config: bytes) -> int:
    """The kind of AAC (ISO/IEC 14496-3 section 1.6.2.1)."""
    bits = int.from_bytes(_descriptor_body(config[13:], 5)[:2].ljust(2, b"\0"), "big")
    return 32 + (bits >> 5 & 63) if bits >> 11 == _ESCAPE else bits >> 11


def _entry_channels(window: Window, entry: Chunk) -> int | None:
    for box in _entry_boxes(window, entry):
        if box.kind == b"esds":
            return _configured_channels(window.at(box.body_at + 4, _LONGEST_DESCRIPTOR_BYTES))
    return None


def _entry_boxes(window: Window, entry: Chunk) -> Iterator[Chunk]:
    # 28 bytes of sample entry stand before its boxes, 16 more in version 1 (QuickTime).
    fields = 28 + (16 if window.number(entry.body_at + 8, ">2") == 1 else 0)
    return mp4_boxes(window, entry.body_at + fields, entry.end)


def _configured_channels(descriptor: bytes) -> int | None:
    specific = _descriptor_body(_decoder_config(descriptor)[13:], 5)  # AudioSpecificConfig
    if len(specific) < 2:
        return None
    bits = int.from_bytes(specific[:2], "big")
    kind, rate_index, configuration = bits >> 11, bits >> 7 & 15, bits >> 3 & 15
    if kind == _PARAMETRIC_STEREO:
        return 2
    if kind == _ESCAPE or rate_index == 15 or not 0 < configuration < len(_CHANNELS_OF_CONFIGURATION):
        return None
    return _CHANNELS_OF_CONFIGURATION[configuration]


def _decoder_config(descriptor: bytes) -> bytes:
    """The decoder configuration (tag 4) in an ES descriptor (tag 3)."""
    stream = _descriptor_body(descriptor, 3)
    if len(stream) < 3 or stream[2] & 0xE0:  # flags of optional fields, which MP4 files do not use
        return b""
    return _descriptor_body(stream[3:], 4)


def _descriptor_body(data: bytes, tag: int) -> bytes:
    """What a descriptor holds, if `data` begins with one of that tag; its length takes one to four bytes."""
    if not data or data[0] != tag:
        return b""
    at, length = 1, 0
    for byte in data[1:5]:
        at, length = at + 1, length << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return data[at : at + length]


def boxes_below(window: Window, box: Chunk, *kinds: bytes) -> Iterator[Chunk]:
    """The boxes at the end of a path of kinds that begins in a box."""
    if not kinds:
        yield box
        return
    for inner in _inside(window, box, kinds[0]):
        yield from boxes_below(window, inner, *kinds[1:])


def _inside(window: Window, box: Chunk | None, kind: bytes) -> Iterator[Chunk]:
    boxes = mp4_boxes(window, box.body_at, box.end) if box else mp4_boxes(window)
    return (inner for inner in boxes if inner.kind == kind)
