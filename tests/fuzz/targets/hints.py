"""Single headers, as text: when to come back, what a file is called, of which kind it is."""

from __future__ import annotations

from collections.abc import Iterator

from chadsdk.media import EXTENSIONS, AudioFormat, final_extension, format_of_content_type, planned_extension
from chadsdk.retry import parse_retry_after
from tests.fuzz.target import Target, stretched

__all__ = ["TARGET"]


def _take(data: bytes) -> None:
    text = stretched(data)
    seconds = parse_retry_after(text, now=784_111_777.0)
    assert seconds is None or 0 <= seconds <= 1e12
    found = format_of_content_type(text)
    assert found is None or found in AudioFormat
    for path, kind, name in ((text, None, None), (None, text, None), (None, None, text)):
        assert planned_extension(stream_path=path, content_type=kind, content_disposition=name) in EXTENSIONS
        for known in (AudioFormat.OPUS, AudioFormat.MP4):
            final = final_extension(known, stream_path=path, content_type=kind, content_disposition=name)
            assert final in known.extensions


def _seeds() -> Iterator[bytes]:
    for text in (
        *("120", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"),
        *("Mon, 31 Dec 9999 23:59:59 -2359", "6 Nov 94 8:49 EST", "Sun, 06 Nov 1994 08.49.37 +0100"),
        *('attachment; filename="a\\"b.wav"; filename*=UTF-8\'\'a%2Fb%2Eflac', "inline; FILENAME = x.mp3 ; a=b"),
        *("audio/ogg; codecs=opus", 'application/ogg;codecs="vorbis"', "AUDIO/X-WAV ;q=1", "/a/b.mp3;jsessionid=1?x#y"),
    ):
        yield b"\0" + text.encode()
    yield b'\3;filename="'
    yield b"\x0f; "
    yield b"\x0f,-"


TARGET = Target(
    take=_take,
    seeds=_seeds,
    words=(b"filename*=", b"UTF-8''", b"%2e", b"codecs=", b"GMT", b"+9999", b"-0000", b"Feb", b"29", b".flac", b"\\"),
    most_bytes=256,
)
