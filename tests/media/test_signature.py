"""Tests of telling audio from everything else by the first bytes."""

from __future__ import annotations

import codecs
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chadsdk.errors import NotAudioError
from chadsdk.media import HEAD_BYTES, AudioFormat, early_refusal, sniff, sniff_file
from chadsdk.media.signature import ASF_HEADER
from tests.media.samples import DATA, EXACT, SAMPLES, Stored, Written, dsf, id3v1, id3v2

_MP3 = (DATA / "layer2.mp2").read_bytes()
_FLAC = next(sample.data for sample in EXACT if sample.audio_format is AudioFormat.FLAC)
_FRAME_BYTES = 144 * 64_000 // 44_100
_HTML = "<!DOCTYPE html><html><body>Sign in</body></html>"


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("01.mp3"), _MP3)  # of no date: the names of tests are made of these bytes
    return buffer.getvalue()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("01.mp3")
        member.size = len(_MP3)
        archive.addfile(member, io.BytesIO(_MP3))
    return buffer.getvalue()


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_real_files_are_recognised(sample: Written | Stored, tmp_path: Path) -> None:
    """Every real file is what it is, by its head, as a file, and whatever its name."""
    path = tmp_path / "download.tmp"
    path.write_bytes(sample.data)
    assert sniff(sample.data[:HEAD_BYTES]) is sample.audio_format
    assert sniff_file(path) is sample.audio_format


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_no_beginning_of_a_real_file_is_refused_early(sample: Written | Stored) -> None:
    """However few bytes of real audio have come, the download is not stopped."""
    data = sample.data
    assert [n for n in (*range(600), 4096, len(data)) if early_refusal(data[:n])] == []


def test_dsf() -> None:
    """A DSF header is recognised."""
    assert sniff(dsf()) is AudioFormat.DSF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (id3v2(500) + _MP3, AudioFormat.MP3),
        (id3v2(500) + id3v2(20) + _MP3, AudioFormat.MP3),
        (id3v2(500) + _FLAC, AudioFormat.FLAC),
        (id3v2(500) + (DATA / "adts.aac").read_bytes(), AudioFormat.ADTS),
        (id3v2(100_000) + _MP3, AudioFormat.MP3),
        (id3v2(100_000) + _FLAC, AudioFormat.FLAC),
        (bytes(1000) + _MP3, AudioFormat.MP3),
        (_MP3[100:], AudioFormat.MP3),
        (_MP3[:_FRAME_BYTES], AudioFormat.MP3),
        (_MP3[:_FRAME_BYTES] + id3v1(), AudioFormat.MP3),
    ],
    ids=[
        "tag",
        "two tags",
        "flac",
        "adts",
        "big tag",
        "big tag flac",
        "zeros first",
        "mid-frame",
        "one frame",
        "one and a tag",
    ],
)
def test_tags_and_padding_before_the_sound(data: bytes, expected: AudioFormat, tmp_path: Path) -> None:
    """A tag, even one larger than the head, and a little junk before the first frame are looked past."""
    path = tmp_path / "x"
    path.write_bytes(data)
    assert sniff_file(path) is expected


def test_tag_of_which_nothing_follows_is_no_audio(tmp_path: Path) -> None:
    """A file that is nothing but a tag, or a tag with a web page behind it, is refused."""
    path = tmp_path / "x"
    for data in (id3v2(100_000), id3v2(100_000)[:500], id3v2(20) + _HTML.encode() * 100):
        path.write_bytes(data)
        with pytest.raises(NotAudioError, match="no known audio format"):
            sniff_file(path)


def test_second_frame_must_lie_where_the_first_ends() -> None:
    """Bytes that look like a frame header here and there are no MP3."""
    header = _MP3[:4]
    assert sniff(_MP3) is AudioFormat.MP3
    assert sniff(header + bytes(20_000)) is None
    assert sniff((header + bytes(50)) * 400) is None


@pytest.mark.parametrize("size", [0x18, 0x2000])
def test_index_at_the_end_is_looked_for_in_the_file(size: int, tmp_path: Path) -> None:
    """An MP4 whose index lies beyond the head is judged by its index, film or sound."""
    path = tmp_path / "x"
    for name, expected in (("generic-brand.mp4", AudioFormat.MP4), ("film.mp4", None)):
        data = (DATA / name).read_bytes()
        brands = int.from_bytes(data[:4], "big")
        free = (HEAD_BYTES + size).to_bytes(4, "big") + b"free" + bytes(HEAD_BYTES + size - 8)
        whole = data[:brands] + free + data[brands:]
        path.write_bytes(whole)
        assert sniff(whole[:HEAD_BYTES]) is AudioFormat.MP4
        if expected:
            assert sniff_file(path) is expected
        else:
            with pytest.raises(NotAudioError, match="a video"):
                sniff_file(path)


def test_index_across_the_end_of_the_head_is_no_refusal() -> None:
    """A head that ends within the index, just before it says what the track holds, gets the benefit."""
    data = (DATA / "generic-brand.mp4").read_bytes()
    brands, handler = int.from_bytes(data[:4], "big"), data.index(b"hdlr")
    padding = HEAD_BYTES - handler - 6
    whole = data[:brands] + padding.to_bytes(4, "big") + b"free" + bytes(padding - 8) + data[brands:]
    assert whole[HEAD_BYTES - 6 :].startswith(b"hdlr")
    assert sniff(whole[:HEAD_BYTES]) is sniff(whole) is AudioFormat.MP4


_IMPOSTORS = [
    (b"", "nothing at all (0 bytes)"),
    (_HTML.encode(), "a web page (HTML)"),
    (b"\xef\xbb\xbf \r\n\t" + _HTML.encode(), "a web page (HTML)"),
    (b"<!dOcTyPe HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'><html>", "a web page (HTML)"),
    (b"\n<HTML><HEAD><TITLE>502 Bad Gateway</TITLE>", "a web page (HTML)"),
    (b"<!-- cached --> <!-- <x> --><html lang=en>", "a web page (HTML)"),
    (b"<!--" + b" never closed" * 1000, "a web page (HTML)"),
    (codecs.BOM_UTF16_LE + _HTML.encode("utf-16-le"), "a web page (HTML)"),
    (codecs.BOM_UTF16_BE + _HTML.encode("utf-16-be"), "a web page (HTML)"),
    (codecs.BOM_UTF32_LE + _HTML.encode("utf-32-le"), "a web page (HTML)"),
    (_HTML.encode("utf-16-le"), "a web page (HTML)"),
    (_HTML.encode("utf-16-be"), "a web page (HTML)"),
    (b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">', "a web page (HTML)"),
    (b'<?xml version="1.0"?><subsonic-response status="failed"/>', "XML"),
    (b"<Error><Code>AccessDenied</Code></Error>", "XML"),
    (b'{"error": {"code": "not_found"}}', "JSON"),
    (b" \n[\n 1, 2]", "JSON"),
    (b"{}", "JSON"),
    (codecs.BOM_UTF8 + b'[{"a": 1}]', "JSON"),
    (codecs.BOM_UTF16_LE + '{"é": 1}'.encode("utf-16-le"), "JSON"),
    (b"404 page not found\n", "plain text"),
    ("nicht gefunden: Über".encode(), "plain text"),
    (b"#EXTM3U\n#EXTINF:3,A\na.mp3\n", "plain text"),
    (_zip(), "a ZIP archive"),
    (_tar(), "a TAR archive"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF"),
    (gzip.compress(_MP3, mtime=0), "a gzip archive"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture (PNG)"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "a picture (JPEG)"),
    (b"RIFF\x24\0\0\0WEBPVP8 ", "a picture (WebP)"),
    (b"RIFF\x24\0\0\0AVI LIST", "a video (AVI)"),
    ((DATA / "film.mp4").read_bytes(), "a video (MP4)"),
    ((DATA / "film.wmv").read_bytes(), "a video (WMV)"),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01", "a Matroska or WebM file"),
    (bytes(5000), "no known audio format"),
    (bytes(range(256)) * 30, "no known audio format"),
    (b"RIFF\x24\0\0\0WAVE", "no known audio format"),
    (b"RIFF\x24\0\0\0WAVEdata\4\0\0\0\1\2\3\4fmt \x10\0\0\0" + bytes(16), "no known audio format"),
    (b"fLaC\0\0\0\x23" + bytes(100), "no known audio format"),
    (codecs.BOM_UTF16_LE + "Gone.".encode("utf-16-le"), "plain text"),
]


@pytest.mark.parametrize(("data", "name"), _IMPOSTORS, ids=lambda v: v if isinstance(v, str) else repr(v[:12]))
def test_impostors_are_refused_by_name(data: bytes, name: str, tmp_path: Path) -> None:
    """What is no audio is refused, and the message says in plain words what it is."""
    path = tmp_path / "song.mp3"
    path.write_bytes(data)
    assert sniff(data) is None
    with pytest.raises(NotAudioError) as refused:
        sniff_file(path)
    known = f"The file is not audio but {name}."
    assert str(refused.value) == ("The file is in no known audio format." if name.startswith("no known") else known)


_PROVEN_EARLY = ("web page", "XML", "JSON", "archive", "PDF", "picture")


@pytest.mark.parametrize(
    ("data", "name"), [(data, name) for data, name in _IMPOSTORS if any(word in name for word in _PROVEN_EARLY)]
)
def test_a_few_hundred_bytes_prove_an_impostor(data: bytes, name: str) -> None:
    """Pages, documents, archives and pictures are told at once, so that a download can stop."""
    assert early_refusal(data[:300]) == name


def test_a_missing_file_is_the_callers_oserror(tmp_path: Path) -> None:
    """What the file system refuses is not called "no audio"."""
    with pytest.raises(FileNotFoundError):
        sniff_file(tmp_path / "gone")


_MAGIC = st.sampled_from(
    [
        *(b"RIFF", b"RF64", b"FORM", b"fLaC", b"OggS\0\2", b"caff\0\1\0\0desc", b"wvpk", b"DSD ", b".snd"),
        *(ASF_HEADER, b"\0\0\0\x18ftypisom", b"\xff\xfb\x90\0", b"\xff\xf1P\x80", b"ID3\3\0\0"),
        *(b"WAVE", b"AIFF", b"fmt ", b"data", b"moov", b"trak", b"\0\0\0\1", b"\xff" * 8, b"\0" * 8, b"<"),
    ]
)


@settings(max_examples=300)
@given(data=st.binary(max_size=300) | st.lists(_MAGIC | st.binary(max_size=40), max_size=30).map(b"".join))
@example(b"\xff\xfe")
@example(codecs.BOM_UTF16_LE + b"\0\xd8")
def test_no_bytes_make_it_raise(data: bytes) -> None:
    """Any bytes get an answer, also as the head of something longer."""
    for head in (data, data.ljust(HEAD_BYTES, b"\0")):
        assert sniff(head) in (None, *AudioFormat)
        refusal = early_refusal(head)
        assert refusal is None or refusal


@settings(max_examples=200)
@given(
    prefix=st.sampled_from(["", "RIFF", "RIFF1234WAVEfmt ", "FORM", "FORM1234AIFFCOMM", "fLaC", "OggS", "ID3", "ID3v"])
    | st.sampled_from(["caff", "wvpk", "DSD ", ".snd", "1234ftypM4A ", "ÿû", "\ufeff", "<html>", "{", "TAG"]),
    text=st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=400),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"]),
)
@example(prefix="1234ftypM4A ", text="0" * 13, encoding="utf-16")
def test_text_is_never_audio(prefix: str, text: str, encoding: str) -> None:
    """No text in a Unicode encoding passes for audio, even when it begins like a signature."""
    data = (prefix + text).encode(encoding)
    assert sniff(data) is None
    assert sniff(data * 3) is None
