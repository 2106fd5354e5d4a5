"""What bytes are that are not audio: web pages, error reports, archives, pictures, films."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Final

__all__ = ["WEB_PAGE", "early_refusal", "known_impostor", "name_of"]

WEB_PAGE: Final = "a web page (HTML)"

_BYTE_ORDER_MARKS: Final = (
    # The mark of UTF-32 begins with that of UTF-16, so it comes first.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"PK\x07\x08", "a ZIP archive"),
    (b"%PDF-", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF87a", "a picture (GIF)"),
    (b"GIF89a", "a picture (GIF)"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (b"\x00\x00\x01\xba", "a video (MPEG)"),
    (b"FLV\x01", "a video (FLV)"),
    (b"\x7fELF", "a program"),
)
_RIFF_KINDS: Final = {b"WEBP": "a picture (WebP)", b"AVI ": "a video (AVI)"}
_HTML: Final = re.compile(
    r"<(?:!doctype\s+html|(?:html|head|body|script|style|title|meta|link|div|span|p|h[1-6]|center|br|a|table)\b)",
    re.IGNORECASE,
)
_COMMENTS: Final = re.compile(r"(?:\s*<!--.*?-->)*\s*", re.DOTALL)
_MARKUP: Final = re.compile(r"<[A-Za-z!?/]")
_JSON: Final = re.compile(r"""\{\s*(?:["}]|$)|\[\s*(?:[\[\]{"\d-]|true|false|null|$)""")
_SAMPLE_BYTES: Final = 4096
# The longest run of printable bytes that a known audio header begins with is under 20 bytes.
_PROVING_TEXT_CHARACTERS: Final = 64


def early_refusal(head: bytes) -> str | None:
    """A plain phrase for what the first bytes are, when even a few hundred of them prove it is no audio.

    None does not say that it is audio, only that a download need not be stopped yet.
    """
    return _archive_or_picture(head) or _text(head, proving_characters=_PROVING_TEXT_CHARACTERS)


def known_impostor(head: bytes) -> str | None:
    """A plain phrase for what a whole file is, by its first bytes, if it is text, an archive or a picture."""
    return _archive_or_picture(head) or _text(head, proving_characters=1)


def name_of(head: bytes) -> str:
    """A plain phrase for the whole of something that was found to be no audio."""
    return (known_impostor(head) or "no known audio format") if head else "nothing at all (0 bytes)"


def _archive_or_picture(head: bytes) -> str | None:
    if head.startswith(b"RIFF"):
        return _RIFF_KINDS.get(head[8:12])
    if head[257:262] == b"ustar":
        return "a TAR archive"
    return next((phrase for magic, phrase in _MAGIC if head.startswith(magic)), None)


def _text(head: bytes, *, proving_characters: int) -> str | None:
    """HTML, XML or JSON by how it begins, other text by having no byte that text cannot have."""
    sample = head[:_SAMPLE_BYTES]
    encoding = _encoding(sample)
    # An incremental decoder forgives the character that the sample's end cuts in two.
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample).lstrip("\ufeff")
    opening = text[_comments_end(text) :]
    if opening.startswith("<!--") or (not opening and "<!--" in text):  # nothing but comments so far
        return WEB_PAGE
    if _MARKUP.match(opening):
        return WEB_PAGE if _HTML.match(opening) or _is_xhtml(opening) else "XML"
    if _JSON.match(opening):
        return "JSON"
    return "plain text" if len(text) >= proving_characters and _reads_as_text(text) else None


def _encoding(sample: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return encoding
    # Without a mark, ASCII letters in UTF-16 leave every other byte zero.
    if len(sample) >= 4 and sample[1] == sample[3] == 0 and sample[0] and sample[2]:
        return "utf-16-le"
    if len(sample) >= 4 and sample[0] == sample[2] == 0 and sample[1] and sample[3]:
        return "utf-16-be"
    return "utf-8"


def _comments_end(text: str) -> int:
    match = _COMMENTS.match(text)
    return match.end() if match else 0


def _is_xhtml(opening: str) -> bool:
    return opening.startswith("<?xml") and "<html" in opening.lower()


def _reads_as_text(text: str) -> bool:
    return "\ufffd" not in text and all(c.isspace() or unicodedata.category(c) != "Cc" for c in text)
