"""Tests of names: portable, unique, safe, and inside their folder."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chadsdk.files import collision_key, portable_name, unique_name

_ANY = st.text(st.characters())
_TRICKY = st.lists(
    st.sampled_from(
        [
            *'/\\:*?"<>|. \t\n\0_~',
            "con",
            "NUL",
            "com1",
            "COM\u00b9",
            "é",
            "e\u0301",
            "\u0301",
            "\u200e",
            "\u202e",
            "\ud800",
            "\u00a0",
            "\u3000",
            "\ufeff",
            "\uffff",
            "\x7f",
            "\x85",
            "a" * 175,
            "漢" * 59,
            "🎧",
            "ß",
            "İ",
            "ﬁ",
            "ᾳ",
            "\u0345",
        ]
    ),
    max_size=8,
).map("".join)
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789¹²³"
}


def _assert_portable(name: str) -> None:
    """Assert what Windows, macOS and Linux ask of the stem of a file name."""
    assert name
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]', name)
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert name == name.strip()
    assert len(name.encode()) <= 180
    assert unicodedata.is_normalized("NFC", name)
    assert not any(
        unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"} for c in name
    )
    assert name.partition(".")[0].rstrip().casefold() not in _DEVICES
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        assert path.parts == (name,)
        assert not path.is_absolute()
    assert not PureWindowsPath(f"{name}.wav").is_reserved()


@given(_ANY | _TRICKY)
@example("a\u00a0.")
@example("e\u200e\u0301")
@example("con." + "a" * 200)
@example("con" + " " * 200 + "x")
@example("a" * 179 + " " + "b")
@example("." * 200)
def test_every_system_takes_a_portable_name(text: str) -> None:
    """Whatever a title holds, its name obeys the rules of all systems, and stays as it is when made portable again."""
    name = portable_name(text)
    _assert_portable(name)
    assert portable_name(name) == name


@pytest.mark.parametrize("piece", [" ", ".", "\u0301\u0323", " \u0301", "\u202e "], ids=ascii)
@pytest.mark.timeout(20)
def test_a_title_of_megabytes_is_no_work(piece: str) -> None:
    """Runs of blanks and of accents, which regular expressions and normalization take quadratic time for.

    A title may be as long as a reply of the server, 16 MiB. Were all of it looked at, this would take days.
    """
    _assert_portable(portable_name("a" + piece * 4_000_000 + "b"))


def test_a_portable_name_can_be_made(tmp_path: Path) -> None:
    """A file of that name, with room for a number and an extension, can be made here and is found again."""

    @given(_ANY | _TRICKY)
    def check(text: str) -> None:
        path = tmp_path / f".{portable_name(text)} (10000).flac"
        path.touch()
        assert path.name in {each.name for each in tmp_path.iterdir()}
        path.unlink()

    check()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Night Drive", "Night Drive"),
        ("AC/DC: Live?", "AC_DC_ Live_"),
        ("one\u2028two\u2029", "one_two_"),
        ("..", "untitled"),
        ("", "untitled"),
        ("???", "untitled"),
        (".hidden", "_hidden"),
        ("end. . ", "end"),
        ("nul", "nul_"),
        ("Aux.Cable", "Aux_.Cable"),
        ("COM¹ .x", "COM¹ _.x"),
        ("COM10", "COM10"),
        ("cafe\u0301", "café"),
        ("song\u202evaw.exe", "songvaw.exe"),
        ("C:\\Windows", "C__Windows"),
        ("a\nb", "a_b"),
        ("日本語", "日本語"),
    ],
)
def test_what_names_look_like(text: str, name: str) -> None:
    """A portable name keeps all that it can of the title."""
    assert portable_name(text) == name


def test_a_long_name_is_cut_between_characters() -> None:
    """The cut never leaves half a character."""
    assert portable_name("é" * 200) == "é" * 90
    assert portable_name("a" + "漢" * 100) == "a" + "漢" * 59


def test_the_fallback() -> None:
    """The caller says what a name without any letter becomes."""
    assert portable_name("///", fallback="Playlist") == "Playlist"


@given(
    st.lists(_ANY | _TRICKY | st.sampled_from(["a", "A", "a (2)", "A (2)", "é", "e\u0301", "É", "straße", "STRASSE"]))
)
def test_unique_names_differ_where_case_and_form_are_ignored(names: list[str]) -> None:
    """Names that were made unique stay apart on file systems that ignore case or Unicode form."""
    taken: set[str] = set()
    made = [unique_name(name, taken) for name in names]
    keys = {unicodedata.normalize("NFC", unicodedata.normalize("NFC", each).casefold()) for each in made}
    assert len(keys) == len(made)
    assert len({unicodedata.normalize("NFD", each).casefold() for each in made}) == len(made)


def test_unique_names_are_numbered() -> None:
    """The first keeps its name, the others get the next free number."""
    taken: set[str] = set()
    assert [unique_name(name, taken) for name in ("A", "a", "a (2)", "A", "É", "e\u0301")] == [
        "A",
        "a (2)",
        "a (2) (2)",
        "A (3)",
        "É",
        "e\u0301 (2)",
    ]


@given(_ANY | _TRICKY)
def test_one_key_for_all_spellings(name: str) -> None:
    """Case and Unicode form do not change the key."""
    for form in ("NFC", "NFD"):
        assert collision_key(unicodedata.normalize(form, name)) == collision_key(name)
    assert collision_key(collision_key(name)) == collision_key(name)
