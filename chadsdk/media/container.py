"""Whether a file is all there, by what its own container says.

This is for bodies of which nobody told the length. Sound decides: a file is cut when its container
claims sound that is not there. A missing tag or index after the sound is no cut, because healthy files
with sloppy sizes look just like it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chadsdk.errors import IntegrityError
from chadsdk.media.chunks import Chunk, caf_chunks, iff_chunks, mp4_boxes, riff_chunks
from chadsdk.media.flac import lacks_last_frame
from chadsdk.media.formats import AudioFormat
from chadsdk.media.mpeg import after_id3v2, mpeg_frame, stream_start
from chadsdk.media.ogg import last_page
from chadsdk.media.window import Window, open_window
from chadsdk.media.xing import stream_header

__all__ = ["check_whole", "declared_bytes"]

# Encoders that write to a pipe leave 0, 0xFFFFFFFF or, as SoX and arecord do, something near 2 GiB.
_NEAR_BYTES: Final = 0x1_0000
# Half a day of WavPack, whose blocks last half a second at most.
_MOST_BLOCKS: Final = 100_000
_ASF_FILE_PROPERTIES: Final = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")
_LONGEST_ASF_HEADER_BYTES: Final = 1024 * 1024
_SOUND_BOXES: Final = frozenset({b"mdat", b"moof", b"moov"})
_OTHER_BOXES: Final = frozenset(
    {b"ftyp", b"styp", b"free", b"skip", b"wide", b"uuid", b"meta", b"udta", b"sidx", b"ssix", b"mfra"}
    | {b"pdin", b"emsg", b"prft", b"pnot"}
)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a container says of its own length.

    Attributes:
        total_bytes: Of the whole file; None if it does not say.
        sound_end: Offset after the last byte of sound; None if it does not say.
        lacks: What must be there and is not, in plain words.
    """

    total_bytes: int | None = None
    sound_end: int | None = None
    lacks: str | None = None


def declared_bytes(path: Path, audio_format: AudioFormat) -> int | None:
    """The length in bytes that the container claims for the whole file.

    None when it does not say: the format has no such field, or an encoder that could not seek back left
    a placeholder. For CAF and MP4, which have no total, it is the end of the last chunk whose header is there.

    Raises:
        OSError: The file cannot be read.
    """
    with open_window(path) as window:
        return _claim(window, audio_format).total_bytes


def check_whole(path: Path, audio_format: AudioFormat) -> None:
    """Return if nothing shows that the file is cut.

    That is no proof: frames without a container (most MP3, ADTS), fragmented MP4 and chained Ogg that end
    where a frame, fragment or link ends look whole.

    Raises:
        IntegrityError: The container claims sound that the file does not hold.
        OSError: The file cannot be read.
    """
    with open_window(path) as window:
        claim, size = _claim(window, audio_format), window.size_bytes
    end = claim.total_bytes if claim.sound_end is None else claim.sound_end
    if claim.lacks:
        raise IntegrityError(f"The file is cut: {size} bytes, and {claim.lacks}.")
    if end is not None and size < end:
        raise IntegrityError(f"The file is cut: {size} bytes, and its sound goes on to byte {end}.")


def _claim(window: Window, audio_format: AudioFormat) -> _Claim:
    examine = _EXAMINERS.get(audio_format)
    return examine(window) if examine else _Claim()


def _known(size: int | None) -> int | None:
    """The size, or None for one that stands in for an unknown size."""
    if not size or abs(size - 0x8000_0000) < _NEAR_BYTES or 0 <= 0xFFFF_FFFF - size < _NEAR_BYTES:
        return None
    return None if size >= 0x7FFF_FFFF_FFFF_0000 else size


def _sum(start: int, size: int | None) -> int | None:
    known = _known(size)
    return None if known is None else start + known


def _sound(total_bytes: int | None, chunk: Chunk | None, size: int | None) -> _Claim:
    if chunk is None:
        return _Claim(total_bytes, lacks="the chunk with its sound is missing")
    return _Claim(total_bytes, sound_end=_sum(chunk.body_at, size))


def _wave(window: Window) -> _Claim:
    chunks: dict[bytes, Chunk] = {}
    for chunk in riff_chunks(window):
        chunks.setdefault(chunk.kind, chunk)
        if chunk.kind == b"data":
            break
    riff_bytes, data = window.number(4, "<4"), chunks.get(b"data")
    data_bytes = data.body_bytes if data else None
    # EBU Tech 3306: the 32-bit fields are then all ones and the true sizes stand in ``ds64``.
    if wide := chunks.get(b"ds64"):
        riff_bytes = window.number(wide.body_at, "<8")
        if data_bytes == 0xFFFF_FFFF:
            data_bytes = window.number(wide.body_at + 8, "<8")
    return _sound(_sum(8, riff_bytes), data, data_bytes)


def _aiff(window: Window) -> _Claim:
    sound = next((chunk for chunk in iff_chunks(window) if chunk.kind == b"SSND"), None)
    return _sound(_sum(8, window.number(4, ">4")), sound, sound.body_bytes if sound else None)


def _caf(window: Window) -> _Claim:
    chunks: dict[bytes, Chunk] = {}
    total: int | None = None
    for chunk in caf_chunks(window):
        chunks.setdefault(chunk.kind, chunk)
        total = chunk.end
    description, sound = chunks.get(b"desc"), chunks.get(b"data")
    # Packets of varying size cannot be found without their table, which may stand behind the sound.
    varying = description is not None and window.number(description.body_at + 16, ">4") == 0
    table = chunks.get(b"pakt")
    if varying and sound and not table:
        return _Claim(total, lacks="its packet table is missing")
    if varying and table and sound and table.body_at > sound.body_at:
        return _Claim(total, sound_end=table.end)
    return _sound(total, sound, sound.body_bytes if sound else None)


def _au(window: Window) -> _Claim:
    end = _sum(window.number(4, ">4"), window.number(8, ">4"))
    return _Claim(end, sound_end=end)


def _dsf(window: Window) -> _Claim:
    data_at = 28 + window.number(28 + 4, "<8")
    if window.at(data_at, 4) != b"data":
        return _Claim(lacks="the chunk with its sound is missing")
    return _Claim(_known(window.number(12, "<8")), sound_end=_sum(data_at, window.number(data_at + 4, "<8")))


def _wavpack(window: Window) -> _Claim:
    total, reached, at = window.number(12, "<4"), 0, 0
    for _ in range(_MOST_BLOCKS):
        if window.at(at, 4) != b"wvpk":
            break
        reached = max(reached, window.number(at + 16, "<4") + window.number(at + 20, "<4"))
        at += 8 + max(window.number(at + 4, "<4"), 24)
    else:
        return _Claim()
    # All ones: unknown. Longer streams carry their upper bits elsewhere, so only these 32 are compared.
    if total != 0xFFFF_FFFF and reached & 0xFFFF_FFFF < total:
        return _Claim(lacks=f"it holds {reached} of {total} samples")
    return _Claim(sound_end=at)


def _asf(window: Window) -> _Claim:
    header_bytes = window.number(16, "<8")
    header = window.at(0, min(header_bytes, _LONGEST_ASF_HEADER_BYTES))
    if window.size_bytes < 24 + header_bytes:
        return _Claim(lacks="its header is not all there")
    properties = header.find(_ASF_FILE_PROPERTIES)
    if properties < 0 or window.number(properties + 88, "<4") & 1:  # a broadcast's sizes are not valid
        return _Claim()
    data_bytes = window.number(header_bytes + 16, "<8")
    return _Claim(
        _known(window.number(properties + 40, "<8")),
        sound_end=_sum(header_bytes, data_bytes or 1),
    )


def _mp4(window: Window) -> _Claim:
    kinds: set[bytes] = set()
    total: int | None = 0
    sound_end = 0
    for box in mp4_boxes(window):
        if box.kind not in _SOUND_BOXES | _OTHER_BOXES:  # junk after the last box
            break
        kinds.add(box.kind)
        total = box.end
        if box.kind in _SOUND_BOXES and box.end is not None:
            sound_end = max(sound_end, box.end)
    missing = [name for kind, name in ((b"moov", "index"), (b"mdat", "sound")) if kind not in kinds]
    return _Claim(total, sound_end, f"its {missing[0]} is missing" if missing else None)


def _ogg(window: Window) -> _Claim:
    page = last_page(window)
    if page is None or page.end > window.size_bytes:
        return _Claim(lacks="its last page is not all there")
    return _Claim(lacks=None if page.closes else "its last page does not end the stream")


def _flac(window: Window) -> _Claim:
    return _Claim(lacks="its last frame is not all there" if lacks_last_frame(window) else None)


def _mp3(window: Window) -> _Claim:
    at = stream_start(window, after_id3v2(window), mpeg_frame)
    frame = None if at is None else mpeg_frame(window.at(at, 4))
    if at is None or frame is None:
        return _Claim(lacks="it holds no whole frame")
    header = stream_header(window, at, frame)
    if header is None or header.stream_bytes is None:
        return _Claim()
    return _Claim(sound_end=at + header.stream_bytes)


_EXAMINERS: Final[Mapping[AudioFormat, Callable[[Window], _Claim]]] = {
    AudioFormat.WAV: _wave,
    AudioFormat.AIFF: _aiff,
    AudioFormat.FLAC: _flac,
    AudioFormat.MP3: _mp3,
    AudioFormat.MP4: _mp4,
    AudioFormat.OGG: _ogg,
    AudioFormat.OPUS: _ogg,
    AudioFormat.OGG_FLAC: _ogg,
    AudioFormat.CAF: _caf,
    AudioFormat.WAVPACK: _wavpack,
    AudioFormat.DSF: _dsf,
    AudioFormat.AU: _au,
    AudioFormat.WMA: _asf,
}
