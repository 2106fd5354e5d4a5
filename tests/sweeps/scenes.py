"""What an export is failed in: nothing there yet, or an older export to be replaced; and what must hold afterwards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

from harness.build import plain_world
from harness.invariants import Aftermath, broken_invariants, digests_of, unrepaired
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from harness.world import World
from tests.export.rig import own_wav
from tests.sweeps.errand import OWN_TITLE, Errand
from tests.sweeps.runs import KILLED, Nest, Run, nesting

__all__ = ["SHAPES", "Scene", "Stage", "staged"]

#: The first is hashed as it comes, so it goes through a buffer; of the second no digest is told, so the kernel moves it
#: from the socket into the file.
SIZES_BYTES = (300_000, 200_000)
OWN_BYTES = 16_000
NAME = "Plain"
SHAPES = ("fresh", "replacing", "four at once")


@dataclass(frozen=True, slots=True)
class Scene:
    """One shape of the export, as it is before each run.

    Attributes:
        template: Folder with the cache and the exports to begin with.
        errand: What every run is asked for, but for its folders.
        earlier: Digest by relative path of the export that is to be replaced; empty where there is none.
    """

    template: Path
    errand: Errand
    earlier: dict[Path, str]


class Stage:
    """A server, a nest, and the scenes; gives each run a folder of its own and judges what it leaves."""

    def __init__(self, folder: Path, server: ServerHandle, nest: Nest, own: Path) -> None:
        self.nest = nest
        self._folder = folder
        self._server = server
        self._own = own
        self._numbers = count(1)
        self._scenes: dict[str, Scene] = {}
        recordings = [track.recording for track in server.world.tracks]
        self.right = [sha256_of(own), *(recording.sha256 for recording in recordings if recording)]
        listings = [track.listing for track in server.world.tracks]
        self.titles = (OWN_TITLE, *(str(listing["title"]) for listing in listings if isinstance(listing, dict)))

    def errand(self, folder: Path, **changes: object) -> Errand:
        """What to do with the cache and the exports in that folder."""
        plain = Errand(
            self._server.url, self._server.token, str(folder / "cache"), str(folder / "exports"), str(self._own)
        )
        return replace(plain, **changes)  # type: ignore[arg-type]

    def scene(self, shape: str) -> Scene:
        """Give one of `SHAPES`, the same every time."""
        if shape not in self._scenes:
            self._scenes[shape] = self._made(shape)
        return self._scenes[shape]

    def _made(self, shape: str) -> Scene:
        template = self._folder / shape
        template.mkdir()
        if shape != "replacing":
            return Scene(template, self.errand(template, connections=4 if shape == "four at once" else 1), {})
        assert self.nest.run(self.errand(template, tracks=1)).outcome == "exported"
        earlier = template / "exports" / NAME
        digests = {path.relative_to(earlier): digest for path, digest in digests_of(earlier).items()}
        return Scene(template, self.errand(template, replace=True), digests)

    def set_up(self, scene: Scene) -> Errand:
        """Give a run its folder, and what it is asked for there."""
        folder = self._folder / f"run-{next(self._numbers)}"
        shutil.copytree(scene.template, folder)
        return replace(scene.errand, cache=str(folder / "cache"), to=str(folder / "exports"))

    def busiest(self, scene: Scene, call: str) -> int:
        """How often the thread that calls it most does so in a run without faults."""
        errand = self.set_up(scene)
        most = self.nest.calls(errand, call)
        shutil.rmtree(Path(errand.to).parent)
        return most

    def judge(self, scene: Scene, errand: Errand, run: Run, *, stays: bool) -> list[str]:
        """Everything that is wrong after a run, and after a second one without faults; then its folder is removed.

        Args:
            scene: The shape.
            errand: What was to be done.
            run: What came of it.
            stays: Whether the fault stays, so that the run could not even clear up.
        """
        folder = Path(errand.to).parent
        final = Path(errand.to) / NAME
        wrong = [*self._wrong_end(run), *self._wrong_disk(scene, errand, run, stays=stays)]
        again = replace(errand, largest_file_bytes=None, replace=errand.replace or final.exists())
        second = self.nest.run(again)
        if second.outcome != "exported":
            wrong.append(f"I8 the second run: {second.outcome}: {second.report}")
        wrong += unrepaired(self._aftermath(errand, second, titles=self.titles))
        wrong += self._wrong_audio(final)
        shutil.rmtree(folder)
        return wrong

    def _aftermath(self, errand: Errand, run: Run, *, titles: tuple[str, ...] | None) -> Aftermath:
        folder = Path(errand.to).parent
        return Aftermath(
            self._server.world,
            folder / "cache",
            folder / "exports",
            titles=titles,
            root=folder,
            secrets=(self._server.token, self._server.world.refresh_token),
            texts={"the report": json.dumps(asdict(run.report))} if run.report else {},
            in_process=False,
        )

    def _wrong_end(self, run: Run) -> Iterator[str]:
        if run.hung:
            yield "it hung"
        elif run.report is None and run.code != KILLED:
            yield f"it ended with {run.code}"
        if run.report is None:
            return
        if run.report.outcome == "traceback":
            yield run.report.message
        yield from run.report.complaints
        yield from (f"I6 the thread {name} is left" for name in run.report.threads)
        # strace fails a close by leaving it out, so that descriptor is open for ever.
        closes = sum("close" in hit for hit in run.hits)
        if run.report.descriptors > closes:
            yield f"I6 {run.report.descriptors} descriptors are left, {closes} of them by strace"

    def _wrong_disk(self, scene: Scene, errand: Errand, run: Run, *, stays: bool) -> Iterator[str]:
        exports, final = Path(errand.to), Path(errand.to) / NAME
        if run.report is not None and run.report.kept:  # because nobody could look into it
            if not self._is_earlier(scene, Path(run.report.kept)):
                yield f"I4 {run.report.kept} is not the earlier export"
            shutil.rmtree(run.report.kept)
        is_new = final.exists() and not self._is_earlier(scene, final)
        yield from broken_invariants(self._aftermath(errand, run, titles=self.titles if is_new else None))
        if run.report is not None and run.ended_well != is_new:
            yield f"I4 it ended with {run.outcome}, and the new export is {'' if is_new else 'not '}there"
        if is_new and not (run.report and run.report.missing):
            yield from self._wrong_audio(final)
        names = sorted(path.name for path in exports.iterdir()) if exports.exists() else []
        if scene.earlier and not final.exists():  # killed between two renames
            olds = [exports / name for name in names if ".old-" in name]
            if run.report is not None or not any(self._is_earlier(scene, old) for old in olds):
                yield f"I4 the earlier export is gone: {names}"
        # Without a descriptor no folder can be listed, thus none be removed; the next run does.
        if run.report is not None and not stays and names != [NAME] * final.exists():
            yield f"left in the folder of exports: {names}"
        if run.report is not None:
            yield from (f"left in the cache: {path.name}" for path in Path(errand.cache).rglob("*.tmp"))

    def _is_earlier(self, scene: Scene, folder: Path) -> bool:
        found = {path.relative_to(folder): digest for path, digest in digests_of(folder).items()}
        return bool(scene.earlier) and found == scene.earlier

    def _wrong_audio(self, final: Path) -> Iterator[str]:
        found = [sha256_of(path) for path in sorted((final / "Audio").glob("*"))]
        if found != self.right:
            yield f"I4 {final.name} holds other audio than it must"


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage, until the block ends."""
    own = own_wav(folder / "own.wav", size_bytes=OWN_BYTES)
    with ExitStack() as stack:
        server = stack.enter_context(running_server(_world(folder / "world")))
        warm = folder / "warm"
        errand = Errand(server.url, server.token, str(warm / "cache"), str(warm / "exports"), str(own))
        nest = stack.enter_context(nesting(errand, folder / "trace"))
        yield Stage(folder, server, nest, own)


def _world(folder: Path) -> World:
    plain = plain_world(folder, SIZES_BYTES)
    first, second = plain.tracks
    assert isinstance(second.listing, dict)
    listing = {key: value for key, value in second.listing.items() if key not in {"sha256", "revision"}}
    return replace(plain, tracks=(first, replace(second, listing=listing)))
