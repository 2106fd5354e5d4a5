"""The folder that an export grows in: it becomes the export in one step, or nothing is left of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chadsdk import MixExporter, Phase, Playlist, Settings
from chadsdk.cancel import CancelToken
from chadsdk.errors import ChadError, ExportExistsError, StorageError
from chadsdk.export.manifest import Manifest
from chadsdk.export.replacing import refuse_folder
from chadsdk.export.stage import Staging
from chadsdk.export.temporary import temporary_name
from chadsdk.export.untouched import untouched_formats
from chadsdk.export.writers import writer_of
from harness.process import PROJECT, ServerHandle
from tests.export.child import exporting, line_of
from tests.export.rig import check_export, leftovers, local_playlist, own_wav, when
from tests.values.support import no_descriptors


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file of the user's own."""
    return own_wav(tmp_path / "own.wav")


@pytest.fixture
def older(offline: MixExporter, own: Path, to: Path) -> Path:
    """An export of the same name that stands already, with a paper that tells it apart."""
    folder = offline.export(local_playlist(own), to).folder
    (folder / "MISSING.txt").write_text("older")
    return folder


def is_older(folder: Path) -> bool:
    """Whether the older export stands there untouched."""
    return (folder / "MISSING.txt").exists() and (folder / "manifest.json").exists()


def test_until_it_is_finished_no_folder_has_the_final_name(offline: MixExporter, own: Path, to: Path) -> None:
    """At every event of the export only the staged folder is there."""
    seen: set[str] = set()
    offline.export(local_playlist(own), to, progress=lambda _: seen.update(leftovers(to)))
    assert len(seen) == 1
    assert seen.pop().startswith("Mine.partial-")
    assert leftovers(to) == ["Mine"]


def test_a_folder_that_stands_is_refused_before_a_byte_is_moved(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path
) -> None:
    """Whatever it holds; nothing is downloaded, nothing in it changes."""
    (to / "Plain").mkdir(parents=True)
    server.clear_ledger()
    with pytest.raises(ExportExistsError) as caught:
        exporter.export(playlist, to)
    assert caught.value.folder == to / "Plain"
    assert server.ledger() == []
    assert leftovers(to) == ["Plain"]
    assert leftovers(to / "Plain") == []


def make_link(path: Path) -> None:
    """A link to an export that stands elsewhere."""
    path.symlink_to(path.parent.parent / "elsewhere")


@pytest.mark.parametrize("make", [Path.touch, make_link, os.mkfifo])
@pytest.mark.parametrize("replace", [False, True])
def test_what_is_no_folder_is_never_replaced(
    offline: MixExporter,
    own: Path,
    to: Path,
    make: Callable[[Path], object],
    replace: bool,
) -> None:
    """A file, a link (even a dangling one) or a FIFO of that name stays as it is."""
    to.mkdir()
    make(to / "Mine")
    before = (to / "Mine").lstat()
    with pytest.raises(ExportExistsError):
        offline.export(local_playlist(own), to, replace=replace)
    assert os.path.samestat((to / "Mine").lstat(), before)
    assert leftovers(to) == ["Mine"]


def fifo_manifest(folder: Path) -> None:
    """A manifest that would block whoever opens it."""
    os.mkfifo(folder / "manifest.json")


@pytest.mark.parametrize(
    "fill",
    [
        lambda folder: None,
        lambda folder: (folder / "thesis.odt").touch(),
        lambda folder: (folder / "manifest.json").write_text('{"name": "a web app"}'),
        lambda folder: (folder / "manifest.json").mkdir(),
        fifo_manifest,
    ],
)
def test_replace_removes_no_folder_that_is_no_export(
    offline: MixExporter, own: Path, to: Path, fill: Callable[[Path], object]
) -> None:
    """Empty, somebody's papers, another program's manifest.json, one that is no file: refused and kept."""
    (to / "Mine").mkdir(parents=True)
    fill(to / "Mine")
    before = leftovers(to / "Mine")
    with pytest.raises(ExportExistsError, match="no export"):
        offline.export(local_playlist(own), to, replace=True)
    assert leftovers(to / "Mine") == before
    assert leftovers(to) == ["Mine"]


def test_replace_swaps_an_older_export(offline: MixExporter, own: Path, to: Path, older: Path) -> None:
    """The new one stands alone; nothing of the older one is mixed into it or left beside it."""
    offline.export(local_playlist(own), to, replace=True)
    check_export(older)
    assert leftovers(to) == ["Mine"]


def test_an_older_export_with_files_of_others_is_kept(offline: MixExporter, own: Path, to: Path, older: Path) -> None:
    """A project that a DAW saved into the older export survives ``replace``, each time under a name of its own."""
    for number in (1, 2):
        (older / "my mix.rpp").write_text(f"work of a night {number}")
        result = offline.export(local_playlist(own), to, replace=True)
        assert result.kept == to / f"Mine (replaced {number})"
        assert (result.kept / "my mix.rpp").read_text() == f"work of a night {number}"
        check_export(older)
    assert leftovers(to) == ["Mine", "Mine (replaced 1)", "Mine (replaced 2)"]


def test_an_older_export_that_a_dead_process_moved_aside_comes_back(
    offline: MixExporter, own: Path, to: Path, older: Path
) -> None:
    """Killed between the two renames of a swap; the next export finds the older one under its name again."""
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    host = temporary_name("Mine", "old").split("-")[1]
    older.rename(to / f"Mine.old-{host}-{dead.pid}-0123abcd")
    with pytest.raises(ExportExistsError):
        offline.export(local_playlist(own), to)
    assert is_older(older)
    assert leftovers(to) == ["Mine"]


DIE_WITHOUT_MANIFEST = """
import os, sys
from pathlib import Path
from chadsdk import MixExporter
from tests.export.rig import local_playlist
unlink = os.unlink
os.unlink = lambda path, **named: (unlink(path, **named), "manifest.json" in str(path) and os._exit(9))
MixExporter().export(local_playlist(Path(sys.argv[1])), sys.argv[2], replace=True)
"""


def test_an_older_export_that_is_half_removed_is_nobodys_own(
    offline: MixExporter, own: Path, to: Path, older: Path
) -> None:
    """Killed while the replaced export is removed: what is left of it goes with the next export, and is not kept."""
    (older / "MISSING.txt").unlink()
    died = subprocess.run([sys.executable, "-c", DIE_WITHOUT_MANIFEST, own, to], cwd=PROJECT, check=False)
    assert died.returncode == 9
    assert len(leftovers(to)) == 2
    offline.export(local_playlist(own), to, replace=True)
    assert leftovers(to) == ["Mine"]


def test_replace_may_be_asked_for_where_nothing_stands(offline: MixExporter, own: Path, to: Path) -> None:
    """It allows, it does not demand."""
    check_export(offline.export(local_playlist(own), to, replace=True).folder)


def test_an_export_that_fails_leaves_the_one_that_it_would_replace(
    offline: MixExporter, own: Path, to: Path, older: Path
) -> None:
    """The older one stands until the moment of the swap."""

    def fail(_: object) -> None:
        assert is_older(older)
        raise RuntimeError("listener")

    with pytest.raises(RuntimeError, match="listener"):
        offline.export(local_playlist(own), to, replace=True, progress=when(Phase.EXPORT, fail, moved=True))
    assert is_older(older)
    assert leftovers(to) == ["Mine"]


def test_a_swap_that_fails_half_way_is_undone(to: Path, older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The older export was moved aside, the new one cannot take its name: the older one gets it back."""
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if ".partial-" in self.name:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with Staging.opened(older) as staging, pytest.raises(StorageError):
        staging.publish(CancelToken(), replace=True)
    assert is_older(older)
    assert leftovers(to) == ["Mine"]


def make_finished(folder: Path) -> None:
    """What another process's export looks like to a rename."""
    (folder / "Audio").mkdir(parents=True)


@pytest.mark.parametrize("make", [make_finished, Path.touch])
def test_a_folder_that_appears_at_the_last_moment_is_not_overwritten(
    to: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object]
) -> None:
    """Between the last look and the rename another process finishes: what is there stays, ours says that it exists."""
    look = refuse_folder

    def look_then_lose_the_race(final: Path, *, replace: bool) -> None:
        look(final, replace=replace)
        make(final)

    monkeypatch.setattr("chadsdk.export.stage.refuse_folder", look_then_lose_the_race)
    with pytest.raises(ExportExistsError), Staging.opened(to / "Mine") as staging:
        staging.publish(CancelToken(), replace=False)
    assert leftovers(to) == ["Mine"]


def test_of_two_that_replace_one_folder_at_once_one_wins(
    to: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our move aside and our rename another process takes the name: its export stays, the older one goes."""
    rename = Path.rename

    def rename_and_lose_the_race(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        if ".old-" in target.name:
            make_finished(older)
        return moved

    monkeypatch.setattr(Path, "rename", rename_and_lose_the_race)
    with pytest.raises(ExportExistsError), Staging.opened(older) as staging:
        staging.publish(CancelToken(), replace=True)
    assert leftovers(to) == ["Mine"]
    assert leftovers(older) == ["Audio"]


def test_an_error_while_staging_is_the_callers_own(offline: MixExporter, own: Path, to: Path) -> None:
    """What a listener raises comes out as it is, and the staged folder is gone."""

    class Mine(BaseException):
        pass

    def fail(_: object) -> None:
        raise Mine

    with pytest.raises(Mine):
        offline.export(local_playlist(own), to, progress=fail)
    assert leftovers(to) == []


def test_a_target_that_cannot_be_made_is_one_clear_error(offline: MixExporter, own: Path, tmp_path: Path) -> None:
    """A file stands where the folder should be made."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="make a folder in") as caught:
        offline.export(local_playlist(own), tmp_path / "file" / "to")
    assert isinstance(caught.value, ChadError)


def test_what_a_killed_process_left_is_swept_by_the_next_export(
    offline: MixExporter, settings: Settings, own: Path, to: Path
) -> None:
    """SIGKILL leaves a staged folder; the next export of that name removes it, and no folder of another name."""
    with exporting(cache=settings.cache_dir, to=to, file=own, stop_at="export") as process:
        assert line_of(process) == "ready"
        process.kill()
        process.wait()
    [stale] = leftovers(to)
    other = to / stale.replace("Plain", "Other")
    shutil.copytree(to / stale, other)
    alike = to / f"{stale}x"
    alike.mkdir()
    offline.export(local_playlist(own, name="Plain"), to)
    assert leftovers(to) == sorted(["Plain", other.name, alike.name])


def test_what_this_very_process_left_is_swept(offline: MixExporter, own: Path, to: Path) -> None:
    """A folder that could not be removed when its export failed, or of an earlier process of the same id."""
    (to / temporary_name("Mine", "partial") / "Audio").mkdir(parents=True)
    offline.export(local_playlist(own), to)
    assert leftovers(to) == ["Mine"]


def test_the_staged_folder_of_another_thread_is_not_swept(offline: MixExporter, own: Path, to: Path) -> None:
    """Two exports of one name in one process: who comes second finds the name taken, and took nothing away before."""

    def export_too(_: object) -> None:
        check_export(offline.export(local_playlist(own), to).folder)

    with pytest.raises(ExportExistsError, match="exist"):
        offline.export(local_playlist(own), to, progress=when(Phase.EXPORT, export_too))
    check_export(to / "Mine")
    assert leftovers(to) == ["Mine"]


def test_the_staged_folder_of_a_living_process_is_not_swept(
    offline: MixExporter, settings: Settings, own: Path, to: Path
) -> None:
    """Another process is at the same export: it keeps its folder, and loses the race with a clear error."""
    with exporting(cache=settings.cache_dir, to=to, file=own, stop_at="export") as process:
        assert line_of(process) == "ready"
        [living] = leftovers(to)
        result = offline.export(local_playlist(own, name="Plain"), to)
        assert leftovers(to) == ["Plain", living]
        process.communicate("go on\n", timeout=20)
    check_export(result.folder)
    assert leftovers(to) == ["Plain"]


def test_of_two_processes_at_one_folder_one_wins(settings: Settings, own: Path, to: Path) -> None:
    """Both were past every look when they were let go: one export, whole; one ExportExistsError; nothing else."""
    order = {"cache": settings.cache_dir, "to": to, "file": own, "stop_at": "export"}
    with exporting(**order) as one, exporting(**order) as two:
        assert line_of(one) == line_of(two) == "ready"
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.write("go on\n")
            process.stdin.flush()
        outcomes = sorted([line_of(one), line_of(two)])
    assert outcomes == ["ExportExistsError", "ExportResult 1"]
    assert leftovers(to) == ["Plain"]
    check_export(to / "Plain")


def test_what_cannot_be_listed_is_not_taken_for_untouched(tmp_path: Path) -> None:
    """A project folder that nobody can look into may hold somebody's work."""
    manifest = Manifest(generator="g", created_at="c", playlist="Mine", entries=(), formats=("ardour",))
    session = tmp_path / writer_of("ardour").output_of("Mine")
    session.mkdir()
    (tmp_path / "manifest.json").write_bytes(manifest.to_json())
    (session / "take.wav").write_bytes(b"recorded")
    with no_descriptors(), pytest.raises(StorageError, match="Too many open files"):
        untouched_formats(manifest, tmp_path)
