"""What a file is, by its first bytes: they alone do not lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from chadsdk.errors import NotAudioError
from chadsdk.media.chunks import iff_chunks, riff_chunks
from chadsdk.media.formats import AudioFormat
from chadsdk.media.impostor import known_impostor, name_of
from chadsdk.media.mp4 import track_handlers
from chadsdk.media.mpeg import adts_frame, after_id3v2, begins_stream, mpeg_frame, stream_start
from chadsdk.media.ogg import ogg_format
from chadsdk.media.window import HEAD_BYTES, Window, head_window, open_window

__all__ = ["ASF_HEADER", "sniff", "sniff_file", "sniff_stream", "sniff_window"]

ASF_HEADER: Final = bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C")
_ASF_AUDIO_STREAM: Final = bytes.fromhex("409E69F84D5BCF11A8FD00805F5C442B")
_ASF_VIDEO_STREAM: Final = bytes.fromhex("C0EF19BC4D5BCF11A8FD00805F5C442B")
# "M4A " and its like promise sound; "isom", "mp42", "qt  " and others promise nothing (mp4ra.org).
_AUDIO_BRANDS: Final = frozenset({b"M4A ", b"M4B ", b"F4A ", b"F4B "})
_LONGEST_FTYP_BYTES: Final = 4096
_LONGEST_FMT_BYTES: Final = 4096
_LONGEST_COMM_BYTES: Final = 4096
_AU_ENCODINGS: Final = range(1, 28)


def sniff(head: bytes) -> AudioFormat | None:
    """The format that the first bytes show; None when they show no audio.

    Give at least `HEAD_BYTES` where there are so many: a shorter head is taken for the whole file.
    Where a longer file could still go either way (a tag that outgrows the head, an MP4 whose index comes
    last) the likelier format is given; only `sniff_file` is sure.
    """
    return _identify(head_window(head))


def sniff_file(path: Path) -> AudioFormat:
    """The format of a file.

    Raises:
        NotAudioError: It is no audio; the message says what it is instead.
        OSError: It cannot be read.
    """
    with open_window(path) as window:
        return sniff_window(window)


def sniff_stream(stream: BinaryIO, size_bytes: int) -> AudioFormat:
    """The format of an open file of that length; see `sniff_file`. It stands elsewhere afterwards."""
    return sniff_window(Window(stream, size_bytes, whole=True))


def sniff_window(window: Window) -> AudioFormat:
    """The format of an open file; see `sniff_file`."""
    audio_format = _identify(window)
    if audio_format is not None:
        return audio_format
    name = _name(window)
    raise NotAudioError(f"The file is not audio but {name}." if name else "The file is in no known audio format.")


def _name(window: Window) -> str | None:
    """What it is instead; None where nobody knows."""
    if window.at(4, 4) == b"ftyp" and b"vide" in track_handlers(window):
        return "a video (MP4)"
    if window.at(0, 16) == ASF_HEADER and _ASF_VIDEO_STREAM in window.at(0, HEAD_BYTES):
        return "a video (WMV)"
    head = window.at(0, HEAD_BYTES)
    return name_of(head) if known_impostor(head) or not head else None


def _identify(window: Window) -> AudioFormat | None:
    magic = window.at(0, 4)
    if magic in _PROBES:
        return _PROBES[magic](window)
    if window.at(4, 4) == b"ftyp":
        return _mp4(window)
    # Above all UTF-16: its byte-order mark is also the sync word of an MPEG frame.
    if known_impostor(window.at(0, HEAD_BYTES)):
        return None
    return _tagged_or_frames(window)


def _wave(window: Window) -> AudioFormat | None:
    if window.at(8, 4) != b"WAVE":
        return None
    for chunk in riff_chunks(window):
        if chunk.kind == b"fmt ":
            return AudioFormat.WAV if 14 <= (chunk.body_bytes or 0) <= _LONGEST_FMT_BYTES else None
        if chunk.kind == b"data":  # unreadable without the format before it
            return None
    return None if window.whole else AudioFormat.WAV


def _aiff(window: Window) -> AudioFormat | None:
    if window.at(8, 4) not in (b"AIFF", b"AIFC"):
        return None
    common = next((chunk for chunk in iff_chunks(window) if chunk.kind == b"COMM"), None)
    if common is None:
        return None if window.whole else AudioFormat.AIFF
    return AudioFormat.AIFF if 18 <= (common.body_bytes or 0) <= _LONGEST_COMM_BYTES else None


def _flac(window: Window, at: int = 0) -> AudioFormat | None:
    # The first metadata block is always STREAMINFO, of 34 bytes (RFC 9639 section 8.2).
    block = window.at(at, 8)
    is_flac = block[:4] == b"fLaC" and len(block) == 8 and block[4] & 0x7F == 0 and block[5:] == b"\0\0\x22"
    return AudioFormat.FLAC if is_flac else None


def _caf(window: Window) -> AudioFormat | None:
    return AudioFormat.CAF if window.at(4, 8) == b"\0\x01\0\0desc" else None


def _wavpack(window: Window) -> AudioFormat | None:
    return AudioFormat.WAVPACK if 0x402 <= window.number(8, "<2") <= 0x410 else None


def _dsf(window: Window) -> AudioFormat | None:
    return AudioFormat.DSF if window.number(4, "<8") == 28 else None


def _au(window: Window) -> AudioFormat | None:
    is_au = 24 <= window.number(4, ">4") < HEAD_BYTES and window.number(12, ">4") in _AU_ENCODINGS
    return AudioFormat.AU if is_au and 0 < window.number(20, ">4") <= 256 else None


def _asf(window: Window) -> AudioFormat | None:
    header = window.at(0, min(window.number(16, "<8"), HEAD_BYTES))
    is_audio = header.startswith(ASF_HEADER) and _ASF_AUDIO_STREAM in header
    return AudioFormat.WMA if is_audio and _ASF_VIDEO_STREAM not in header else None


def _mp4(window: Window) -> AudioFormat | None:
    brands = _brands(window)
    if not brands:
        return None
    if brands[0] in _AUDIO_BRANDS:
        return AudioFormat.MP4
    handlers = track_handlers(window)
    if not handlers and not window.whole:
        return AudioFormat.MP4
    return AudioFormat.MP4 if b"soun" in handlers and b"vide" not in handlers else None


def _brands(window: Window) -> tuple[bytes, ...]:
    """The major brand, then the compatible ones; none where the box is not a plausible one."""
    size = window.number(0, ">4")
    if not 16 <= size <= _LONGEST_FTYP_BYTES or size % 4:
        return ()
    body = window.at(8, size - 8)
    return tuple(body[at : at + 4] for at in range(0, len(body), 4) if at != 4)  # without the minor version


def _tagged_or_frames(window: Window) -> AudioFormat | None:
    """FLAC, MPEG audio or ADTS, behind ID3v2 tags or without."""
    at = after_id3v2(window)
    if at >= window.size_bytes:
        return None if window.whole else AudioFormat.MP3
    if found := _flac(window, at):
        return found
    if begins_stream(window, at, adts_frame):
        return AudioFormat.ADTS
    return AudioFormat.MP3 if stream_start(window, at, mpeg_frame) is not None else None


_PROBES: Final[Mapping[bytes, Callable[[Window], AudioFormat | None]]] = {
    b"RIFF": _wave,
    b"RF64": _wave,
    b"BW64": _wave,
    b"FORM": _aiff,
    b"fLaC": _flac,
    b"OggS": ogg_format,
    b"caff": _caf,
    b"wvpk": _wavpack,
    b"DSD ": _dsf,
    b".snd": _au,
    ASF_HEADER[:4]: _asf,
}
