"""Six processes, one cache, a flaky server, and somebody who kills them: never a wrong byte under a final name.

`CHADSDK_TORTURE_SEED` repeats the choices of a run; the seed is printed. (Not its timing: that is the machine's.)
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from chadsdk.cache import Cache
from chadsdk.cache.locks import Hold, holding
from chadsdk.cache.work import ORPHAN_AGE_S
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService, Fetched
from harness.process import ServerHandle, running_server
from tests.download.support import Rig, final_files, quick
from tests.torture.flaky import flaky_world, sources_of
from tests.torture.worker import Order, take_lock, work

PUBLISHED = 1_000
PROCESSES = 6
LIMIT_S = 70.0
KILLS_PER_S = 4.0

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.torture.worker"])


@dataclass
class Watch:
    """Looks at the final names all the time: opens, hashes, compares, and wipes some of what was right.

    Attributes:
        rig: Whose cache.
        chance: Decides what is wiped.
        verified: Every file that was right under a final name, by name and identity: each came by a publish of its
            own, because a file gets a final name by a rename and in no other way.
        looks: How many times a file was hashed.
    """

    rig: Rig
    chance: random.Random
    verified: set[tuple[str, int, int, int]] = field(default_factory=set)
    looks: int = 0

    def look(self) -> None:
        """Hash everything once; raise on the first wrong byte."""
        right = {track.id: track.recording.sha256 for track in self.rig.server.world.tracks if track.recording}
        for path in final_files(self.rig.cache):
            try:
                with path.open("rb") as stream:
                    status = os.fstat(stream.fileno())
                    seen = stream.read()
            except FileNotFoundError:  # two extensions of one track, tidied
                continue
            digest = sha256(seen).hexdigest()
            assert digest == right[path.stem], f"{path.name}: {len(seen)} bytes that are not the track's"
            self.looks += 1
            self.verified.add((path.name, status.st_ino, status.st_mtime_ns, status.st_ctime_ns))
            if self.chance.random() < 0.6:
                path.unlink(missing_ok=True)  # as the operating system may, at any moment


class Crew:
    """The processes: as many as there are to be, and who kills them."""

    def __init__(self, rig: Rig, chance: random.Random, complaints: Path, *, locks_work: bool) -> None:
        self._rig, self._chance, self._locks_work = rig, chance, locks_work
        self._complaints = complaints
        self._sources = sources_of(rig.server.world)
        self._living: list[ForkServerProcess] = []
        self.kills = 0

    def fill(self) -> None:
        """Start as many as are missing; a process that ended by itself has complained."""
        for each in self._living:
            assert each.is_alive(), self.complaints()
        while len(self._living) < PROCESSES:
            server = self._rig.server
            complaint = self._complaints / f"{len(list(self._complaints.iterdir()))}-{self.kills}.txt"
            seed = self._chance.getrandbits(32)
            order = Order(server.url, server.token, self._rig.cache, self._sources, seed, self._locks_work, complaint)
            process = FORKS.Process(target=work, args=(order,))
            process.start()
            self._living.append(process)

    def kill(self, count: int) -> None:
        """End some of them at once (SIGKILL), wherever they are."""
        for each in self._chance.sample(self._living, min(count, len(self._living))):
            each.kill()
            each.join()
            assert each.exitcode == -9, self.complaints()
            self._living.remove(each)
            each.close()
            self.kills += 1

    def complaints(self) -> str:
        """What the processes had to say."""
        return "\n".join(path.read_text() for path in self._complaints.iterdir())


@pytest.fixture
def seed() -> int:
    """The seed of this run."""
    chosen = int(os.environ.get("CHADSDK_TORTURE_SEED") or random.SystemRandom().getrandbits(32))
    print(f"CHADSDK_TORTURE_SEED={chosen}")
    return chosen


@contextmanager
def clean_rig(server: ServerHandle, cache: Path) -> Iterator[Rig]:
    settings = quick(cache)
    with (
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        yield Rig(server, client, service)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("locks_work", [True, False], ids=["locks", "no locks"])
def test_no_corrupt_file_is_ever_published(tmp_path: Path, seed: int, *, locks_work: bool) -> None:
    """A thousand publishes, each right when it is seen; afterwards nothing is stuck, and one clean run has it all."""
    complaints = tmp_path / "complaints"
    complaints.mkdir()
    chance = random.Random(seed)
    world = flaky_world(tmp_path / "world", seed)
    with running_server(world) as server, clean_rig(server, tmp_path / "cache") as rig:
        watch = Watch(rig, chance)
        crew = Crew(rig, chance, complaints, locks_work=locks_work)
        try:
            torture(watch, crew, chance)
        finally:
            crew.kill(PROCESSES)
        watch.look()
        print(f"{len(watch.verified)} published, {watch.looks} looks, {crew.kills} kills, {told(server)}")
        assert crew.complaints() == ""
        recover(rig)


def torture(watch: Watch, crew: Crew, chance: random.Random) -> None:
    """Kill and look until enough was published."""
    end = time.monotonic() + LIMIT_S
    next_kill = 0.0
    while len(watch.verified) < PUBLISHED:
        now = time.monotonic()
        assert now < end, f"only {len(watch.verified)} were published in {LIMIT_S} s"
        crew.fill()
        watch.look()
        if now >= next_kill:
            crew.kill(chance.choice((1, 1, 1, 2, PROCESSES)))
            next_kill = now + chance.expovariate(KILLS_PER_S)


def told(server: ServerHandle) -> str:
    """What the server answered, counted."""
    return str(dict(Counter(get.status for get in server.audio_gets())))


def recover(rig: Rig) -> None:
    """Locks are free, orphans are swept once they are old, and without faults one run completes everything."""
    for lock in rig.layout.locks.iterdir():
        with holding(lock, CancelToken(), wait_s=0) as hold:
            assert hold is Hold.OURS, lock.name
    old = time.time() - ORPHAN_AGE_S - 60
    for orphan in rig.temporaries():
        os.utime(orphan, (old, old))
    Cache(rig.cache, rig.client.key).prepare()
    assert rig.temporaries() == []
    for path in final_files(rig.cache):
        path.unlink()
    for track in rig.server.world.tracks:
        rig.server.set_faults(track.id, [])
    outcomes = rig.service.download_all(sources_of(rig.server.world))
    assert all(isinstance(outcome, Fetched) for outcome in outcomes.values())
    rig.assert_whole()
    assert len(final_files(rig.cache)) == len(rig.server.world.tracks)
    assert rig.temporaries() == rig.partials() == []


@pytest.mark.parametrize(("locks_work", "second"), [(True, Hold.BUSY), (False, Hold.OURS)], ids=["locks", "no locks"])
def test_broken_locks_are_really_broken(tmp_path: Path, *, locks_work: bool, second: Hold) -> None:
    """With a flock that does nothing two processes hold one lock at once; with a real one the second is kept out."""
    pipes, processes, seen = [], [], []
    for _ in range(2):
        ours, theirs = FORKS.Pipe()
        process = FORKS.Process(target=take_lock, args=(tmp_path / "t.lock", locks_work, theirs))
        process.start()
        pipes.append(ours)
        processes.append(process)
        seen.append(ours.recv())
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send("done")
        process.join()
        pipe.close()
        assert process.exitcode == 0
    assert seen == [Hold.OURS.value, second.value]
