"""The default world's export in every format at one sample rate, as the harness makes it, before its judges."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from chadsdk import CancelToken, Manifest
from chadsdk.export.project import Project
from chadsdk.export.timeline import make_project
from chadsdk.export.writers import Desk, writer_of
from tests.daw.ardour import ardour_or_skip, opened
from tests.daw.makers_parser import blocks, items, line

pytestmark = pytest.mark.timeout(300)

FORMATS = ("dawproject", "dawproject-linked", "reaper", "ardour", "otio", "audacity")
RATE = 44_100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export, made by the harness's command."""
    formats = [word for name in FORMATS for word in ("--format", name)]
    command = [sys.executable, "-m", "harness", "export", "--convert-to", str(RATE), "--json", *formats]
    to = tmp_path_factory.mktemp("exports")
    done = subprocess.run([*command, "--to", str(to)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3, done.stderr
    return Path(json.loads(done.stdout)["folder"])


@pytest.fixture(scope="module")
def mix(folder: Path) -> Project:
    """What the project files are to show."""
    return make_project(Manifest.load(folder))


def test_every_file_decodes_at_the_one_rate(folder: Path, mix: Project) -> None:
    """By libsndfile, to its full length."""
    for clip in mix.clips:
        if clip.missing is None:
            with soundfile.SoundFile(folder / clip.file) as sound:
                decoded = sum(len(block) for block in sound.blocks(blocksize=65_536))
                assert (sound.samplerate, decoded) == (RATE, sound.frames)


def test_ardour_opens_the_session(folder: Path, mix: Project) -> None:
    """Without a complaint; each clip is a region at its place, and what is missing is what the manifest says."""
    ardour_or_skip()
    seen = opened(folder / "Ardour")
    assert (seen.sample_rate_hz, seen.complaints) == (RATE, ())
    regions = sorted((region.position_s, region.length_s, bool(region.missing)) for region in seen.regions)
    wanted = sorted((clip.start_s, clip.length_s, clip.missing is not None) for clip in mix.clips)
    assert [is_missing for *_, is_missing in regions] == [is_missing for *_, is_missing in wanted]
    for (at_s, length_s, _), (start_s, long_s, _) in zip(regions, wanted, strict=True):
        assert at_s == pytest.approx(start_s, abs=1 / RATE)
        assert length_s == pytest.approx(long_s, abs=1 / RATE)


def test_cockos_s_parser_reads_the_reaper_project(folder: Path, mix: Project) -> None:
    """Every item at its place, with the file that the manifest names."""
    found = sorted(
        (float(line(item, "POSITION")[0]), line(blocks(item, "SOURCE")[0], "FILE")[0])
        for _, item in items((folder / f"{mix.file_stem}.rpp").read_text(encoding="utf-8"))
    )
    wanted = sorted((clip.start_s, clip.file) for clip in mix.clips)
    assert [file for _, file in found] == [file for _, file in wanted]
    assert [at_s for at_s, _ in found] == pytest.approx([at_s for at_s, _ in wanted], abs=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_each_project_reads_back(folder: Path, mix: Project, name: str) -> None:
    """By the check of its own format, in the folder under its final name."""
    writer_of(name).check(mix, Desk(folder, CancelToken(), folder.joinpath))
