"""`ChadMusicAPIClient`: the client of a ChadMusic server, the first `MusicServer`.

=============================================  ===========================================================
``GET /api/tracks/{id}``                       a ChadTrack
``GET /api/playlists/{id}`` and ``?cursor=…``  a page: ``id``, ``name``, ``tracks``, ``nextCursor``
``POST /api/auth/refresh``                     ``{"refreshToken"}`` to ``{"token", "refreshToken"}``
=============================================  ===========================================================
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Self, TypeVar
from urllib.parse import quote, urlsplit

from chadsdk.address import Origin, home_url, join_path
from chadsdk.auth import BearerToken, Credentials, Headers, NoCredentials, check_token
from chadsdk.cancel import CancelToken
from chadsdk.decode import decode, parse_json
from chadsdk.errors import AuthError, ConfigurationError, DataError, ProtocolError, Reason, UnsafeNameError
from chadsdk.exchange import Request
from chadsdk.files import safe_id
from chadsdk.library import Playlist, PlaylistEntry, Problem, Track
from chadsdk.retry import RetryPolicy, retrying
from chadsdk.settings import Settings
from chadsdk.source import CloudSource
from chadsdk.transport import Transport
from chadsdk.wire import BadTrack, ChadTrack, PlaylistPage, read_page, read_tokens

__all__ = ["ChadMusicAPIClient"]

T = TypeVar("T")

_MAX_PAGES = 10_000
_MAX_EMPTY_PAGES = 20  # of one playlist; a server that leaves entries out after it has made its pages may have some


class ChadMusicAPIClient:
    """A client of one ChadMusic server. Thread-safe; close it, or use it as a context manager.

    Args:
        base_url: Address of the server, such as ``https://music.example``.
        token: Bearer token.
        refresh_token: Exchanged for a new pair once the token has expired.
        auth: Credentials of your own kind, instead of the tokens.
        settings: Time-outs, retries, certificates.

    Raises:
        ConfigurationError: The address or a token cannot be used, or both `auth` and a token are given.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        refresh_token: str | None = None,
        auth: Credentials | None = None,
        settings: Settings | None = None,
    ) -> None:
        if auth is not None and (token is not None or refresh_token is not None):
            raise ConfigurationError("Give either auth or a token, not both.")
        if refresh_token is not None and token is None:
            raise ConfigurationError("A refresh token needs a token beside it.")
        self.base_url = home_url(base_url)
        self.key = _key_of(self.base_url)
        self._settings = settings or Settings()
        self._refresh_token = None if refresh_token is None else check_token(refresh_token)
        self.credentials: Credentials = auth or self._bearer(token)
        connections = self._settings.max_concurrent_downloads
        self._transport = Transport(self.base_url, self.credentials, self._settings, connections=connections)
        # A line of its own: requests that wait for new credentials keep theirs, and may be all there are.
        self._desk = Transport(self.base_url, NoCredentials(), self._settings, connections=1)

    def __repr__(self) -> str:
        return f"<ChadMusicAPIClient {self.base_url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections; the client can still be used."""
        self._transport.close()
        self._desk.close()

    @property
    def auth_headers(self) -> Headers:
        """What a request to this server carries now. Secret: do not log it."""
        return self.credentials.headers()

    def stream_url(self, source: CloudSource) -> str:
        """Give the address of a track's audio: its path below the server's address.

        Raises:
            UnsafeURLError: The path leads elsewhere.
        """
        return join_path(self.base_url, source.stream_path)

    def track(self, track_id: str, *, cancel: CancelToken | None = None) -> ChadTrack:
        """Look up one track.

        Raises:
            UnsafeNameError: The id is none that could be asked for.
            NotFoundError: There is none.
            DataError: The reply is malformed; the error names the place.
            ExportCancelled: Cancelled.
            ChadError: The server cannot be asked.
        """
        path = f"/api/tracks/{_segment(track_id)}"
        track = self._get(path, f"track {track_id}", ChadTrack.read, cancel)
        return replace(track, server=self.key)

    def playlist(self, playlist_id: str, *, cancel: CancelToken | None = None) -> Playlist:
        """Look up a whole playlist, page by page.

        A malformed track becomes an entry all the same; an export reports it as missing.

        Raises:
            UnsafeNameError: The id is none that could be asked for.
            NotFoundError: There is none.
            DataError: A page is malformed, and the error names the place; or the pages never end.
            ProtocolError: It has more entries than `Settings.max_playlist_entries`.
            ExportCancelled: Cancelled.
            ChadError: The server cannot be asked.
        """
        token = cancel or CancelToken()
        name, entries = playlist_id, list[PlaylistEntry]()
        for number, page in enumerate(self._pages(playlist_id, token)):
            name = page.name if number == 0 else name
            for each in page.tracks:
                token.raise_if_cancelled()
                entries.append(PlaylistEntry(self._track_of(each)))
        playlist = Playlist(name, entries=tuple(entries))
        token.raise_if_cancelled()
        return playlist

    def _pages(self, playlist_id: str, token: CancelToken) -> Iterator[PlaylistPage]:
        path = f"/api/playlists/{_segment(playlist_id)}"
        what = f"playlist {playlist_id}"
        most, had, empty = self._settings.max_playlist_entries, 0, 0
        cursor: str | None = None
        seen: set[str] = set()

        def check(count: int) -> None:
            token.raise_if_cancelled()
            if had + count > most:
                raise ProtocolError(f"The server lists more than {most} entries in {what}.")

        for _ in range(_MAX_PAGES):
            query = "" if cursor is None else f"?cursor={quote(cursor, safe='')}"
            page = self._get(path + query, what, partial(read_page, check=check), token)
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return
            had += len(page.tracks)
            empty += not page.tracks
            if cursor in seen or empty >= _MAX_EMPTY_PAGES:
                break
            seen.add(cursor)
        raise DataError(f"the pages of {what}", "nextCursor", "the pages never end")

    def _track_of(self, item: ChadTrack | BadTrack) -> Track:
        if isinstance(item, ChadTrack):
            return Track.from_listing(replace(item, server=self.key))
        return Track(
            item.title or "Unreadable track",
            cloud_server=self.key,
            cloud_track_id=item.track_id,
            problem=Problem(Reason.PROTOCOL, f"The server describes this track in a malformed way: {item.problem}."),
        )

    def _get(self, path: str, what: str, read: Callable[[object], T], cancel: CancelToken | None) -> T:
        request = Request(self.base_url + path, what)
        return self._ask(self._transport, request, read, cancel or CancelToken())

    def _ask(self, transport: Transport, request: Request, read: Callable[[object], T], token: CancelToken) -> T:
        limit = self._settings.max_reply_bytes
        data = retrying(
            lambda: transport.fetch_bytes(request, token, limit_bytes=limit),
            policy=RetryPolicy.of(self._settings),
            token=token,
        )
        document = f"the reply for {request.what}"
        return decode(document, read, parse_json(data, document=document, max_bytes=limit))

    def _bearer(self, token: str | None) -> Credentials:
        if token is None:
            return NoCredentials()
        return BearerToken(token, refresh=self._refresh if self._refresh_token else None)

    def _refresh(self) -> str:
        """Exchange the refresh token; called by `BearerToken`, one thread at a time."""
        body = json.dumps({"refreshToken": self._refresh_token}).encode()
        request = Request(
            f"{self.base_url}/api/auth/refresh",
            "new credentials",
            method="POST",
            headers={"Content-Type": "application/json"},
            body=body,
        )
        try:
            tokens = self._ask(self._desk, request, read_tokens, CancelToken())
        finally:
            self._desk.close()
        try:
            if tokens.refresh_token is not None:
                self._refresh_token = check_token(tokens.refresh_token)
            return check_token(tokens.token)
        except ConfigurationError as exc:
            raise AuthError("The server gave new credentials that no header can hold.") from exc


def _segment(given: str) -> str:
    """Give an id as one segment of a path.

    Raises:
        UnsafeNameError: No id, or one with dot segments: what stands between us and the server may take escapes away.
    """
    safe_id(given)
    if {".", ".."} & set(given.replace("\\", "/").split("/")):
        raise UnsafeNameError(f"The id {given[:40]!a} would lead out of the API's path.")
    return quote(given, safe="")


def _key_of(base_url: str) -> str:
    """Give the server's name in the cache: its host, and what else tells it from others there."""
    origin = Origin.of(base_url)
    name = origin.host
    if str(origin) != f"https://{origin.host}":
        name += f"_{origin.scheme}_{origin.port}"
    path = urlsplit(base_url).path
    return f"{name}_{hashlib.sha256(path.encode()).hexdigest()[:8]}" if path else name
