"""The API: who may ask, what is told, and how a token is renewed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from harness.build import plain_world
from harness.process import ServerHandle, running_server
from tests.harness.raw import RawReply, ask, connected


def document(reply: RawReply) -> dict[str, object]:
    assert reply.header("Content-Type") == "application/json"
    return cast("dict[str, object]", json.loads(reply.body))


def error_code(reply: RawReply) -> object:
    error = cast("dict[str, str]", document(reply)["error"])
    assert error.keys() == {"code", "message"}
    return error["code"]


def refreshed(server: ServerHandle, refresh_token: object) -> RawReply:
    with connected(server) as client:
        body = json.dumps({"refreshToken": refresh_token}).encode()
        return client.ask("POST", "/api/auth/refresh", {"Authorization": ""}, body)


def status_with(server: ServerHandle, token: object) -> int:
    return ask(server, "GET", "/api/tracks/t-1", {"Authorization": f"Bearer {token}"}).status


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", "Basic dDp0", "Token {token}", "Bearer {token}x"]
)
@pytest.mark.parametrize("path", ["/api/tracks/t-1", "/api/playlists/plain", "/tracks/1/audio.wav"])
def test_who_has_no_good_token_is_told_so(plain_server: ServerHandle, path: str, authorization: str) -> None:
    """401 with a Bearer challenge and an error document, for the API as for the audio."""
    headers = {"Authorization": authorization.format(token=plain_server.token)}
    reply = ask(plain_server, "GET", path, headers)
    assert (reply.status, error_code(reply)) == (401, "unauthorized")
    assert str(reply.header("WWW-Authenticate")).startswith("Bearer")


def test_the_scheme_of_a_token_ignores_case(plain_server: ServerHandle) -> None:
    """``bearer`` is ``Bearer`` (RFC 9110, 11.1)."""
    headers = {"Authorization": f"bearer {plain_server.token}"}
    assert ask(plain_server, "GET", "/api/tracks/t-1", headers).status == 200


def test_a_track_is_told_as_it_is_listed(plain_server: ServerHandle) -> None:
    """The reply is the world's listing, field for field."""
    reply = ask(plain_server, "GET", "/api/tracks/t-7")
    assert document(reply) == plain_server.world.track("t-7").listing


@pytest.mark.parametrize("path", ["/api/tracks/t-0", "/api/tracks/", "/api/playlists/none", "/api/tracks/a%2Fb"])
def test_what_is_unknown_is_404(plain_server: ServerHandle, path: str) -> None:
    """Unknown ids are not found, odd ones too."""
    assert error_code(ask(plain_server, "GET", path)) == "not_found"


def pages(server: ServerHandle) -> list[list[object]]:
    """The ids on each page of the playlist, following nextCursor."""
    path, cursor, ids = "/api/playlists/plain", cast("object", ""), []
    while cursor is not None:
        page = document(ask(server, "GET", f"{path}?cursor={cursor}" if cursor else path))
        assert (page["id"], page["name"]) == ("plain", "Plain")
        ids.append([track["id"] for track in cast("list[dict[str, object]]", page["tracks"])])
        cursor = page["nextCursor"]
    return ids


def test_a_playlist_comes_in_pages(lone_server: ServerHandle) -> None:
    """Following nextCursor gives every track once, in order; the last page has none."""
    assert pages(lone_server) == [["t-1", "t-2"], ["t-3"]]


def test_half_a_character_goes_out_as_its_escape(tmp_path: Path) -> None:
    """A listing that no UTF-8 holds is told all the same, as servers in other languages tell it."""
    world = plain_world(tmp_path, [2_000])
    hostile = {"id": "t-1", "title": "half \ud83d of it", "streamPath": "/tracks/1/audio.wav"}
    with running_server(replace(world, tracks=(replace(world.tracks[0], listing=hostile),))) as server:
        reply = ask(server, "GET", "/api/tracks/t-1")
        assert b"half \\ud83d of it" in reply.body
        assert document(reply) == hostile


def test_a_full_last_page_is_the_last(tmp_path: Path) -> None:
    """Where the pages come out even, no empty one follows."""
    with running_server(plain_world(tmp_path, [1_000] * 4, page_size=2)) as server:
        assert pages(server) == [["t-1", "t-2"], ["t-3", "t-4"]]


@pytest.mark.parametrize("cursor", ["2", "AAAA", "%00", "b3RoZXI6Mg", "ü"])
def test_a_cursor_of_ones_own_is_refused(lone_server: ServerHandle, cursor: str) -> None:
    """Only what the server gave out leads on; another playlist's or an invented one is 400."""
    reply = ask(lone_server, "GET", f"/api/playlists/plain?cursor={cursor}")
    assert (reply.status, error_code(reply)) == (400, "bad_cursor")


def test_a_refresh_replaces_both_tokens(lone_server: ServerHandle) -> None:
    """The new access token is good, the old one no more; and the old refresh token is used up."""
    reply = refreshed(lone_server, lone_server.refresh_token)
    pair = document(reply)
    assert pair.keys() == {"token", "refreshToken"}
    assert status_with(lone_server, pair["token"]) == 200
    assert status_with(lone_server, lone_server.token) == 401
    assert error_code(refreshed(lone_server, lone_server.refresh_token)) == "bad_refresh_token"
    assert refreshed(lone_server, pair["refreshToken"]).status == 200


def test_an_expired_token_can_be_refreshed(lone_server: ServerHandle) -> None:
    """After `expire_token` the token is 401, and its refresh token still buys another."""
    assert status_with(lone_server, lone_server.token) == 200
    lone_server.expire_token()
    assert status_with(lone_server, lone_server.token) == 401
    assert refreshed(lone_server, lone_server.refresh_token).status == 200


def test_a_token_can_expire_by_use(tmp_path: Path) -> None:
    """With `token_requests` the first token is good so many times, and the next one for ever."""
    world = replace(plain_world(tmp_path, [1_000]), token_requests=2)
    with running_server(world) as server:
        assert [status_with(server, server.token) for _ in range(3)] == [200, 200, 401]
        token = document(refreshed(server, server.refresh_token))["token"]
        assert [status_with(server, token) for _ in range(4)] == [200] * 4


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"refreshToken": 5}', b"\xff"])
def test_a_refresh_without_a_token_is_refused(lone_server: ServerHandle, body: bytes) -> None:
    """What is not the documented object is 400."""
    with connected(lone_server) as client:
        reply = client.ask("POST", "/api/auth/refresh", {}, body)
    assert (reply.status, error_code(reply)) == (400, "bad_request")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/tracks/t-1", "GET, HEAD"),
        ("DELETE", "/tracks/1/audio.wav", "GET, HEAD"),
        ("GET", "/api/auth/refresh", "POST"),
        ("PATCH", "/api/playlists/plain", "GET, HEAD"),
    ],
)
def test_another_method_is_405(plain_server: ServerHandle, method: str, path: str, allowed: str) -> None:
    """A path that exists tells which methods it knows."""
    reply = ask(plain_server, method, path)
    assert (reply.status, reply.header("Allow")) == (405, allowed)
