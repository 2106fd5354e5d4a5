"""A split file when one of its connections fails: what that costs, and what it must not cost."""

from __future__ import annotations

import re
import resource
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from harness.build import plain_world
from harness.recording import sha256_of
from harness.world import World
from tests.download.bare import Talk, bare_server
from tests.download.conftest import OpenRig
from tests.download.support import PATIENCE_S, Running, bare, child, final_files, source_of
from tests.download.test_splits import LARGE_BYTES, span_of

PART_BYTES = 600_000  # so long that the file is cut in two once, and no half again
RANGE = re.compile(r"Range: bytes=([0-9]+)-([0-9]*)\r\n")


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One track of 2 MB."""
    return plain_world(tmp_path_factory.mktemp("large"), [LARGE_BYTES])


@pytest.mark.parametrize("known", [True, False], ids=["digest", "nothing"])
def test_a_line_that_breaks_again_and_again_brings_a_split_file(
    large: World, open_rig: OpenRig, *, known: bool
) -> None:
    """Two attempts and five failures, each after real progress: the file is had, and no byte of it twice."""
    rig = open_rig(large, attempts=2, max_concurrent_downloads=2, min_part_bytes=PART_BYTES)
    shares = {0: 0.1, 2: 0.2, 3: 0.2, 4: 0.2, 5: 0.2}  # of each reply that is cut, by its place among all
    cuts: list[dict[str, Any]] = [{"cut_body": share} for share in shares.values()]
    rig.server.set_faults("t-1", [{"gate": "first", "after": 0.05, **cuts[0]}, {"gate": "helper"}, *cuts[1:]])
    source = rig.source(1)
    with Running(lambda: rig.service.download(source if known else bare(source))) as running:
        rig.server.wait_at_gate("first")
        rig.server.wait_at_gate("helper")
        rig.server.open_gate("first")
        rig.server.open_gate("helper")
        assert sha256_of(running.value()) == rig.sha256()
    asked = [span_of(get) for get in rig.gets()]
    sent = [(start, start + int((stop - start) * shares.get(at, 1))) for at, (start, stop) in enumerate(asked)]
    assert len(sent) == len(cuts) + 2
    starts, stops = zip(*sorted(sent), strict=True)
    assert (*starts, LARGE_BYTES) == (0, *stops)  # they lie side by side


class TwoConnections:
    """A server that has the owner of a file wait in its body until the helper has left.

    Attributes:
        asked: Set when the helper has asked for its part.
        may_answer: To be set when the part may come.
        gone: Set when the helper has left in the middle of it.
        may_end: To be set when the owner may have the rest.
        wholes: How often the whole was asked for.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.wholes = 0
        self.asked, self.may_answer, self.gone, self.may_end = (threading.Event() for _ in range(4))

    def answer(self, talk: Talk, head: str) -> None:
        """Say the whole or a part."""
        part = RANGE.search(head)
        if part is None:
            self._say_whole(talk)
            return
        start, stop = int(part[1]), int(part[2]) if part[2] else len(self._content) - 1
        self.asked.set()
        assert self.may_answer.wait(PATIENCE_S)
        place = f"206 Partial Content\r\nContent-Range: bytes {start}-{stop}/{len(self._content)}"
        talk.say(self._head(place, stop + 1 - start))
        if self.gone.is_set():
            talk.say(self._content[start : stop + 1])
            return
        try:
            talk.listen()
        finally:
            self.gone.set()

    def _say_whole(self, talk: Talk) -> None:
        self.wholes += 1
        first = len(self._content) // 10
        talk.say(self._head("200 OK", len(self._content)) + self._content[:first])
        assert self.may_end.wait(PATIENCE_S)
        talk.say(self._content[first:])

    @staticmethod
    def _head(status: str, length: int) -> bytes:
        return f'HTTP/1.1 {status}\r\nETag: "v1"\r\nContent-Length: {length}\r\n\r\n'.encode()


def forbid_more_files(pid: int, _cache: Path) -> Callable[[], object]:
    """Have no descriptor left for that process (EMFILE); gives what undoes it."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    is_open = {int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()}
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(set(range(soft)) - is_open), hard))
    return lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def take_the_file_away(_pid: int, cache: Path) -> Callable[[], object]:
    """Remove what is being downloaded (ENOENT), as the operating system may at any time."""
    [file] = cache.glob("*/.partial/*.tmp")
    file.unlink()
    return lambda: None


@pytest.mark.parametrize(
    ("hinder", "wholes"), [(forbid_more_files, 1), (take_the_file_away, 2)], ids=["EMFILE", "ENOENT"]
)
def test_a_helper_that_cannot_open_the_file_dooms_nothing(
    large: World, tmp_path: Path, hinder: Callable[[int, Path], Callable[[], object]], wholes: int
) -> None:
    """It leaves; the owner, who has the file open, brings all of it, or has it anew where it is gone altogether."""
    track = large.track("t-1")
    assert track.recording is not None
    config: dict[str, Any] = {
        "token": "t",
        "cache": str(tmp_path / "cache"),
        "sources": [asdict(source_of(track))],
        "settings": {"max_concurrent_downloads": 2, "min_part_bytes": PART_BYTES},
    }
    two = TwoConnections(track.recording.file.read_bytes())
    with bare_server(two.answer) as server, child("download", url=server.url, **config) as process:
        process.go()
        assert two.asked.wait(PATIENCE_S)
        allow = hinder(process.process.pid, tmp_path / "cache")
        two.may_answer.set()
        assert two.gone.wait(PATIENCE_S)
        allow()
        two.may_end.set()
        outcome = process.outcome()
    [file] = final_files(tmp_path / "cache")
    assert outcome == {"t-1": str(file)}
    assert sha256_of(file) == track.recording.sha256
    assert two.wholes == wholes
