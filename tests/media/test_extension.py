"""Tests of which extension a file gets."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.errors import ConfigurationError
from chadsdk.media import DEFAULT_EXTENSION, EXTENSIONS, AudioFormat, final_extension, planned_extension


@pytest.mark.parametrize(
    ("stream_path", "expected"),
    [
        ("/tracks/123/audio.wav", "wav"),
        ("/tracks/123/audio.WAV?sig=a.mp3#x.flac", "wav"),
        ("https://cdn.example/a%2Eflac", "flac"),
        ("/t/a.mp3;jsessionid=1.exe", "mp3"),
        ("/t/Live; Berlin.aif", "aif"),
        ("audio.m4a", "m4a"),
        (".opus", "opus"),
    ],
)
def test_stream_path_names_the_extension(stream_path: str, expected: str) -> None:
    """The last dotted part of the path counts; query and fragment do not."""
    assert planned_extension(stream_path=stream_path, content_type="audio/x-caf") == expected


@pytest.mark.parametrize(
    "stream_path",
    [
        *("/api/stream/123", "/a.wav.lnk", "/a.exe", "/a.wav/", "/x.flac/stream", "/a.w\0av", "/a." + "w" * 100),
        *("", "/a.", "/../../etc/passwd", "/wav", "/play.php?f=a.mp3", "//[::1", "/a.wav%00.exe", "\\a.wav\\b"),
    ],
)
def test_other_paths_say_nothing(stream_path: str) -> None:
    """A path without a known last extension leaves the answer to the next hint."""
    assert planned_extension(stream_path=stream_path, content_type="audio/x-caf") == "caf"


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        ('attachment; filename="Night Drive.flac"', "flac"),
        ("attachment; filename=track.aif", "aif"),
        ("ATTACHMENT;FILENAME = track.AIFF ; size=3", "aiff"),
        ('attachment; filename="a \\"b\\"; c.wav"', "wav"),
        ("attachment; filename*=UTF-8''N%C3%A4chte%2Eopus", "opus"),
        ("attachment; filename*=utf-8'de'a%20b.ogg; filename=fallback.mp3", "ogg"),
        ("attachment; filename=fallback.mp3; filename*=UTF-8''a.bin", "mp3"),
        ('filename="bare.wv"', "wv"),
        ('attachment; filename="never closed.wv', "wv"),
        ('attachment; filename="../../etc/cron.d/x.wav"', "wav"),
        ('attachment; filename="C:\\\\music\\\\x.caf"', "caf"),
    ],
)
def test_content_disposition_names_the_extension(disposition: str, expected: str) -> None:
    """Quoted, bare and RFC 5987 names are read, and nothing but the extension is taken from them."""
    planned = planned_extension(stream_path="/stream/1", content_type="audio/x-ms-wma", content_disposition=disposition)
    assert planned == expected


@pytest.mark.parametrize(
    "disposition",
    [
        "attachment",
        "inline; filename=",
        'attachment; filename="evil.exe"',
        "filename*=UTF-8''%",
        ";",
    ],
)
def test_other_dispositions_say_nothing(disposition: str) -> None:
    """A name that is missing, broken or not that of audio leaves the answer to Content-Type."""
    planned = planned_extension(stream_path=None, content_type="audio/x-ms-wma", content_disposition=disposition)
    assert planned == "wma"


def test_default_answers_when_nothing_is_known() -> None:
    """Without any hint the plan says mp3, or what the caller prefers."""
    assert planned_extension(stream_path=None, content_type=None) == DEFAULT_EXTENSION == "mp3"
    assert planned_extension(stream_path="/s/1", content_type="binary/octet-stream", default="wav") == "wav"


def test_default_must_be_on_the_allow_list() -> None:
    """A default that is no audio extension is the caller's mistake."""
    with pytest.raises(ConfigurationError, match="'exe'"):
        planned_extension(stream_path=None, content_type=None, default="exe")


@pytest.mark.parametrize(
    ("audio_format", "stream_path", "content_type", "disposition", "expected"),
    [
        (AudioFormat.AIFF, "/a.aif", None, None, "aif"),
        (AudioFormat.AIFF, "/a.wav", "audio/wav", None, "aiff"),
        (AudioFormat.AIFF, "/a.wav", None, "filename=a.aifc", "aifc"),
        (AudioFormat.WAV, "/a.mp3", "audio/mpeg", "filename=a.mp3", "wav"),
        (AudioFormat.OPUS, "/a", "audio/ogg", None, "ogg"),
        (AudioFormat.OPUS, None, None, None, "opus"),
        (AudioFormat.OGG_FLAC, "/a.flac", None, None, "oga"),
        (AudioFormat.MP4, "/a.aac", None, None, "m4a"),
        (AudioFormat.MP4, "/a.mp4", None, None, "mp4"),
    ],
)
def test_first_bytes_have_the_last_word(
    audio_format: AudioFormat,
    stream_path: str | None,
    content_type: str | None,
    disposition: str | None,
    expected: str,
) -> None:
    """A hint is kept when it is a right name for what the bytes are, and dropped when it is not."""
    final = final_extension(
        audio_format, stream_path=stream_path, content_type=content_type, content_disposition=disposition
    )
    assert final == expected


def _hostile() -> st.SearchStrategy[str | None]:
    pieces = st.sampled_from(
        [
            *("/", "\\", "..", ".wav", ".exe", ".lnk", '"', ";", "'", "*", "=", "%", "%00", "%2E", "\0", "\n"),
            *("filename", "filename*=UTF-8''", "audio/", "ogg", "codecs", "?", "#", "[", "\u212a", "x" * 5000),
        ]
    )
    return st.none() | st.lists(pieces | st.text(max_size=6), max_size=12).map("".join)


@given(stream_path=_hostile(), content_type=_hostile(), disposition=_hostile())
def test_answer_is_always_on_the_allow_list(
    stream_path: str | None, content_type: str | None, disposition: str | None
) -> None:
    """Whatever the server says, the answer is an extension of ours and nothing raises."""
    planned = planned_extension(stream_path=stream_path, content_type=content_type, content_disposition=disposition)
    assert planned in EXTENSIONS
    for audio_format in AudioFormat:
        final = final_extension(
            audio_format, stream_path=stream_path, content_type=content_type, content_disposition=disposition
        )
        assert final in audio_format.extensions


@given(title=st.text(max_size=30), extension=st.sampled_from(sorted(EXTENSIONS)))
def test_any_title_keeps_its_extension(title: str, extension: str) -> None:
    """A percent-encoded name gives its extension whatever the title holds."""
    name = quote(f"{title}.{extension}".encode("utf-8", "surrogatepass"), safe="")
    disposition = f"attachment; filename*=UTF-8''{name}"
    assert planned_extension(stream_path=f"/s/{name}", content_type=None) == extension
    assert planned_extension(stream_path=None, content_type=None, content_disposition=disposition) == extension
