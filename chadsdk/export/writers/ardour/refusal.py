"""What Ardour cannot hold or play, said before anything is written: one sentence that names the tracks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from chadsdk.errors import FormatError, NotAudioError
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers.ardour.places import RATES_HZ, file_name, words
from chadsdk.files import collision_key
from chadsdk.media import DECODED_FORMATS, AudioFormat, check_last_sample, examine

__all__ = ["refuse", "refuse_file"]

_NAMED = 5
_TITLE_CHARACTERS = 60
_LOUDEST_DB = 120.0
_TEMPOS_BPM = (10.0, 1000.0)
_LONGEST_S = 1_000_000.0
# One file that Ardour cannot open, and it opens nothing of the session. On Linux it decodes by libsndfile, as we do.
_CLOSED_EXTENSIONS = frozenset().union(*(kind.extensions for kind in AudioFormat if kind not in DECODED_FORMATS)) - (
    frozenset().union(*(kind.extensions for kind in DECODED_FORMATS))
)
_UNPACKED_EXTENSIONS = AudioFormat.MP4.extensions | AudioFormat.ADTS.extensions


def refuse(project: Project) -> None:
    """Refuse what the project itself shows; the files are looked at by `refuse_file`.

    Raises:
        FormatError: A format that Ardour does not open, sample rates that differ or that it does not run at, two files
            of one name, or a gain, length or tempo beyond what it was seen to take.
    """
    there = [clip for clip in project.clips if clip.missing is None]
    _refuse_formats(there)
    _refuse_rates(project, there)
    _refuse_names(project.clips)
    if loud := [clip for clip in project.clips if clip.gain_db > _LOUDEST_DB]:
        named = _list(loud, lambda clip: f"wants {clip.gain_db:g} dB")
        raise FormatError(f"An Ardour session gets a gain of {_LOUDEST_DB:g} dB at most: {named}.")
    if project.length_s > _LONGEST_S:
        raise FormatError(f"A mix of {project.length_s:g} s is too long for an Ardour session: {_longest(project)}.")
    low, high = _TEMPOS_BPM
    if project.tempo_bpm is not None and not low <= project.tempo_bpm <= high:
        raise FormatError(f"An Ardour session gets a tempo of {low:g} to {high:g} BPM, not {project.tempo_bpm:g}.")


def refuse_file(clip: Clip, path: Path, rate_hz: int) -> None:
    """Refuse a file whose bytes are not what the project says, because Ardour would then open nothing.

    Raises:
        FormatError: Not decodable by Ardour, or with another sample rate or number of channels.
        OSError: It cannot be read.
    """
    try:
        found, facts = examine(path)
        if found is AudioFormat.FLAC:  # one that is cut opens, and then plays nothing at all
            check_last_sample(path)
    except NotAudioError as exc:
        raise FormatError(f"Ardour would not open {_title(clip)}: {exc}") from exc
    if found not in DECODED_FORMATS or facts is None:
        raise FormatError(
            f"Nothing here decodes this kind of {found.name}, and Ardour on Linux may not either: {_title(clip)}. "
            "Export without the format ardour, or put a WAV or FLAC in its place."
        )
    if (facts.sample_rate_hz, facts.channels) != (rate_hz, clip.channels):
        raise FormatError(
            f"{_title(clip)} has {facts.channels} channels at {facts.sample_rate_hz} Hz, and not {clip.channels} at "
            f"{rate_hz} Hz."
        )


def _refuse_formats(clips: Sequence[Clip]) -> None:
    if closed := [clip for clip in clips if _extension(clip) in _CLOSED_EXTENSIONS]:
        by_ffmpeg = all(_extension(clip) in _UNPACKED_EXTENSIONS and clip.not_converted is None for clip in closed)
        unpack = "export again with --convert-to and an ffmpeg on the PATH, " if by_ffmpeg else ""
        raise FormatError(
            f"Ardour on Linux does not open {_list(closed, _closed)}: "
            f"{unpack}export without the format ardour, or put a WAV or FLAC in its place."
        )


def _refuse_rates(project: Project, clips: Sequence[Clip]) -> None:
    rate_hz = project.sample_rate_hz
    if rate_hz not in RATES_HZ:
        runs = ", ".join(map(str, RATES_HZ))
        at_it = [clip for clip in clips if clip.sample_rate_hz == rate_hz]
        raise FormatError(f"Ardour runs at {runs} Hz: {_list(at_it, _rate)}; export again with --convert-to 44100.")
    if other := [clip for clip in clips if clip.sample_rate_hz != rate_hz]:
        instead = f"export again with --convert-to {rate_hz}"
        if any(clip.not_converted is not None for clip in other):  # that is what was done
            instead = f"export without the format ardour, or put files of {rate_hz} Hz in their place"
        raise FormatError(f"{_list(other, _rate)}, and the session {rate_hz} Hz; Ardour does not resample: {instead}.")


def _refuse_names(clips: Iterable[Clip]) -> None:
    files: dict[str, Clip] = {}
    for clip in clips:
        first = files.setdefault(collision_key(file_name(clip)), clip)
        if first.file != clip.file:
            raise FormatError(f"An Ardour session keeps {first.file!r} and {clip.file!r} under one name.")


def _longest(project: Project) -> str:
    """Name what makes a mix long: a clip that is more than half of it, or the one that comes last."""
    longest = max(project.clips, key=lambda clip: clip.length_s)
    if 2 * longest.length_s > project.length_s:
        return f"{_title(longest)} alone plays {longest.length_s:g} s"
    last = max(project.clips, key=lambda clip: clip.end_s)
    return f"its last track, {_title(last)}, begins at {last.start_s:g} s"


def _list(clips: Sequence[Clip], detail: Callable[[Clip], str]) -> str:
    """Name the first few, each once with its detail, and count the rest."""
    named = list({clip.file: f"{_title(clip)} {detail(clip)}" for clip in clips}.values())
    rest = len(named) - _NAMED
    return ", ".join(named[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _title(clip: Clip) -> str:
    text = f"{clip.position}. {words(clip.label)}"
    return repr(text if len(text) <= _TITLE_CHARACTERS else text[: _TITLE_CHARACTERS - 1] + "…")


def _rate(clip: Clip) -> str:
    why = _why_left(clip)
    return f"has {clip.sample_rate_hz} Hz" + (f" ({why})" if why else "")


def _closed(clip: Clip) -> str:
    return f"({'; '.join(filter(None, (_extension(clip), _why_left(clip))))})"


def _why_left(clip: Clip) -> str | None:
    """Why a conversion that was asked for was not made; None where none was."""
    return None if clip.not_converted is None else words(clip.not_converted).removesuffix(".")


def _extension(clip: Clip) -> str:
    return PurePosixPath(clip.file).suffix[1:].lower()
