"""Tests of the table of formats."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chadsdk.media import EXTENSIONS, AudioFormat, format_of_content_type, format_of_extension


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_usual_extension_is_one_of_its_extensions(audio_format: AudioFormat) -> None:
    """A format's usual extension is among its own, is on the allow-list and means that format."""
    assert audio_format.extension in audio_format.extensions
    assert audio_format.extensions <= EXTENSIONS
    assert format_of_extension(audio_format.extension) is audio_format


def test_extensions_are_safe_in_any_file_name() -> None:
    """Every extension is short, lower-case ASCII, and none is one that a system runs."""
    assert all(e.isascii() and e.isalnum() and e == e.lower() and 1 < len(e) <= 4 for e in EXTENSIONS)
    assert EXTENSIONS.isdisjoint({"exe", "lnk", "url", "desktop", "html", "js", "sh", "bat"})


def test_no_content_type_is_claimed_twice() -> None:
    """A content type means one format."""
    every = [content_type for audio_format in AudioFormat for content_type in audio_format.content_types]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("audio/mpeg", AudioFormat.MP3),
        ("Audio/X-WAV", AudioFormat.WAV),
        (" audio/flac ; charset=binary", AudioFormat.FLAC),
        ("audio/aacp", AudioFormat.ADTS),
        ("audio/ogg", AudioFormat.OGG),
        ('audio/ogg; codecs="opus"', AudioFormat.OPUS),
        ("application/ogg;codecs=flac", AudioFormat.OGG_FLAC),
        ("audio/ogg; codecs=speex", AudioFormat.OGG),
        ("application/octet-stream", None),
        ("binary/octet-stream", None),
        ("text/html; charset=utf-8", None),
        ("audio/", None),
        ("", None),
        (";;;==", None),
    ],
)
def test_content_type(content_type: str, expected: AudioFormat | None) -> None:
    """Case and parameters do not matter, but for the codec of an Ogg type; a type that says nothing is None."""
    assert format_of_content_type(content_type) is expected


@pytest.mark.parametrize(
    ("extension", "expected"),
    [("wav", AudioFormat.WAV), (".AIF", AudioFormat.AIFF), ("oga", AudioFormat.OGG_FLAC), ("exe", None), ("", None)],
)
def test_extension(extension: str, expected: AudioFormat | None) -> None:
    """The dot and case do not matter."""
    assert format_of_extension(extension) is expected


def test_import_is_light() -> None:
    """Importing the room loads neither libsndfile, numpy nor tinytag."""
    heavy = "import sys, chadsdk.media; print([m for m in ('soundfile', 'numpy', 'tinytag') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
