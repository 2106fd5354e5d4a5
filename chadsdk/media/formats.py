"""The audio formats that chadsdk knows, the extensions they go by and the content types they are sent with.

The tables are our own: `mimetypes` answers differently by Python version and by ``/etc/mime.types``.
Everything here is an allow-list: an extension that is not in `EXTENSIONS` never reaches a file name.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

__all__ = ["EXTENSIONS", "AudioFormat", "format_of_content_type", "format_of_extension"]


class AudioFormat(StrEnum):
    """A container with its codec family; the value is the extension that a file of it gets by default."""

    WAV = "wav"
    AIFF = "aiff"
    FLAC = "flac"
    MP3 = "mp3"
    """MPEG audio of layer I, II or III."""
    MP4 = "m4a"
    ADTS = "aac"
    OGG = "ogg"
    """Vorbis in Ogg."""
    OPUS = "opus"
    OGG_FLAC = "oga"
    """RFC 5334 gives ``.oga`` to Ogg audio that is not Vorbis; ``.flac`` would name another container."""
    CAF = "caf"
    WAVPACK = "wv"
    DSF = "dsf"
    AU = "au"
    WMA = "wma"

    @property
    def extension(self) -> str:
        """The usual extension, without the dot."""
        return self.value

    @property
    def extensions(self) -> frozenset[str]:
        """Every extension that a file of this format may rightly wear, lower case, without the dot."""
        return _ALIASES[self]

    @property
    def content_types(self) -> frozenset[str]:
        """The media types that servers send for it, lower case, without parameters."""
        return _CONTENT_TYPES[self]


_ALIASES: Final[Mapping[AudioFormat, frozenset[str]]] = {
    AudioFormat.WAV: frozenset({"wav", "wave", "bwf"}),
    AudioFormat.AIFF: frozenset({"aiff", "aif", "aifc"}),
    AudioFormat.FLAC: frozenset({"flac"}),
    AudioFormat.MP3: frozenset({"mp3", "mp2"}),
    AudioFormat.MP4: frozenset({"m4a", "mp4", "m4b", "alac"}),
    AudioFormat.ADTS: frozenset({"aac", "adts"}),
    AudioFormat.OGG: frozenset({"ogg", "oga"}),
    AudioFormat.OPUS: frozenset({"opus", "ogg", "oga"}),
    AudioFormat.OGG_FLAC: frozenset({"oga", "ogg"}),
    AudioFormat.CAF: frozenset({"caf"}),
    AudioFormat.WAVPACK: frozenset({"wv"}),
    AudioFormat.DSF: frozenset({"dsf"}),
    AudioFormat.AU: frozenset({"au", "snd"}),
    AudioFormat.WMA: frozenset({"wma", "asf"}),
}

EXTENSIONS: Final[frozenset[str]] = frozenset().union(*_ALIASES.values())
"""Every extension that a cached or exported file can have, lower case, without the dot."""

_CONTENT_TYPES: Final[Mapping[AudioFormat, frozenset[str]]] = {
    AudioFormat.WAV: frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/x-pn-wav"}),
    AudioFormat.AIFF: frozenset({"audio/aiff", "audio/x-aiff"}),
    AudioFormat.FLAC: frozenset({"audio/flac", "audio/x-flac"}),
    AudioFormat.MP3: frozenset({"audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/mpeg3", "audio/x-mpeg"}),
    # A few servers know ``.mp4`` only as video; the first bytes settle what is in it.
    AudioFormat.MP4: frozenset({"audio/mp4", "audio/x-m4a", "audio/m4a", "application/mp4", "video/mp4"}),
    AudioFormat.ADTS: frozenset({"audio/aac", "audio/x-aac", "audio/aacp"}),
    AudioFormat.OGG: frozenset({"audio/ogg", "application/ogg", "audio/x-ogg", "audio/vorbis", "audio/x-vorbis"}),
    AudioFormat.OPUS: frozenset({"audio/opus", "audio/x-opus"}),
    AudioFormat.OGG_FLAC: frozenset(),
    AudioFormat.CAF: frozenset({"audio/x-caf", "audio/caf"}),
    AudioFormat.WAVPACK: frozenset({"audio/wavpack", "audio/x-wavpack"}),
    AudioFormat.DSF: frozenset({"audio/dsf", "audio/x-dsf"}),
    AudioFormat.AU: frozenset({"audio/basic", "audio/au", "audio/x-au"}),
    AudioFormat.WMA: frozenset({"audio/x-ms-wma", "audio/wma", "audio/x-ms-asf", "video/x-ms-asf"}),
}

_BY_CONTENT_TYPE: Final[Mapping[str, AudioFormat]] = {
    content_type: audio_format
    for audio_format, content_types in _CONTENT_TYPES.items()
    for content_type in content_types
}

# An alias that several formats share (``ogg``, ``oga``) belongs to the one whose usual extension it is.
_BY_EXTENSION: Final[Mapping[str, AudioFormat]] = {
    alias: audio_format for audio_format, aliases in _ALIASES.items() for alias in aliases
} | {audio_format.value: audio_format for audio_format in AudioFormat}

# RFC 5334 section 4: the codecs parameter tells what an Ogg container holds.
_OGG_CODECS: Final[Mapping[str, AudioFormat]] = {
    "vorbis": AudioFormat.OGG,
    "opus": AudioFormat.OPUS,
    "flac": AudioFormat.OGG_FLAC,
}


def format_of_extension(extension: str) -> AudioFormat | None:
    """The format that an extension (with or without dot, any case) most often means."""
    return _BY_EXTENSION.get(extension.removeprefix(".").lower())


def format_of_content_type(content_type: str) -> AudioFormat | None:
    """The format that a Content-Type header names; None for one that says nothing, such as octet-stream.

    Parameters and case are ignored, but for ``codecs`` of an Ogg type.
    """
    media_type, *parameters = content_type.lower().split(";")
    audio_format = _BY_CONTENT_TYPE.get(media_type.strip())
    if audio_format is not AudioFormat.OGG:
        return audio_format
    values = (value.strip(' "') for name, _, value in (p.partition("=") for p in parameters) if "codecs" in name)
    return next((_OGG_CODECS[value] for value in values if value in _OGG_CODECS), audio_format)
