"""How the tracks of a mixed world differ: formats, content types, and what a listing leaves out."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CONTENT_TYPES", "RECIPES", "UNSAID"]

#: Format, sample rate and channels of the recordings, in turn.
RECIPES: Sequence[tuple[str, int, int]] = (
    ("wav16", 44_100, 2),
    ("mp3", 44_100, 2),
    ("flac16", 48_000, 2),
    ("wav24", 48_000, 2),
    ("aiff16", 44_100, 1),
    ("vorbis", 44_100, 2),
    ("wav16", 22_050, 1),
    ("mp3", 22_050, 1),
    ("flac24", 48_000, 1),
    ("opus", 48_000, 1),
    ("aiff24", 48_000, 2),
    ("vorbis", 48_000, 1),
)

#: What servers really say of each format; the last ones say nothing useful.
CONTENT_TYPES = {
    "wav": ("audio/x-wav", "audio/wav", "audio/vnd.wave", "application/octet-stream"),
    "mp3": ("audio/mpeg", "audio/mp3", "binary/octet-stream"),
    "flac": ("audio/flac", "audio/x-flac", "application/octet-stream"),
    "aiff": ("audio/aiff", "Audio/X-AIFF"),
    "aif": ("audio/x-aiff",),
    "ogg": ("application/ogg", 'audio/ogg; codecs="vorbis"'),
    "opus": ("audio/ogg", "audio/opus"),
}
#: What the n-th listing does not say, in turn; a server may leave out all but id, title and path.
UNSAID: Sequence[frozenset[str]] = (
    frozenset(),
    frozenset({"sizeBytes"}),
    frozenset({"sha256"}),
    frozenset({"contentType", "album"}),
    frozenset({"sizeBytes", "sha256", "contentType", "artist", "album", "revision", "durationSeconds"}),
    frozenset({"artist"}),
)
