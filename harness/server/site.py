"""What stands where on the server: the API of the design, answered from a world."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from harness.server.ledger import Kind
from harness.server.reply import Reply, error_reply, json_reply
from harness.server.streams import stream_reply
from harness.server.tokens import TokenDesk
from harness.server.wire import Request
from harness.world import World, WorldTrack

__all__ = ["OPEN_PREFIX", "Route", "Site"]

OPEN_PREFIX = "/open"
AUDIO_PREFIXES = ("/tracks/", "/api/stream/", f"{OPEN_PREFIX}/")
READ = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a path leads.

    Attributes:
        kind: What the ledger calls it.
        methods: What may be asked there; empty if there is nothing.
        answer: The well-behaved reply, under another entity tag where one is given.
        needs_token: Whether only a bearer of a good token is answered.
    """

    kind: Kind
    methods: tuple[str, ...]
    answer: Callable[[Request, str | None], Reply]
    needs_token: bool = True


class Site:
    """Finds the route of a request; reads the world, changes nothing but the token desk."""

    def __init__(self, world: World, desk: TokenDesk) -> None:
        self._page_size = world.page_size
        self._desk = desk
        self._by_id = {track.id: track for track in world.tracks}
        self._by_path = {unquote(track.stream_path): track for track in world.tracks}
        self._playlists = {playlist.id: playlist for playlist in world.playlists}

    def find(self, request: Request) -> Route:
        """The route of a request; a path that leads nowhere has one too, which answers 404."""
        track = self._by_path.get(request.path)
        if track is not None:
            return _stream_route(track, needs_token=True)
        match request.raw_path.split("/")[1:]:
            case ["api", "tracks", track_id]:
                return Route("api", READ, lambda _request, _etag: self._track(unquote(track_id)))
            case ["api", "playlists", playlist_id]:
                return Route("api", READ, lambda asked, _etag: self._page(unquote(playlist_id), asked.query))
            case ["api", "auth", "refresh"]:
                return Route("api", ("POST",), lambda asked, _etag: self._refresh(asked), needs_token=False)
            case ["open", *_] if shown := self._by_path.get(request.path.removeprefix(OPEN_PREFIX)):
                return _stream_route(shown, needs_token=False)
        kind: Kind = "audio" if request.path.startswith(AUDIO_PREFIXES) else "api"
        return Route(kind, (), _nothing, needs_token=False)

    def stream_path(self, track_id: str) -> str | None:
        """The path of a track's bytes, escapes resolved; None for an unknown track."""
        track = self._by_id.get(track_id)
        return unquote(track.stream_path) if track else None

    def _track(self, track_id: str) -> Reply:
        track = self._by_id.get(track_id)
        if track is None:
            return error_reply(404, "not_found", f"There is no track {track_id}.")
        return json_reply(200, track.listing)

    def _page(self, playlist_id: str, query: str) -> Reply:
        playlist = self._playlists.get(playlist_id)
        if playlist is None:
            return error_reply(404, "not_found", f"There is no playlist {playlist_id}.")
        start = _start_of(playlist_id, parse_qs(query).get("cursor", [""])[0])
        if start is None:
            return error_reply(400, "bad_cursor", "The cursor is none of this playlist's.")
        stop = start + self._page_size
        page = {
            "id": playlist.id,
            "name": playlist.name,
            "tracks": [self._by_id[track_id].listing for track_id in playlist.track_ids[start:stop]],
            "nextCursor": _cursor(playlist_id, stop) if stop < len(playlist.track_ids) else None,
        }
        return json_reply(200, page)

    def _refresh(self, request: Request) -> Reply:
        try:
            document = json.loads(request.body)
        except ValueError:
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("refreshToken"), str):
            return error_reply(400, "bad_request", 'Expected {"refreshToken": "…"}.')
        pair = self._desk.exchange(document["refreshToken"])
        if pair is None:
            return error_reply(401, "bad_refresh_token", "The refresh token is not good, or used already.")
        return json_reply(200, {"token": pair.token, "refreshToken": pair.refresh_token})


def _stream_route(track: WorldTrack, *, needs_token: bool) -> Route:
    def answer(request: Request, etag: str | None) -> Reply:
        return stream_reply(track, request, etag=etag)

    return Route("audio", READ, answer, needs_token)


def _nothing(request: Request, _etag: str | None) -> Reply:
    return error_reply(404, "not_found", f"There is nothing at {request.raw_path}.")


def _cursor(playlist_id: str, start: int) -> str:
    """Opaque on purpose: a client that counts pages itself does not get far."""
    return base64.urlsafe_b64encode(f"{playlist_id}:{start}".encode()).decode().rstrip("=")


def _start_of(playlist_id: str, cursor: str) -> int | None:
    if not cursor:
        return 0
    try:
        owner, _, start = base64.urlsafe_b64decode(cursor + "==").decode().rpartition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return int(start) if owner == playlist_id and start.isascii() and start.isdigit() else None
