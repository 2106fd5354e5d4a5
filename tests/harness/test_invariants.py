"""The invariants see each breach: a good export holds them all, and every kind of damage is named with its code."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chadsdk import ChadMusicAPIClient, MixExporter
from chadsdk.cache.locks import holding
from chadsdk.cancel import CancelToken
from harness.build import plain_world
from harness.invariants import Aftermath, broken_invariants, digests_of, unrepaired
from harness.process import running_server
from tests.export.rig import quick_settings

SECRET = "canary-7f3a"
FOLDER = "Plain"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """A real export of two tracks, and what is to be looked at."""
    root = tmp_path_factory.mktemp("root")
    world = plain_world(tmp_path_factory.mktemp("world"), [60_000, 70_000])
    settings = quick_settings(root / "cache")
    with (
        running_server(world) as server,
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        playlist = client.playlist(world.playlists[0].id)
        result = exporter.export(playlist, root / "exports")
        requests = len(server.ledger())
    assert not result.missing
    titles = tuple(entry.track.title for entry in playlist)
    return Aftermath(
        world, root / "cache", root / "exports", titles=titles, root=root, requests=requests, most_requests=requests
    )


@pytest.fixture
def after(exported: Aftermath, tmp_path: Path) -> Aftermath:
    """A copy of it that a test may damage."""
    root = tmp_path / "root"
    assert exported.root is not None
    shutil.copytree(exported.root, root)
    return replace(exported, root=root, cache=root / "cache", exports=root / "exports", secrets=(SECRET,))


def edit_manifest(after: Aftermath, change: Callable[[dict[str, Any]], object]) -> None:
    path = after.exports / FOLDER / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def first_audio(after: Aftermath) -> Path:
    return min((after.exports / FOLDER / "Audio").iterdir())


def cached(after: Aftermath) -> Path:
    return min(path for path in after.cache.glob("*/*") if path.is_file())


def shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def link_instead(path: Path) -> None:
    path.unlink()
    path.symlink_to("t-2.wav")


DAMAGES: dict[str, Callable[[Aftermath], object]] = {
    "I1 t-1.wav in the cache (59999 bytes)": lambda after: shorten(cached(after)),
    "I1 t-1.wav in the cache is no plain file": lambda after: link_instead(cached(after)),
    "I2 evil.sh was not there before": lambda after: (after.cache.parent / "evil.sh").touch(),
    "I3 a secret stands in exports": lambda after: (after.exports / FOLDER / "notes").write_text(f"x {SECRET} y"),
    "I3 a secret stands in cache": lambda after: (after.cache / f"{SECRET}.tmp").touch(),
    "I4 Audio/": lambda after: shorten(first_audio(after)),
    "I4 Plain has no manifest": lambda after: (after.exports / FOLDER / "manifest.json").write_text("{"),
    "I5 Plain: the manifest lists other titles": lambda after: edit_manifest(after, lambda it: it["entries"].pop()),
    "I5 Plain: positions": lambda after: edit_manifest(after, lambda it: it["entries"][0].update(position=7)),
    "I5 Plain: position 1 is missing, None": lambda after: edit_manifest(
        after, lambda it: it["entries"][0].update(status="missing")
    ),
}


def test_a_good_export_breaks_none(after: Aftermath) -> None:
    """Nothing is said of an export that went well, nor of it as the second run."""
    assert broken_invariants(after) == unrepaired(after) == []


@pytest.mark.parametrize("expected", DAMAGES)
def test_each_damage_is_seen(after: Aftermath, expected: str) -> None:
    """One damage, one line that starts with the invariant's code and names the thing."""
    DAMAGES[expected](after)
    found = broken_invariants(after)
    assert any(line.startswith(expected) for line in found), found


def test_a_secret_in_a_text(after: Aftermath) -> None:
    """Logs and messages are looked through, too, and the line names which."""
    found = broken_invariants(replace(after, texts={"the log": f"GET /?token={SECRET}", "repr": "Settings()"}))
    assert found == ["I3 a secret stands in the log"]


def test_a_cache_that_others_can_look_into(after: Aftermath) -> None:
    """A folder or a file of the cache that is open to group or others is named with its permissions."""
    folder = cached(after).parent
    (folder / ".locks").chmod(0o710)
    cached(after).chmod(0o604)
    left = [f"{folder.name}/.locks (0710)", f"{folder.name}/{cached(after).name} (0604)"]
    assert broken_invariants(after) == [f"I3 others can look into {each}" for each in left]


def test_an_earlier_export_that_changed(after: Aftermath) -> None:
    """A file of the earlier export that is gone or other than it was is named."""
    after = replace(after, earlier=digests_of(after.exports / FOLDER))
    assert broken_invariants(after) == []
    (after.exports / FOLDER / "overview.svg").unlink()
    assert broken_invariants(after) == ["I4 overview.svg of the earlier export is not as it was"]


@contextmanager
def thread_of_the_sdk() -> Iterator[None]:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="chadsdk-left")
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_a_thread_and_a_lock_that_are_left(after: Aftermath) -> None:
    """What still runs or is held is seen while it is, and not after."""
    lock = min(after.cache.glob("*/.locks/*.lock"))
    with thread_of_the_sdk(), holding(lock, CancelToken(), wait_s=0):
        found = broken_invariants(after)
    assert found == ["I6 the thread chadsdk-left is left", f"I6 {lock.name} is still held"]
    assert broken_invariants(after) == []


def test_too_many_requests_and_foreign_ones(after: Aftermath) -> None:
    """The bound is held, and a request to an origin that is not allowed is named."""
    found = broken_invariants(replace(after, requests=9, most_requests=8, foreign_requests=["GET http://127.0.0.9/"]))
    assert found == ["I7 9 requests, and 8 were allowed", "I7 a request went elsewhere: GET http://127.0.0.9/"]


def test_what_a_second_run_left(after: Aftermath) -> None:
    """A title that is still missing, or a folder that nobody cleared up, is I8; what no run can have is not."""
    (after.exports / f"{FOLDER}.partial-abcdef-1-01234567").mkdir()
    edit_manifest(after, lambda it: it["entries"][0].update(status="missing", reason="not_found"))
    title = after.titles[0] if after.titles else ""
    left = f"I8 {FOLDER}.partial-abcdef-1-01234567 still lies in the folder of exports"
    assert unrepaired(after) == [f"I8 {FOLDER}: {title!r} is still missing", left]
    assert unrepaired(after, missing=[title]) == [left]
    shutil.rmtree(after.exports)
    assert unrepaired(after) == ["I8 there is no export after a second run"]
