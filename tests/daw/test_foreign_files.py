"""What formats of other packages may leave in an export: plain files of their own, and everything else as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chadsdk import MixExporter
from chadsdk.errors import ChadError, ConfigurationError, FormatError
from chadsdk.export import verify_export
from tests.daw.packages import installed
from tests.export.rig import leftovers, local_playlist, own_wav

_MODULE = """
import os
from chadsdk.export.writers import Writer

FAULTY = {"now": True}

class Mute(Exception):
    def __str__(self):
        raise ValueError("not even that")

def own(desk, name="Strange"):
    return desk.folder / name

def check(project, desk):
    own(desk).read_bytes()

def well(project, desk):
    own(desk).write_text("good")

def unless_faulty(write):
    return lambda project, desk: write(project, desk) if FAULTY["now"] else well(project, desk)

def fifo(project, desk):
    os.mkfifo(own(desk))

def link(project, desk):
    own(desk).symlink_to(desk.folder / "Audio", target_is_directory=True)

def fifo_below(project, desk):
    own(desk).mkdir()
    os.mkfifo(own(desk) / "pipe")

def fifo_beside(project, desk):
    well(project, desk)
    os.mkfifo(own(desk, "pipe"))

def overwrites(project, desk):
    well(project, desk)
    desk.audio(project.clips[0].file).write_bytes(b"gone")

def removes(project, desk):
    well(project, desk)
    desk.audio(project.clips[0].file).unlink()

def overwrites_and_fails(project, desk):
    overwrites(project, desk)
    raise KeyError("late")

def leaves(*_):
    raise SystemExit(0)

def mute(*_):
    raise Mute

FIFO, LINK, FIFO_BELOW, FIFO_BESIDE, OVERWRITES, REMOVES, OVERWRITES_AND_FAILS, LEAVES, MUTE = (
    Writer("Strange", unless_faulty(write), check)
    for write in (fifo, link, fifo_below, fifo_beside, overwrites, removes, overwrites_and_fails, leaves, mute)
)
LATE = Writer("Strange", well, lambda project, desk: overwrites(project, desk) if FAULTY["now"] else None)
YES, NONE = (Writer("Strange", well, check, copies_audio=value) for value in ("yes", None))
TWIN = Writer("ARDOUR", well, check)
AUDIO, LOWER, MANIFEST, UPPER, MISSING = (
    Writer(name, well, check) for name in ("Audio", "audio", "manifest.json", "Manifest.JSON", "MISSING.txt")
)
STEM = Writer("{stem}.txt", well, check)
"""
_STRANGE = ("fifo", "link", "fifo_below")
_SPOILING = ("fifo_beside", "overwrites", "removes", "overwrites_and_fails", "late")
_RAISING = ("leaves", "mute")
_RESERVED = ("audio", "lower", "manifest", "upper", "missing")
_OTHERS = ("yes", "none", "twin", "stem")


@pytest.fixture(autouse=True)
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that brings formats, and one that ends the program when it is imported."""
    names = (*_STRANGE, *_SPOILING, *_RAISING, *_RESERVED, *_OTHERS)
    formats = {name: f"strange_format:{name.upper()}" for name in names} | {"leaver": "leaving_format:WRITER"}
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "leaving_format.py").write_text("import sys\nsys.exit(7)\n")
    with installed(tmp_path / "site", "strange_format", _MODULE, formats, monkeypatch):
        yield


def export(exporter: MixExporter, tmp_path: Path, *names: str, playlist: str = "Mine") -> Path:
    """Export one own file, and one that is not there, in formats."""
    files = (own_wav(tmp_path / "a.wav"), tmp_path / "gone.wav")
    return exporter.export(local_playlist(*files, name=playlist), tmp_path / "out", formats=names).folder


@pytest.mark.parametrize(
    ("name", "error"),
    [
        *((name, FormatError) for name in (*_STRANGE, *_RAISING)),
        *((name, ConfigurationError) for name in (*_SPOILING, "yes", "none", "leaver")),
    ],
)
def test_nothing_strange_is_published(exporter: MixExporter, tmp_path: Path, name: str, error: type[ChadError]) -> None:
    """A FIFO or a link, others' files, the end of the program: one sentence that names the format, and no folder."""
    with pytest.raises(error, match=f"The format '{name}'") as caught:
        export(exporter, tmp_path, name)
    assert str(caught.value).isprintable()
    assert leftovers(tmp_path / "out") == []


@pytest.fixture
def incomplete(exporter: MixExporter, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """An export in a format that did well, does not any more, and lacked a track that is there now."""
    faulty = __import__("strange_format").FAULTY
    faulty["now"] = False
    folder = export(exporter, tmp_path, request.param)
    faulty["now"] = True
    own_wav(tmp_path / "gone.wav")
    yield folder
    faulty["now"] = True


@pytest.mark.parametrize("incomplete", [*_STRANGE, *_RAISING], indirect=True)
def test_a_retry_goes_on_without_what_is_strange(exporter: MixExporter, incomplete: Path) -> None:
    """The track comes, the project is as it was, and that is said."""
    result = exporter.retry(incomplete)
    assert not result.missing
    (sentence,) = result.stale
    assert sentence.startswith("Strange is as it was: The format ")
    assert (incomplete / "Strange").read_text() == "good"
    assert not verify_export(incomplete).damaged


@pytest.mark.parametrize("incomplete", _SPOILING, indirect=True)
def test_a_retry_ends_where_a_format_spoils_others_files(exporter: MixExporter, incomplete: Path) -> None:
    """Audio that lies in the export already is looked after, too: the retry ends there, and moves nothing in."""
    before = Path(incomplete, "manifest.json").read_bytes()
    with pytest.raises(ConfigurationError, match="is not to be trusted"):
        exporter.retry(incomplete)
    assert Path(incomplete, "manifest.json").read_bytes() == before
    assert leftovers(incomplete.parent) == ["Mine"]


@pytest.mark.parametrize(
    ("names", "playlist"),
    [
        *(((name,), "Mine") for name in _RESERVED),
        (("stem",), "missing"),
        (("ardour", "twin"), "Mine"),
        (("twin", "ardour"), "Mine"),
    ],
)
def test_two_never_write_to_one_name(
    exporter: MixExporter, tmp_path: Path, names: tuple[str, ...], playlist: str
) -> None:
    """The export's own names, and those of other formats, are refused when the format is asked for, in any case."""
    with pytest.raises(FormatError, match=r"^The format '\w+' writes to '.*', and so does the "):
        export(exporter, tmp_path, *names, playlist=playlist)
    assert not os.path.lexists(tmp_path / "out")


@pytest.mark.parametrize("incomplete", ["fifo"], indirect=True)
def test_a_retry_hears_of_a_format_that_has_gone_wrong(
    exporter: MixExporter, incomplete: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later version of a package says `copies_audio` wrongly: the tracks come, and its project is as it was."""
    writer = __import__("strange_format").YES
    monkeypatch.setattr("strange_format.FIFO", writer)
    result = exporter.retry(incomplete)
    assert not result.missing
    assert "copies_audio" in result.stale[0]
