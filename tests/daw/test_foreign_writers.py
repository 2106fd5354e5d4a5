"""Formats of other packages that go wrong: one sentence that names the format, and nothing half-made."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from chadsdk import MixExporter
from chadsdk.errors import ChadError, ConfigurationError, ExportCancelled, FormatError, StorageError
from chadsdk.export import writers as registry
from chadsdk.export.writers.foreign import guarded
from tests.daw.packages import installed
from tests.export.rig import leftovers, local_playlist, own_wav

_MODULE = r"""
from chadsdk.errors import ExportCancelled, FormatError
from chadsdk.export.writers import Writer

FAULTY = {"now": True}

def write(project, desk):
    (desk.folder / "Careless").mkdir()
    (desk.folder / "Careless" / "half").write_text("begun")

def check(project, desk):
    pass

def fail(*_):
    if FAULTY["now"]:
        raise KeyError("two\nlines \x1b[31m" + "x" * 1000)

def write_and_fail(project, desk):
    write(project, desk)
    fail()

def silent(*_):
    raise AssertionError

def cancel(*_):
    raise ExportCancelled("enough")

def no_disk(*_):
    raise OSError(5, "Input/output error")

WRITES = Writer("Careless", write_and_fail, check)
CHECKS = Writer("Careless", write, fail)
REFUSES = Writer("Careless", write, check, refuse=fail)
NEEDS = Writer("Careless", write, check, needs=fail)
SILENT = Writer("Careless", silent, check)
CANCELS = Writer("Careless", cancel, check)
NO_DISK = Writer("Careless", no_disk, check)
UP = Writer("../{stem}.cue", write, check)
ABSOLUTE = Writer("/cues/{stem}.cue", write, check)
DRIVE = Writer("C:{stem}.cue", write, check)
BACKSLASH = Writer("..\\{stem}.cue", write, check)
BELOW = Writer("Projects/{stem}.cue", write, check)
FOLDER = Writer(".", write, check)
EMPTY = Writer("", write, check)
NO_TEXT = Writer(None, write, check)
"""
_CARELESS = ("WRITES", "CHECKS", "REFUSES", "NEEDS", "SILENT", "CANCELS", "NO_DISK")
_OUTSIDE = ("UP", "ABSOLUTE", "DRIVE", "BACKSLASH", "BELOW", "FOLDER", "EMPTY", "NO_TEXT")


@pytest.fixture(autouse=True)
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that brings formats."""
    formats = {name.lower(): f"careless_format:{name}" for name in (*_CARELESS, *_OUTSIDE)}
    with installed(tmp_path / "site", "careless_format", _MODULE, formats, monkeypatch):
        yield


def export(exporter: MixExporter, tmp_path: Path, name: str) -> Path:
    """Export one own file, and one that is not there, in a format."""
    playlist = local_playlist(own_wav(tmp_path / "a.wav"), tmp_path / "gone.wav")
    return exporter.export(playlist, tmp_path / "out", formats=[name]).folder


@pytest.mark.parametrize(
    ("name", "error"),
    [("writes", FormatError), ("checks", FormatError), ("refuses", FormatError), ("needs", ConfigurationError)],
)
def test_what_a_foreign_writer_raises_is_one_sentence(
    exporter: MixExporter, tmp_path: Path, name: str, error: type[ChadError]
) -> None:
    """The error names the format, and type and text of the exception as one short line; no folder is left."""
    with pytest.raises(error) as caught:
        export(exporter, tmp_path, name)
    said = str(caught.value)
    assert said.startswith(f"The format '{name}' failed: KeyError: ")
    assert said.isprintable()
    assert len(said) < 400
    assert isinstance(caught.value.__cause__, KeyError)
    assert leftovers(tmp_path / "out") == []


def test_an_exception_without_words_is_named_by_its_type(exporter: MixExporter, tmp_path: Path) -> None:
    """An assertion that failed says nothing but that."""
    with pytest.raises(FormatError, match=r"^The format 'silent' failed: AssertionError$"):
        export(exporter, tmp_path, "silent")


@pytest.mark.parametrize(("name", "error"), [("cancels", ExportCancelled), ("no_disk", StorageError)])
def test_what_a_writer_may_raise_is_left_as_it_is(
    exporter: MixExporter, tmp_path: Path, name: str, error: type[Exception]
) -> None:
    """A cancel is a cancel, and a disk that refuses is an error of the disk."""
    with pytest.raises(error):
        export(exporter, tmp_path, name)


def test_a_retry_goes_on_without_a_format_that_fails(exporter: MixExporter, tmp_path: Path) -> None:
    """The track that came is in the export; the project is as it was, and that is said."""
    faulty = import_module("careless_format").FAULTY
    faulty["now"] = False
    try:
        folder = export(exporter, tmp_path, "writes")
    finally:
        faulty["now"] = True
    own_wav(tmp_path / "gone.wav")
    result = exporter.retry(folder)
    assert not result.missing
    (sentence,) = result.stale
    assert sentence.startswith("Careless is as it was: The format 'writes' failed: KeyError: ")
    assert (folder / "Careless" / "half").read_text() == "begun"
    assert leftovers(folder.parent) == [folder.name]


@pytest.mark.parametrize("name", [name.lower() for name in _OUTSIDE])
def test_an_output_outside_of_the_export_is_refused(exporter: MixExporter, tmp_path: Path, name: str) -> None:
    """What is no name of a file in the folder itself is refused when the format is ordered, before anything is done."""
    with pytest.raises(FormatError, match=f"The format '{name}' writes to ") as caught:
        export(exporter, tmp_path, name)
    assert "\n" not in str(caught.value)
    assert leftovers(tmp_path / "out") == []


def test_our_own_writers_keep_the_rule() -> None:
    """Every format that ships writes one file or folder of its own in the export, by the rule for those of others."""
    ours = set(registry.writer_names()) - {name.lower() for name in (*_CARELESS, *_OUTSIDE)}
    assert "ardour" in ours
    for name in ours:
        guarded(name, registry.writer_of(name))
