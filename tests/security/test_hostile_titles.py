"""Row 71: titles that are meant to become markup, formulas, commands or paths, in every file that an export writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import opentimelineio
import pytest
import rpp

from chadsdk import MixExporter, Playlist, PlaylistEntry, Track
from chadsdk.export import ExportResult
from chadsdk.text import xml_line
from tests.export.rig import own_wav, quick_settings

FORMATS = ("ardour", "audacity", "dawproject", "dawproject-linked", "m3u8", "otio", "reaper")
TITLES = (
    "<script>alert(1)</script>",
    '"><image href="https://evil.example/x.png" onload="alert(1)"/>',
    "' onmouseover='alert(1)",
    "</title></text></g></svg><svg onload=alert(1)>",
    "]]><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "<?xml-stylesheet href='https://evil.example/x.xsl'?>",
    "<foreignObject><iframe src='https://evil.example'/></foreignObject>",
    "&lt;script&gt; &#x3c;script&#x3e; &amp;",
    "javascript:alert(1)",
    "style=url(https://evil.example/x) @import url(x)",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "#EXTINF:-1,Other\nhttps://evil.example/x.mp3",
    "#EXTVLCOPT:x=y\r#PLAYLIST:z",
    "a\nFILE \"/etc/passwd\"\n>",
    "<TRACK\n  >",
    "\x00\x01\x1b[31m\x07\x08\x7f\x85\x9b",
    "\u2028\u2029\ufeff\ufffe\uffff",
    "\u202ecod.exe\u2066\u2069",
    "half \ud800 a \udfff pair",
    "😀" * 3000,
    "x" * 10_000,
    "../../../etc/passwd",
    "C:\\Windows\\System32",
    "\\\\evil.example\\share",
    "CON",
    "`id` $(id) %PATH% ${HOME}",
    "'; DROP TABLE tracks; --",
    '"`\'"',
)  # fmt: skip
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ExportResult:
    """An export of tracks with these titles and artists, every third of them missing, named like the first."""
    folder = tmp_path_factory.mktemp("hostile")
    file = own_wav(folder / "mine.wav", size_bytes=8192)
    entries = tuple(
        PlaylistEntry(Track(title, artist=title, file=folder / "gone.wav" if number % 3 == 0 else file))
        for number, title in enumerate(TITLES)
    )
    with MixExporter(settings=quick_settings(folder / "cache")) as exporter:
        return exporter.export(Playlist(TITLES[1], entries=entries), folder / "exports", formats=FORMATS)


def the(exported: ExportResult, pattern: str) -> Path:
    """The one file of the export whose path fits."""
    (found,) = exported.folder.glob(pattern)
    return found


def parsed(data: bytes) -> ET.Element:
    """The tree of a document without declarations of its own, held against what XML 1.0 allows."""
    text = data.decode("utf-8")
    assert not NOT_XML.search(text)
    assert "<!ENTITY" not in text
    return ET.fromstring(text)


def test_row_71_the_picture_runs_and_loads_nothing(exported: ExportResult) -> None:
    """SVG is opened by browsers: known elements and attributes alone, no handler, no reference but within it."""
    data = the(exported, "overview.svg").read_bytes()
    root = parsed(data)
    assert b"<!DOCTYPE" not in data
    assert not re.search(rb"<\?(?!xml )", data)
    elements = {element.tag.partition("}")[2] for element in root.iter()}
    assert elements <= {
        *("svg", "title", "desc", "style", "defs", "pattern", "clipPath", "g", "rect", "path", "line", "text"),
        *("tspan", "polygon", "polyline", "circle", "use"),
    }, elements
    for element in root.iter():
        assert element.tag.startswith("{http://www.w3.org/2000/svg}")
        for name, value in element.attrib.items():
            plain = name.rpartition("}")[2].lower()
            assert not plain.startswith("on")
            assert plain not in {"src", "action", "formaction", "data", "base", "ping"}
            assert plain != "style" or value == "stroke:none"
            assert plain != "href" or value.startswith("#")
            assert "url(" not in value or re.fullmatch(r"url\(#[\w-]+\)", value)
            assert "javascript:" not in value.lower()
    style = "".join(element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}style"))
    assert not re.search(r"@import|expression|https?:|//", style)
    assert not re.search(r"url\((?!#)", style)
    shown = "".join(root.itertext())
    assert "<script>alert(1)</script>" in shown  # as words


def test_row_71_the_manifest(exported: ExportResult) -> None:
    """JSON that any reader reads, in UTF-8, with every title whole but for halves of characters."""
    document = json.loads(exported.manifest_path.read_bytes().decode("utf-8"))
    titles = [entry["title"] for entry in document["entries"]]
    assert [title.encode("utf-8", "replace").decode() for title in TITLES] == [
        title.replace("\ufffd", "?") for title in titles
    ]
    missing = {entry["file"].casefold() for entry in document["entries"] if entry["status"] == "missing"}
    assert len(missing) == len(exported.missing)


def test_row_71_the_list_of_what_is_missing(exported: ExportResult) -> None:
    """Three lines for each, none more: no title breaks a line or commands a terminal."""
    text = the(exported, "MISSING.txt").read_bytes().decode("utf-8")
    lines = text.split("\n")
    assert len(lines) == 3 + 3 * len(exported.missing) + 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)


def test_row_71_the_playlist(exported: ExportResult) -> None:
    """The only lines that are no comments are the exported files, in order: nothing of a title is a path or address."""
    lines = the(exported, "*.m3u8").read_bytes().decode("utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [entry.file for entry in exported.exported]
    assert {line.partition(":")[0].partition(" ")[0] for line in lines if line.startswith("#")} <= {
        "#EXTM3U",
        "#EXTINF",
        "#PLAYLIST",
        "#EXTENC",
        "#",
    }


@pytest.mark.parametrize("pattern", ["*[!)].dawproject", "*(linked).dawproject"])
def test_row_71_dawproject(exported: ExportResult, pattern: str) -> None:
    """Well-formed, without a document type, and no path out of it."""
    with ZipFile(the(exported, pattern)) as container:
        documents = [container.read(name) for name in ("project.xml", "metadata.xml")]
        assert not [name for name in container.namelist() if name.startswith("/") or ".." in name or "\\" in name]
    for document in documents:
        assert b"<!DOCTYPE" not in document
    project = parsed(documents[0])
    names = {element.get("name") for element in project.iter("Clip")} - {None}
    assert {xml_line(TITLES[0]), xml_line(TITLES[4])} <= {part for name in names for part in str(name).split(" - ")}
    for file in project.iter("File"):
        path = file.get("path", "")
        assert not path.startswith("/")
        assert ".." not in Path(path).parts


def test_row_71_ardour(exported: ExportResult) -> None:
    """Well-formed; one region's name per title, and sources by plain names."""
    data = the(exported, "Ardour/*.ardour").read_bytes()
    assert b"<!DOCTYPE" not in data
    session = parsed(data)
    for source in session.iter("Source"):
        assert "/" not in source.get("name", "")


def test_row_71_reaper(exported: ExportResult) -> None:
    """One item per track after a parse; every FILE is one of the export's."""
    root = rpp.loads(the(exported, "*.rpp").read_text(encoding="utf-8"))
    assert len(root.findall(".//ITEM")) == len(TITLES)
    files = {str(child[1]) for source in root.findall(".//SOURCE") for child in source if child[0] == "FILE"}
    assert {entry.file for entry in exported.exported} <= files
    assert not [file for file in files if not file.startswith("Audio/")]


def test_row_71_audacity(exported: ExportResult) -> None:
    """A list of files and places: every line is one of ours, and a title adds none and opens nothing else."""
    for line in the(exported, "*.lof").read_bytes().decode("utf-8").splitlines():
        assert re.fullmatch(r'#.*|window|file "Audio/[^"\\/]+" offset [0-9.]+', line), line


def test_row_71_opentimelineio(exported: ExportResult) -> None:
    """Read by its own library; every reference is to a file of the export."""
    timeline = opentimelineio.adapters.read_from_string(the(exported, "*.otio").read_text("utf-8"), "otio_json")
    for each in timeline.find_clips():
        reference = each.media_reference
        if isinstance(reference, opentimelineio.schema.ExternalReference):
            assert not re.match(r"[a-z]+:|/", reference.target_url)


def test_row_71_every_name_on_disk(exported: ExportResult) -> None:
    """Plain on every system: no reserved character, no control, no device, no dot or space at its end."""
    for path in exported.folder.parent.rglob("*"):
        assert not re.search(r'[<>:"\\|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]', path.name)
        assert not path.name.endswith((".", " "))
        assert not path.name.startswith(" ")
        assert len(path.name.encode()) <= 255
        assert path.suffix not in {".csv", ".html", ".htm"}
