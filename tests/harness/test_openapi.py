"""`harness/openapi.yaml` and the running server say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate

from harness.process import PROJECT, ServerHandle, running_server
from harness.world import FaultEntry, World
from tests.harness.raw import End, RawReply, ask, connected

DOCUMENT: dict[str, Any] = yaml.safe_load((PROJECT / "harness" / "openapi.yaml").read_text(encoding="utf-8"))
METHODS = ("get", "head", "post", "put", "patch", "delete")
NOBODY = {"Authorization": ""}
UNDOCUMENTED = (
    *("/", "/api", "/api/tracks", "/api/playlists", "/api/auth", "/api/users/1", "/tracks", "/open", "/login"),
    *("/api/auth/refresh/x", "/api/tracks/trk-100/x", "/openapi.yaml", "/__", "/__control", "/__control/none"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A request that must come to a documented status.

    Attributes:
        template: Path as the document has it.
        method: In lower case.
        status: What must come.
        path: What is asked.
        headers: What is sent beside the good token.
        body: What is sent.
        fault: What the server is told before.
    """

    template: str
    method: str
    status: int
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    fault: FaultEntry | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.template} {self.status}"


def api_cases(template: str, good: str, bad: str) -> Iterator[Case]:
    for method in ("get", "head"):
        yield Case(template, method, 200, good)
        yield Case(template, method, 401, good, NOBODY)
        yield Case(template, method, 404, bad)
    for status in (429, 503):
        yield Case(template, "get", status, good, fault={"status": status, "retry_after": "1"})


def audio_cases(template: str, good: str, bad: str) -> Iterator[Case]:
    yield from api_cases(template, good, bad)
    yield Case(template, "get", 206, good, {"Range": "bytes=5-9"})
    yield Case(template, "get", 302, good, fault={"redirect": f"/open{good}"})
    yield Case(template, "get", 304, good, {"If-None-Match": "*"})
    yield Case(template, "get", 412, good, {"If-Match": '"other"'})
    yield Case(template, "get", 416, good, {"Range": "bytes=99999999-"})
    yield Case(f"/open{template}", "get", 200, f"/open{good}", NOBODY)
    yield Case(f"/open{template}", "get", 404, f"/open{bad}", NOBODY)


CASES = (
    *api_cases("/api/tracks/{id}", "/api/tracks/trk-100", "/api/tracks/none"),
    *api_cases("/api/playlists/{id}", "/api/playlists/friday", "/api/playlists/none"),
    Case("/api/playlists/{id}", "get", 400, "/api/playlists/friday?cursor=mine"),
    *audio_cases("/tracks/{id}/{file}", "/tracks/trk-100/audio.wav", "/tracks/none/audio.wav"),
    *audio_cases("/api/stream/{id}", "/api/stream/trk-101", "/api/stream/none"),
    Case("/api/auth/refresh", "post", 200, "/api/auth/refresh", NOBODY, b'{"refreshToken": "{refresh}"}'),
    Case("/api/auth/refresh", "post", 400, "/api/auth/refresh", NOBODY, b"{}"),
    Case("/api/auth/refresh", "post", 401, "/api/auth/refresh", NOBODY, b'{"refreshToken": "used"}'),
    Case("/__ledger", "get", 200, "/__ledger", NOBODY),
    Case("/__ledger", "delete", 204, "/__ledger", NOBODY),
)


@pytest.fixture(scope="module")
def server(mixed_world: World) -> Iterator[ServerHandle]:
    """A server of the default world."""
    with running_server(mixed_world) as running:
        yield running


@pytest.fixture
def spare_server(mixed_world: World) -> Iterator[ServerHandle]:
    """One whose tokens a test may use up."""
    with running_server(mixed_world) as running:
        yield running


def resolved(node: Any) -> Any:
    """What stands at the end of a reference."""
    while "$ref" in node:
        target: Any = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def check(value: object, schema: Mapping[str, Any]) -> None:
    """Hold a value against a schema of the document, references included."""
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)


def check_reply(reply: RawReply, documented: Mapping[str, Any], *, method: str) -> None:
    """Headers and body are as documented."""
    for name, header in documented.get("headers", {}).items():
        value, rule = reply.header(name), resolved(header)
        assert value is not None or not rule.get("required"), f"{name} is missing"
        if value is not None:
            check(value, rule["schema"])
    content = documented.get("content", {})
    if not content:
        assert method == "head" or reply.body == b""
        return
    if "*/*" not in content:
        media_type = str(reply.header("Content-Type"))
        assert media_type in content
        check(json.loads(reply.body), content[media_type]["schema"])


def operations() -> set[tuple[str, str, int]]:
    return {
        (template, method, int(status))
        for template, item in DOCUMENT["paths"].items()
        for method in METHODS
        if method in item
        for status in item[method]["responses"]
    }


def test_the_document_is_valid_openapi() -> None:
    """The validator of the OpenAPI project has nothing to say, and every operation has its own id."""
    validate(DOCUMENT)
    ids = [item[method]["operationId"] for item in DOCUMENT["paths"].values() for method in METHODS if method in item]
    assert len(set(ids)) == len(ids)


def test_every_documented_status_has_a_case() -> None:
    """What the document promises is what is tried below, no more and no less."""
    assert {(case.template, case.method, case.status) for case in CASES} == operations()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_server_answers_as_documented(case: Case, server: ServerHandle, request: pytest.FixtureRequest) -> None:
    """Status, headers and JSON of a real reply fit the document."""
    running = server
    if b"{refresh}" in case.body:
        running = request.getfixturevalue("spare_server")
    if case.fault is not None:
        running.set_faults(case.path, [case.fault])
    body = case.body.replace(b"{refresh}", running.refresh_token.encode())
    with connected(running) as client:
        reply = client.ask(case.method.upper(), case.path, case.headers, body)
    assert reply.status == case.status
    documented = DOCUMENT["paths"][case.template][case.method]["responses"][str(case.status)]
    check_reply(reply, resolved(documented), method=case.method)


def test_every_listing_of_the_world_is_a_chadtrack(server: ServerHandle) -> None:
    """All pages of all playlists fit the schema, whatever a listing leaves out."""
    for playlist in server.world.playlists:
        cursor: str | None = ""
        while cursor is not None:
            query = f"?cursor={cursor}" if cursor else ""
            page = json.loads(ask(server, "GET", f"/api/playlists/{playlist.id}{query}").body)
            check(page, {"$ref": "#/components/schemas/PlaylistPage"})
            cursor = page["nextCursor"]


def test_a_reply_that_does_not_fit_is_noticed() -> None:
    """The comparison itself is not blind: a wrong field, a missing header and a wrong type fail."""
    track = RawReply(200, (("Content-Type", "application/json"),), b'{"id": 7}', End.LENGTH)
    documented = DOCUMENT["paths"]["/api/tracks/{id}"]["get"]["responses"]["200"]
    with pytest.raises(jsonschema.ValidationError):
        check_reply(track, documented, method="get")
    unauthorized = resolved(DOCUMENT["paths"]["/api/tracks/{id}"]["get"]["responses"]["401"])
    with pytest.raises(AssertionError, match="WWW-Authenticate is missing"):
        check_reply(track, unauthorized, method="get")


@pytest.mark.parametrize("path", UNDOCUMENTED)
def test_what_is_not_documented_is_not_there(server: ServerHandle, path: str) -> None:
    """404, with and without a token."""
    for headers in ({}, NOBODY):
        reply = ask(server, "GET", path, headers)
        assert reply.status == 404
        check(json.loads(reply.body), {"$ref": "#/components/schemas/Error"})
