"""Tests of names from outside that become paths: ids and relative paths."""

from __future__ import annotations

import re
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chadsdk.errors import UnsafeNameError
from chadsdk.files import collision_key, inside, safe_id

_ANY = st.text(st.characters())
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789¹²³"
}

_ID_PIECES = [*"aAbB01-_~./\\: ", "e\u0301", "\u00e9", "\u00c9", "🎧", "ß", "\u212a"]  # the last: Kelvin's sign
_IDS = st.lists(st.sampled_from(_ID_PIECES), min_size=1, max_size=6).map("".join)


def _is_usable(track_id: str) -> bool:
    try:
        safe_id(track_id)
    except UnsafeNameError:
        return False
    return True


@given(_IDS, _IDS | _ANY)
@example("abc", "ABC")
@example("a/b", "a\\b")
@example("é", "e\u0301")
@example("a~" + "0" * 32, "a")
def test_two_ids_never_share_a_file(one: str, other: str) -> None:
    """Different ids have different names, also where case and Unicode form are ignored."""
    assume(one != other and _is_usable(one) and _is_usable(other))
    assert collision_key(safe_id(one)) != collision_key(safe_id(other))


@given(_IDS)
def test_a_name_made_of_an_id_is_not_the_name_of_another_id(track_id: str) -> None:
    """Who takes the name of a track for an id gets another file: names cannot be forged by a server."""
    assume(_is_usable(track_id))
    name = safe_id(track_id)
    assert name == track_id or safe_id(name) != name


@given(_ANY | _IDS)
def test_an_id_never_leads_out(track_id: str) -> None:
    """An id is refused or becomes one harmless lower-case ASCII name."""
    try:
        name = safe_id(track_id)
    except UnsafeNameError:
        return
    assert re.fullmatch(r"[a-z0-9_][a-z0-9_-]*(~[0-9a-f]{32})?", name)
    assert len(name) <= 120
    assert name not in _DEVICES
    assert not PureWindowsPath(f"{name}.wav").is_reserved()


@pytest.mark.parametrize("track_id", ["", ".", "..", "a\0", "a\r\nb", "\x85", "\ud800", "x" * 513])
def test_ids_that_are_refused(track_id: str) -> None:
    """What cannot be an honest id is refused, and shown escaped and short."""
    with pytest.raises(UnsafeNameError) as caught:
        safe_id(track_id)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "track_id",
    [
        "a/b",
        "..\\x",
        "../../etc/passwd",
        "%2e%2e",
        "CON",
        "con",
        "a:b",
        "x.",
        "🎧",
        "\u202egpj",
        "A",
        " ",
        "-",
        "x" * 512,
    ],
)
def test_odd_ids_are_encoded(track_id: str) -> None:
    """Ids that a file system would misread are encoded (faults 45 and 46)."""
    assert re.search(r"~[0-9a-f]{32}$", safe_id(track_id))


@pytest.mark.parametrize("track_id", ["t-42", "123", "a_b-c", "x" * 80])
def test_plain_ids_stay_readable(track_id: str) -> None:
    """A plain id is its own name: stable over versions, and a person finds the file."""
    assert safe_id(track_id) == track_id


_ESCAPES = [
    "", ".", "..", "../x", "a/../../x", "a/..", "/etc/passwd", "//host/share", "..\\x", "a\\..\\..\\x", "\\x",
    "\\\\host\\share\\x",
    "\\\\?\\C:\\x", "C:\\x", "C:x", "c:/x", "a/.. /x", "a/ ../x", ".. ", "...", "a\0b", "a\nb", "a/\ud800", "../",
    "./..",
]  # fmt: skip


@pytest.mark.parametrize("relative", _ESCAPES, ids=ascii)
def test_paths_that_lead_out(tmp_path: Path, relative: str) -> None:
    """A path that leads out of its folder by the rules of POSIX or of Windows is refused on every system."""
    with pytest.raises(UnsafeNameError):
        inside(tmp_path, relative)


@pytest.mark.parametrize("relative", ["a.wav", "Audio/01 A - B.wav", "a/b/c", "..a", "a..", "a/..b", "...a/b", "ä"])
def test_paths_that_stay_in(tmp_path: Path, relative: str) -> None:
    """An honest path is the one under the folder."""
    assert inside(tmp_path, relative) == tmp_path / relative


_PIECES = st.lists(st.sampled_from(["..", ".", "/", "\\", "a", " ", "C:", "...", "\0"]), max_size=8).map("".join)


@given(_PIECES | _ANY)
def test_nothing_leads_out(relative: str) -> None:
    """Whatever is taken lies below the folder, read as POSIX or as Windows does."""
    root = Path("/root/folder")
    try:
        found = inside(root, relative)
    except UnsafeNameError:
        return
    assert found != root
    assert found.is_relative_to(root)
    assert ".." not in found.parts
    windows = PureWindowsPath("R:/folder") / relative
    assert windows.is_relative_to("R:/folder")
    assert not any(part.rstrip(" .") == "" for part in windows.parts[1:])
