"""`python -m harness serve`: serves a world until it is told to stop."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.lifetime import stop_on_signals, stop_with_parent
from harness.server import HarnessServer
from harness.world import World
from harness.world_file import load_world

__all__ = ["ServeOptions", "serve"]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What was asked for on the command line.

    Attributes:
        port: Where; 0 for any free one.
        world_file: The world to serve; None makes one of `tracks` entries from `seed`.
        tracks: Entries of the playlist ``friday`` of a world that is made.
        seed: What such a world is made from.
        as_json: Whether to say where it is as one JSON line.
        with_parent: Whether to stop when standard input ends.
        certificate: PEM file; with `key` the server speaks https.
        key: PEM file.
    """

    port: int
    world_file: Path | None
    tracks: int
    seed: int
    as_json: bool
    with_parent: bool
    certificate: Path | None
    key: Path | None


def serve(options: ServeOptions) -> None:
    """Serve until SIGINT, SIGTERM or, if so asked, the end of the parent.

    Raises:
        ValueError: The world file or the number of tracks cannot be used.
        OSError: The port is taken, or the certificate cannot be read.
    """
    with ExitStack() as stack:
        world = _world(options, stack)
        server = HarnessServer(world, port=options.port, tls=_tls(options))
        stop_on_signals(server.stop)
        if options.with_parent:
            stop_with_parent(server.stop)
        _announce(server.url, world, as_json=options.as_json)
        server.serve()


def _world(options: ServeOptions, stack: ExitStack) -> World:
    if options.world_file is not None:
        return load_world(options.world_file)
    # Only here: it loads the audio libraries, and a server of a ready world starts twice as fast without.
    from harness.build import make_world

    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-world-"))
    return make_world(options.seed, options.tracks, Path(folder))


def _tls(options: ServeOptions) -> ssl.SSLContext | None:
    if options.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)
    return context


def _announce(url: str, world: World, *, as_json: bool) -> None:
    playlists = [playlist.id for playlist in world.playlists]
    if as_json:
        line = {"url": url, "token": world.token, "playlists": playlists, "pid": os.getpid()}
        print(json.dumps(line), flush=True)
        return
    print(f"Serving {len(world.tracks)} tracks at {url}, playlists: {', '.join(playlists)}.")
    print("Try, in another terminal:\n")
    print(f"  export CHADSDK_SERVER={url} CHADSDK_TOKEN={world.token}")
    for playlist in playlists[:1]:
        print(f"  chadsdk plan {playlist}")
        print(f"  chadsdk export {playlist} --to my-export")
    print(f"\nEvery request so far: {url}/__ledger\nCtrl-C ends it.", flush=True)
