"""Reading a DAWproject back: what is not as the mix says is seen."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest

from chadsdk.errors import FormatError
from chadsdk.export.writers import writer_of
from tests.daw.samples import clip, desk, project
from tests.daw.test_dawproject import FORMS, mixed, read, written

Change = Callable[[Element], object]

CLIP = "Arrangement/Lanes/Lanes/Clips/Clip"


def find(root: Element, path: str) -> Element:
    """The first element at a path."""
    found = root.find(path)
    assert found is not None, path
    return found


def setting(path: str, /, **attributes: str) -> Change:
    """Give the first element at a path other attributes."""
    return lambda root: find(root, path).attrib.update(attributes)


def without(path: str, attribute: str) -> Change:
    """Take an attribute from the first element at a path."""
    return lambda root: find(root, path).attrib.pop(attribute)


def dropping(parent: str, child: str) -> Change:
    """Take the first child of a kind from the first element at a path."""
    return lambda root: find(root, parent).remove(find(root, f"{parent}/{child}"))


def swapping(parent: str, one: int, other: int) -> Change:
    """Let two children change places."""

    def swap(root: Element) -> None:
        children = find(root, parent)
        children[one], children[other] = children[other], children[one]

    return swap


def reversing(parent: str) -> Change:
    """Turn the order of all children round."""

    def turn(root: Element) -> None:
        children = find(root, parent)
        children[:] = list(children)[::-1]

    return turn


def exchanging_times(root: Element) -> None:
    """Let two clips of a deck change places in time, and nothing else."""
    one, other, *_ = root.findall(CLIP)
    one.attrib["time"], other.attrib["time"] = other.attrib["time"], one.attrib["time"]


def same_id(root: Element) -> None:
    """Give a clip list the id of its lane."""
    find(root, "Arrangement/Lanes/Lanes/Clips").set("id", find(root, "Arrangement/Lanes/Lanes").attrib["id"])


def track_by_channel(root: Element) -> None:
    """Let a lane belong to a channel."""
    find(root, "Arrangement/Lanes/Lanes").set("track", find(root, "Structure/Track/Channel").attrib["id"])


def deck_to_itself(root: Element) -> None:
    """Let a deck go to a channel that is not the master's."""
    channel = find(root, "Structure/Track/Channel")
    channel.set("destination", channel.attrib["id"])


def other_deck(root: Element) -> None:
    """Let the lanes of two decks change tracks."""
    one, other, *_ = root.findall("Arrangement/Lanes/Lanes")
    one.attrib["track"], other.attrib["track"] = other.attrib["track"], one.attrib["track"]


INNER = f"{CLIP}/Clips/Clip"
MUTATIONS: dict[str, Change] = {
    "a clip is dropped": dropping("Arrangement/Lanes/Lanes/Clips", "Clip"),
    "two clips are swapped": swapping("Arrangement/Lanes/Lanes/Clips", 0, 1),
    "two clips exchange their times": exchanging_times,
    "the lanes of two decks are exchanged": other_deck,
    "a clip is copied": lambda root: find(root, "Arrangement/Lanes/Lanes/Clips").append(find(root, CLIP)),
    "a clip lies elsewhere": setting(CLIP, time="0.001"),
    "a clip has another length": setting(CLIP, duration="20.001"),
    "a clip begins elsewhere in its file": setting(CLIP, playStart="3.001"),
    "a fade-in is another": setting(CLIP, fadeInTime="0.001"),
    "a fade-out is another": setting(CLIP, fadeOutTime="4.001"),
    "a length is no number": setting(CLIP, duration="long"),
    "a length is not there": without(CLIP, "duration"),
    "a clip bears another name": setting(CLIP, name="Someone - Something"),
    "a comment is gone": without(CLIP, "comment"),
    "the whole file fades, too": setting(INNER, fadeInTime="1.0"),
    "the whole file lies elsewhere": setting(INNER, time="1.0"),
    "the whole file is shorter": setting(INNER, duration="39.0"),
    "the file plays faster": setting(f"{INNER}/Lanes/Warps/Warp[2]", contentTime="21.0"),
    "a warp is gone": dropping(f"{INNER}/Lanes/Warps", "Warp"),
    "the file has another length": setting(f"{INNER}/Lanes/Warps/Audio", duration="21.0"),
    "another sample rate": setting(f"{INNER}/Lanes/Warps/Audio", sampleRate="48000"),
    "another number of channels": setting(f"{INNER}/Lanes/Warps/Audio", channels="1"),
    "the audio is gone": dropping(f"{INNER}/Lanes/Warps", "Audio"),
    "another gain": setting(f"{INNER}/Lanes/Points/RealPoint", value="0.6"),
    "the gain is gone": dropping(f"{INNER}/Lanes", "Points"),
    "the gain is a pan": setting(f"{INNER}/Lanes/Points/Target", expression="pan"),
    "the tempo is another": setting("Transport/Tempo", value="121.0"),
    "the tempo is no bpm": setting("Transport/Tempo", unit="beats"),
    "the arrangement is in seconds": setting("Arrangement/Lanes", timeUnit="seconds"),
    "the arrangement has no unit": without("Arrangement/Lanes", "timeUnit"),
    "a lane has a unit of its own": setting("Arrangement/Lanes/Lanes", timeUnit="seconds"),
    "markers have no unit": without("Arrangement/Markers", "timeUnit"),
    "warps are in seconds": setting(f"{INNER}/Lanes/Warps", timeUnit="seconds"),
    "warped content is in beats": setting(f"{INNER}/Lanes/Warps", contentTimeUnit="beats"),
    "fades are in seconds": setting(CLIP, fadeTimeUnit="seconds"),
    "a clip's content is in seconds": setting(CLIP, contentTimeUnit="seconds"),
    "the gain is in decibels": setting(f"{INNER}/Lanes/Points", unit="decibel"),
    "the volume is in decibels": setting("Structure/Track/Channel/Volume", unit="decibel"),
    "a lane of no track": setting("Arrangement/Lanes/Lanes", track="id999"),
    "a lane of a channel": track_by_channel,
    "a deck goes nowhere": setting("Structure/Track/Channel", destination="id999"),
    "a deck goes to itself": deck_to_itself,
    "a curve of nothing": setting(f"{INNER}/Lanes/Points/Target", parameter="id999"),
    "one id for two": same_id,
    "a track is dropped": dropping("Structure", "Track"),
    "tracks are in another order": reversing("Structure"),
    "a track bears another name": setting("Structure/Track", name="Drums"),
    "the master is an ordinary track": setting("Structure/Track[3]/Channel", role="regular"),
    "the papers' order is another": reversing("."),
    "the channel's order is another": reversing("Structure/Track/Channel"),
    "the arrangement's order is another": reversing("Arrangement"),
    "warps come before what they warp": reversing(f"{INNER}/Lanes/Warps"),
    "a marker is dropped": dropping("Arrangement/Markers", "Marker"),
    "a marker lies elsewhere": setting("Arrangement/Markers/Marker", time="1.0"),
    "a marker bears another name": setting("Arrangement/Markers/Marker", name="Chorus"),
    "a clip names no file": dropping(f"{INNER}/Lanes/Warps/Audio", "File"),
    "a clip names another file": setting(f"{INNER}/Lanes/Warps/Audio/File", path="audio/02 Artist - Track 2.wav"),
    "a path leads out": setting(f"{INNER}/Lanes/Warps/Audio/File", path="../secret.wav", external="true"),
    "a missing file is said to be inside": lambda root: [file.attrib.pop("external", 0) for file in root.iter("File")],
    "a file inside is said to be outside": lambda root: [
        file.attrib.update(external="true") for file in root.iter("File")
    ],
    "something unknown": lambda root: SubElement(root, "Plan"),
}


def rewrite(path: Path, change: Change) -> None:
    """Write a container again with another ``project.xml``."""
    root = read(path)
    change(root)
    with zipfile.ZipFile(path) as container:
        entries = {entry.filename: container.read(entry) for entry in container.infolist()}
    entries["project.xml"] = tostring(root)
    path.write_bytes(packed(entries))


def packed(entries: dict[str, bytes], *, stream: type[io.BytesIO] = io.BytesIO, **options: Any) -> bytes:
    """A container of these."""
    target = stream()
    with zipfile.ZipFile(target, "w", **options) as container:
        for name, content in entries.items():
            container.writestr(name, content)
    return target.getvalue()


def check(folder: Path, form: str) -> None:
    """Read back what stands for the mix."""
    writer_of(form).check(mixed(), desk(folder))


@pytest.mark.parametrize("form", FORMS)
def test_a_container_packed_again_unchanged_is_right(tmp_path: Path, form: str) -> None:
    """So that each red below is that of its change, and not of packing again."""
    rewrite(written(tmp_path, mixed(), form), lambda root: None)
    check(tmp_path, form)


@pytest.mark.parametrize("change", MUTATIONS.values(), ids=MUTATIONS)
def test_a_change_of_the_project_is_seen(tmp_path: Path, change: Change) -> None:
    """Anything that lies, counts, refers or is named otherwise than in the mix."""
    rewrite(written(tmp_path, mixed()), change)
    with pytest.raises(FormatError):
        check(tmp_path, "dawproject")


LINKED_MUTATIONS = {
    name: MUTATIONS[name] for name in ("a clip is dropped", "a path leads out", "a missing file is said to be inside")
}


@pytest.mark.parametrize("change", LINKED_MUTATIONS.values(), ids=LINKED_MUTATIONS)
def test_a_change_of_a_linked_project_is_seen(tmp_path: Path, change: Change) -> None:
    """The same judge for the other form."""
    rewrite(written(tmp_path, mixed(), "dawproject-linked"), change)
    with pytest.raises(FormatError):
        check(tmp_path, "dawproject-linked")


class _Pipe(io.BytesIO):
    """Cannot be sought in, like a pipe: zipfile then writes data descriptors."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise io.UnsupportedOperation

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation


def descriptor(entries: dict[str, bytes]) -> bytes:
    """Every length behind its data."""
    return packed(entries, stream=_Pipe)


def compressed(entries: dict[str, bytes]) -> bytes:
    """Audio that is not stored as it is."""
    return packed(entries, compression=zipfile.ZIP_DEFLATED)


def one_less(entries: dict[str, bytes]) -> bytes:
    """An audio file is not there."""
    return packed({name: content for name, content in entries.items() if "Track 2" not in name})


def missing_inside(entries: dict[str, bytes]) -> bytes:
    """A file that is said to be missing is there."""
    return packed(entries | {"audio/03 Artist - Track 3.wav": b"RIFF"})


def cut_audio(entries: dict[str, bytes]) -> bytes:
    """A file is shorter than the one that was exported."""
    return packed({name: content[:-1] if name.startswith("audio/") else content for name, content in entries.items()})


def cut_xml(entries: dict[str, bytes]) -> bytes:
    """The end of ``project.xml`` is not there."""
    return packed(entries | {"project.xml": entries["project.xml"][:-10]})


def other_playlist(entries: dict[str, bytes]) -> bytes:
    """The metadata of another mix."""
    return packed(entries | {"metadata.xml": b"<MetaData><Title>Saturday</Title></MetaData>"})


def cut(entries: dict[str, bytes]) -> bytes:
    """The list at the end of the container is not there."""
    return packed(entries)[:-100]


def nothing(entries: dict[str, bytes]) -> bytes:
    """An empty file."""
    del entries
    return b""


@pytest.mark.parametrize(
    "change",
    [descriptor, compressed, one_less, missing_inside, cut_audio, cut_xml, other_playlist, cut, nothing],
    ids=lambda change: change.__name__,
)
def test_a_change_of_the_container_is_seen(tmp_path: Path, change: Callable[[dict[str, bytes]], bytes]) -> None:
    """What is in it, how, and whether it can be read at all."""
    path = written(tmp_path, mixed())
    with zipfile.ZipFile(path) as container:
        entries = {entry.filename: container.read(entry) for entry in container.infolist()}
    path.write_bytes(change(entries))
    with pytest.raises(FormatError):
        check(tmp_path, "dawproject")


def test_linked_audio_that_is_gone_is_seen(tmp_path: Path) -> None:
    """A file that is neither where the project says nor missing."""
    written(tmp_path, mixed(), "dawproject-linked")
    (tmp_path / mixed().clips[1].file).unlink()
    with pytest.raises(FormatError, match="02 Artist"):
        check(tmp_path, "dawproject-linked")


def test_a_linked_file_that_turned_up_is_no_fault(tmp_path: Path) -> None:
    """Somebody put the missing file where the project names it: then it is found, which is what the name is for."""
    written(tmp_path, mixed(), "dawproject-linked")
    (tmp_path / mixed().clips[2].file).write_bytes(b"RIFF")
    check(tmp_path, "dawproject-linked")


@pytest.mark.parametrize("file", ["/Audio/1.wav", "C:/Audio/1.wav", "Audio/../../1.wav"])
def test_a_mix_whose_files_lie_elsewhere_is_seen(tmp_path: Path, file: str) -> None:
    """No path in a project leads out of the export, wherever it came from."""
    mix, place = project(clip(1, file=file, missing="Gone.")), desk(tmp_path)
    writer_of("dawproject").write(mix, place)
    with pytest.raises(FormatError, match="leads out"):
        writer_of("dawproject").check(mix, place)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_there_and_missing_is_seen(tmp_path: Path, form: str) -> None:
    """One entry says that it is there and another that it is not."""
    with pytest.raises(FormatError, match="as well"):
        written(tmp_path, project(clip(1), clip(2, file=clip(1).file, missing="Gone.")), form)
