"""Titles, ids and paths of strangers, as names of files and as lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from chadsdk.errors import UnsafeNameError
from chadsdk.files import collision_key, inside, portable_name, safe_id, unique_name
from chadsdk.text import one_line, xml_line
from harness.titles import NAMES
from tests.fuzz.target import Target, stretched, text_of

__all__ = ["TARGET"]

_ROOT = Path("/root/folder")
_RESERVED = frozenset('<>:"/\\|?*')


def _take(data: bytes) -> None:
    text = stretched(data)
    _check_portable(text)
    _check_lines(text)
    titles = text_of(data[1:]).split("\n")
    taken: set[str] = set()
    names = [unique_name(portable_name(title), taken) for title in titles]
    assert len({collision_key(name) for name in names}) == len(titles)
    with suppress(UnsafeNameError):
        name = safe_id(text)
        assert name.isascii()
        assert name == name.lower()
        assert PureWindowsPath(name).parts == PurePosixPath(name).parts == (name,)
        assert name.strip(". ")
        assert not PureWindowsPath(name).is_reserved()
    with suppress(UnsafeNameError):
        path = inside(_ROOT, text)
        assert path != _ROOT
        assert path.is_relative_to(_ROOT)
        assert ".." not in path.parts


def _check_portable(text: str) -> None:
    name = portable_name(text)
    assert portable_name(name) == name
    assert 0 < len(name.encode()) <= 180
    assert unicodedata.is_normalized("NFC", name)
    assert not _RESERVED & set(name)
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in name)
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert not PureWindowsPath(f"{name}.wav").is_reserved()
    assert not PureWindowsPath(name).is_reserved()


def _check_lines(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(letter) == "Cc" for letter in line)
    assert one_line(line) == line
    held = ET.fromstring(f"<a>{escape(xml_line(text))}</a>").text or ""  # our own words, to the parser that DAWs have
    assert held == xml_line(text)


def _seeds() -> Iterator[bytes]:
    for title in (
        *(title for title, _ in NAMES),
        "CON",
        "lpt\u00b9.x",
        "..",
        "a/b",
        "..\\x",
        "%2e%2e",
        "x.",
        "Audio/01 Night.wav",
    ):
        yield b"\0" + title.encode("utf-8", "surrogatepass")
    yield b"\x0f "
    yield b"\x0f\xcc\x81\xcc\xa3"


TARGET = Target(
    take=_take,
    seeds=_seeds,
    words=(b"CON", b"NUL", b"COM1", b"..", b"\\", b"\xe2\x80\xae", b"\xcc\x81", b"\xef\xbf\xbf", b"\xc2\x85", b"\xff"),
    most_bytes=512,
)
