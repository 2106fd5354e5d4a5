"""How long files become that are converted: looked up where the file is there, else reckoned, rather too long."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path

from chadsdk.cancel import CancelToken
from chadsdk.errors import TrackError
from chadsdk.export.plan import Cloud, ExportPlan, Local, Missing, PlannedEntry
from chadsdk.media import AudioFacts, AudioFormat, examine, format_of_extension, is_unpacked
from chadsdk.source import CloudSource

__all__ = ["converted_sizes"]

_LOSSY = frozenset({AudioFormat.MP3, AudioFormat.OGG, AudioFormat.OPUS})
_LOSSY_BYTES_PER_SAMPLE = 3  # it becomes WAV of 24 bits
_USUAL_RATE_HZ = 44_100
_USUAL_CHANNELS = 2
_LOSSY_BYTES_PER_S = 128_000 / 8  # of one whose length nobody says; most have more, and become less long
_HEADER_BYTES = 4096


def converted_sizes(
    plan: ExportPlan,
    *,
    sizes: Callable[[CloudSource], int],
    cached: Callable[[CloudSource], Path | None],
    token: CancelToken,
) -> dict[Hashable, int]:
    """Give the length in bytes, by identity, of what becomes of each file that will or may be converted.

    A file that is on this computer is looked into. What is still to be downloaded is taken to need it: a lossy track
    (AAC and MP4, too, where they are decoded here) becomes WAV of 24 bits, by its length in seconds or, where nobody
    says that, as if it had 128 kbit/s; any other grows as the rate does from 44.1 kHz on.

    Args:
        plan: What is to be done.
        sizes: Length of a source to be downloaded, or the guess.
        cached: Where the file of a cached source lies; None when it is gone.
        token: Heard between two files.

    Raises:
        ExportCancelled: Cancelled.
    """
    if plan.convert_to is None:
        return {}
    firsts: dict[Hashable, PlannedEntry] = {}
    for planned in plan.entries:
        if not isinstance(planned.need, Missing):
            firsts.setdefault(planned.need.identity, planned)
    found: dict[Hashable, int] = {}
    for key, planned in firsts.items():
        token.raise_if_cancelled()
        match planned.need:
            case Local(path=path, size_bytes=size, in_place=in_place):
                length = None if in_place else _looked_up(path, size, plan.convert_to)
            case Cloud(source=source, cached_bytes=None):
                length = _reckoned(planned, sizes(source), plan.convert_to)
            case Cloud(source=source, cached_bytes=int(size)):
                path_there = cached(source)
                length = _looked_up(path_there, size, plan.convert_to) if path_there else None
            case _:
                continue
        if length is not None:
            found[key] = length
    return found


def _looked_up(path: Path, size_bytes: int, rate_hz: int) -> int | None:
    """None for a file that is copied as it is, or that turns out to be none."""
    try:
        audio_format, facts = examine(path)
    except (TrackError, OSError):
        return None
    if is_unpacked(audio_format):
        return _lossy_bytes(facts or _usual_facts(size_bytes / _LOSSY_BYTES_PER_S), rate_hz)
    if facts is None or facts.sample_rate_hz == rate_hz:
        return None
    if audio_format in _LOSSY:
        return _lossy_bytes(facts, rate_hz)
    return int(size_bytes * rate_hz / facts.sample_rate_hz) + _HEADER_BYTES


def _reckoned(planned: PlannedEntry, size_bytes: int, rate_hz: int) -> int:
    audio_format = format_of_extension(planned.extension)
    if audio_format is not None and (audio_format in _LOSSY or is_unpacked(audio_format)):
        return _lossy_bytes(_usual_facts(planned.entry.track.duration_s or size_bytes / _LOSSY_BYTES_PER_S), rate_hz)
    return int(size_bytes * max(1.0, rate_hz / _USUAL_RATE_HZ)) + _HEADER_BYTES


def _usual_facts(duration_s: float) -> AudioFacts:
    return AudioFacts(duration_s, _USUAL_RATE_HZ, _USUAL_CHANNELS)


def _lossy_bytes(facts: AudioFacts, rate_hz: int) -> int:
    return int(facts.duration_s * rate_hz) * facts.channels * _LOSSY_BYTES_PER_SAMPLE + _HEADER_BYTES
