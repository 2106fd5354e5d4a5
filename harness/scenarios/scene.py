"""A scenario being played: its servers, the user's folders, and whole exports through the public API of chadsdk."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chadsdk import CancelToken, ChadMusicAPIClient, Event, Manifest, MixExporter, Playlist, Settings, Track
from harness.handle import LedgerEntry, ServerHandle
from harness.process import TlsFiles, running_server
from harness.scenarios.scenario import Hooks, Scenario
from harness.world import World

__all__ = ["Outcome", "Scene"]

PATIENCE_S = 45.0
QUICK: dict[str, Any] = {
    "attempts": 3,
    "backoff_base_s": 0.01,
    "backoff_cap_s": 0.02,
    "read_timeout_s": 5.0,
    "header_timeout_s": 5.0,
    "headroom_bytes": 1024 * 1024,
    "unknown_track_bytes": 1024 * 1024,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to.

    Attributes:
        error: What it raised; None where it finished.
        manifest: What became of every entry, where it finished.
        titles: Titles of the playlist as it was exported; None where there was none to export.
        wall_s: How long it took.
    """

    error: Exception | None
    manifest: Manifest | None
    titles: tuple[str, ...] | None
    wall_s: float


class Scene:
    """Everything that a scenario's hooks may look at and touch.

    Attributes:
        scenario: What is played.
        world: What the server serves.
        server: The server.
        other: A second origin, where there is one.
        root: The user's folder: cache and exports lie in it, and nothing else may.
        aside: A folder for what hooks need besides.
        settings: Of every run.
        token: Cancels the run that goes on.
        texts: Messages and `repr`s of the runs, by a name for people.
        problems: What went wrong beside a run.
        notes: What one hook wants another to know.
    """

    def __init__(self, scenario: Scenario, world: World, folder: Path, stack: ExitStack, tls: TlsFiles | None) -> None:
        self.scenario, self.world, self._stack, self._tls = scenario, world, stack, tls
        self.server: ServerHandle = stack.enter_context(running_server(world, tls=tls))
        elsewhere = replace(world, token="token-of-the-other-origin", path_faults={})
        self.other = stack.enter_context(running_server(elsewhere)) if scenario.other else None
        self.root, self.aside = folder / "user", folder / "aside"
        self.root.mkdir()
        self.aside.mkdir()
        changes = {**QUICK, **scenario.settings}
        if self.other is not None and scenario.other == "allowed":
            changes["cdn_origins"] = (self.other.url,)
        if tls is not None and "ca_bundle" not in changes:
            changes["ca_bundle"] = tls.authority
        self.settings = Settings(cache_dir=self.root / "cache", **changes)
        self.token = CancelToken()
        self.texts: dict[str, str] = {}
        self.problems: list[str] = []
        self.notes: dict[str, int] = {}
        self._ledger: list[LedgerEntry] = []
        self._refreshing: ChadMusicAPIClient | None = None

    @property
    def exports(self) -> Path:
        """The folder that gets the export folder."""
        return self.root / "exports"

    @property
    def trusted(self) -> Path:
        """The certificate that the user trusts."""
        assert self._tls is not None
        return self._tls.authority

    @property
    def export(self) -> Path:
        """The export folder."""
        return self.exports / self.world.playlists[0].name

    @property
    def cache(self) -> Path:
        """The server's folder in the cache."""
        (folder,) = self.settings.cache_dir.iterdir()
        return folder

    def requests(self) -> list[LedgerEntry]:
        """Every request since they were last forgotten, also of a server that is gone."""
        return self._ledger + (self.server.ledger() if self.server.process.poll() is None else [])

    def forget_requests(self) -> None:
        """Begin to count anew."""
        self._ledger = []
        for server in (self.server, self.other):
            if server is not None:
                server.clear_ledger()

    def kill_server(self) -> None:
        """End the server as a crash would; what it was asked is kept."""
        self._ledger = self.requests()
        self.server.kill()

    def start_server_again(self, *, tls: TlsFiles | None = None) -> None:
        """Start it again at the same address, as well-behaved as it can be, with another certificate or the same."""
        port = int(self.server.url.rpartition(":")[2])
        tracks = tuple(replace(track, faults=(), head_faults=()) for track in self.world.tracks)
        healthy = replace(self.world, tracks=tracks, path_faults={})
        self.server = self._stack.enter_context(running_server(healthy, port=port, tls=tls or self._tls))

    def heal(self) -> None:
        """Empty every script."""
        for track in self.world.tracks:
            self.server.set_faults(track.id, [])
        for path in self.world.path_faults:
            self.server.set_faults(path, [])

    def run(self, hooks: Hooks = Hooks()) -> Outcome:  # noqa: B008 - a frozen value
        """Look the playlist up and export it, as a program would."""
        self.token = CancelToken()
        deadline = threading.Timer(PATIENCE_S, self.token.cancel)
        deadline.start()
        titles: tuple[str, ...] | None = None
        manifest, error, started = None, None, time.monotonic()
        try:
            with (
                self._environment(),
                self._client() as client,
                MixExporter(client, settings=self.settings) as exporter,
                self._beside(hooks),
            ):
                self.texts["a repr"] = f"{client!r} {exporter!r} {self.settings!r} {client.credentials!r}"
                playlist = self._mix(client.playlist(self.world.playlists[0].id, cancel=self.token))
                titles = tuple(entry.track.title for entry in playlist)
                self.texts["a repr of the playlist"] = repr(list(playlist))
                if hooks.ready is not None:
                    hooks.ready(self)
                manifest = exporter.export(
                    playlist,
                    self.exports,
                    formats=self.scenario.formats,
                    replace=True,
                    cancel=self.token,
                    progress=lambda event: self._hear(hooks, event),
                    on_missing=self.scenario.on_missing,
                ).manifest
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is the outcome
            error = exc
            self.texts[f"the message of {type(exc).__name__}"] = "".join(traceback.format_exception(exc)) + repr(exc)
        finally:
            deadline.cancel()
            deadline.join()
        return Outcome(error, manifest, titles, time.monotonic() - started)

    def _client(self) -> ChadMusicAPIClient:
        if self._refreshing is not None:
            return self._refreshing
        refresh_token = self.server.refresh_token if self.scenario.refreshes else None
        client = ChadMusicAPIClient(
            self.server.url, token=self.server.token, refresh_token=refresh_token, settings=self.settings
        )
        if self.scenario.refreshes:
            self._refreshing = client  # the tokens that it has by now are the only good ones
        return client

    def _mix(self, served: Playlist) -> Playlist:
        """The server's playlist, and a file of the user's own behind it."""
        mix = Playlist(served.name, entries=tuple(served))
        for own in self.world.local:
            mix.add(Track(own.title, artist=own.artist, file=own.recording.file))
        return mix

    def _hear(self, hooks: Hooks, event: Event) -> None:
        if hooks.heard is not None:
            hooks.heard(self, event)

    @contextmanager
    def _environment(self) -> Iterator[None]:
        environment = self.scenario.hooks.environment
        before = dict(os.environ)
        os.environ.update(environment(self) if environment else {})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    @contextmanager
    def _beside(self, hooks: Hooks) -> Iterator[None]:
        def work() -> None:
            try:
                if hooks.beside is not None:
                    hooks.beside(self)
            except Exception as exc:  # noqa: BLE001 - reported, and the export must not wait for it
                self.problems.append(f"beside the export: {type(exc).__name__}: {exc}")
                self.token.cancel()

        thread = threading.Thread(target=work, name="scenario")
        thread.start()
        try:
            yield
        finally:
            thread.join()
