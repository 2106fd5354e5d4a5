"""Rows 47 and 48: what a server calls its files decides nothing but, of audio, the extension."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.errors import NotAudioError
from chadsdk.media import EXTENSIONS
from harness.build import plain_world
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from tests.download.rows import rig_on
from tests.download.support import bare

# A WAV lies behind each.
PATHS = {
    "program": "/files/song.exe",
    "link": "/files/song.wav.lnk",
    "shortcut": "/files/song.wav.desktop",
    "script": "/files/song.sh",
    "dots": "/files/..song.wav..",
    "empty": "/files/song.",
    "none": "/files/song",
    "hidden": "/files/.wav",
    "long": "/files/song." + "a" * 100,
    "stream": "/files/song.wav:evil.exe",
    "case": "/files/song.WAV.EXE",
    "other audio": "/files/song.mp3",
    "nul": "/files/song.nul",
}
PROGRAMS = ["MZ\x00\x03", "#!/bin/sh\nrm -rf ~\n", "<html><script>", "[Desktop Entry]\nExec=x\n", "PK\x03\x04"]
DISPOSITIONS = [
    'attachment; filename="../../evil.sh"',
    'attachment; filename="/etc/cron.d/evil"',
    "attachment; filename=C:\\evil.exe",
    'attachment; filename="\\\\\\\\evil.example\\\\share\\\\x.wav"',
    "attachment; filename*=UTF-8''..%2F..%2Fevil.sh",
    "attachment; filename*=UTF-8''%00evil.sh; filename=x.wav.lnk",
    "attachment; filename*=iso-8859-1'en'evil%2ewav%2eexe",
    'attachment; filename="CON"',
    'attachment; filename=".bashrc"',
    'attachment; filename="' + "a" * 5000 + '.exe"',
    'attachment; filename="evil.wav\\"; x=\\".exe"',
    "attachment; filename=evil.exe; filename=evil.sh",
    ";;;===",
]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHandle]:
    """A server that calls each of its tracks something else."""
    world = plain_world(tmp_path_factory.mktemp("named"), [20_000] * len(PATHS))
    tracks = tuple(replace(each, stream_path=path) for each, path in zip(world.tracks, PATHS.values(), strict=True))
    with running_server(replace(world, tracks=tracks)) as server:
        yield server


def names_in(cache: Path) -> list[str]:
    """Every name in a cache's folders but its own bookkeeping."""
    return sorted(path.name for path in cache.glob("*/*") if not path.name.startswith("."))


def test_row_47_the_first_bytes_decide(named: ServerHandle, tmp_path: Path) -> None:
    """Whatever the address ends with, a WAV is called ``.wav``, and nothing gets another name."""
    with rig_on(named, tmp_path / "cache") as rig:
        outcomes = rig.service.download_all([bare(source) for source in rig.sources])
        assert len(outcomes) == len(PATHS)
        assert names_in(rig.cache) == sorted(f"t-{number}.wav" for number in range(1, len(PATHS) + 1))
    assert "exe" not in EXTENSIONS


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, len(PATHS) + 1), ids=list(PATHS))
def test_row_47_what_is_no_audio_gets_no_name(named: ServerHandle, tmp_path: Path, number: int) -> None:
    """A program, a script or a web page under any of these names is refused and not kept."""
    with rig_on(named, tmp_path / "cache", attempts=1) as rig:
        for body in (
            "MZ\x00\x03",
            "#!/bin/sh\nrm -rf ~\n",
            "<html><script>",
            "[Desktop Entry]\nExec=x\n",
            "PK\x03\x04",
        ):
            rig.server.set_faults(f"t-{number}", [{"body": body, "repeat": 100, "content_type": "audio/wav"}])
            with pytest.raises(NotAudioError):
                rig.service.download(bare(rig.source(number)))
        rig.server.set_faults(f"t-{number}", [])
        assert names_in(rig.cache) == []


@pytest.mark.parametrize("disposition", DISPOSITIONS, ids=lambda text: text[:40])
def test_row_48_a_name_for_the_download_is_no_path(named: ServerHandle, tmp_path: Path, disposition: str) -> None:
    """Content-Disposition, quoted, bare or by RFC 5987, names no path: the track lies where it always does."""
    with rig_on(named, tmp_path / "cache") as rig:
        rig.server.set_faults("t-1", [{"headers": {"Content-Disposition": disposition}}])
        path = rig.service.download(bare(rig.source(1)))
        assert path == rig.layout.folder / "t-1.wav"
        assert sha256_of(path) == rig.sha256()
        assert names_in(rig.cache) == ["t-1.wav"]
    assert [each.name for each in tmp_path.iterdir()] == ["cache"]
