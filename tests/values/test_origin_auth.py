"""Tests of where the headers of credentials go."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from chadsdk.address import Origin
from chadsdk.auth import OriginAuth
from tests.values.support import run_child


def _prepared(url: str, home: str = "https://music.example") -> requests.PreparedRequest:
    auth = OriginAuth(Origin.of(home), {"Authorization": "Bearer ours", "X-Api-Key": "ours"})
    return requests.Request("GET", url, auth=auth).prepare()


@pytest.mark.parametrize(
    "url",
    [
        "https://music.example",
        "https://music.example/a?b=c",
        "https://music.example:443/",
        "HTTPS://MUSIC.example/",
        "https://Music.Example",
    ],
)
def test_headers_go_to_their_origin(url: str) -> None:
    """Every spelling of the server's own origin gets all headers of the credentials."""
    headers = _prepared(url).headers
    assert (headers["Authorization"], headers["X-Api-Key"]) == ("Bearer ours", "ours")


@pytest.mark.parametrize(
    "url",
    [
        "http://music.example/",
        "http://music.example:443/",
        "https://music.example:444/",
        "https://evil.example/",
        "https://sub.music.example/",
        "https://music.example.evil.example/",
        "https://music.example./",
        "https://evil.example/?https://music.example",
        "https://user:pw@music.example/",
        "https://music.example@evil.example/",
        "https://music.example%2eevil.example/",
    ],
)
def test_headers_go_nowhere_else(url: str) -> None:
    """Another scheme, host or port gets none of them, custom headers included."""
    headers = _prepared(url).headers
    assert "ours" not in str(headers)
    assert "X-Api-Key" not in headers


def test_netrc_never_replaces_our_credentials(tmp_path: Any) -> None:
    """With a ``~/.netrc`` for the server and for others, ours go to the server, and nothing to anybody else."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine music.example login canary password canary\ndefault login canary password canary\n")
    netrc.chmod(0o600)
    code = """
    import requests
    from chadsdk.address import Origin
    from chadsdk.auth import OriginAuth
    with requests.Session() as session:
        def sent(url, auth):
            return session.prepare_request(requests.Request("GET", url, auth=auth)).headers.get("Authorization")
        ours = OriginAuth(Origin.of("https://music.example"), {"Authorization": "Bearer ours"})
        assert sent("https://music.example/a", None).startswith("Basic "), "netrc is not in force"
        print(sent("https://music.example/a", ours), sent("https://evil.example/a", ours))
    """
    assert run_child(code, env={"NETRC": str(netrc), "HOME": str(tmp_path)}) == "Bearer ours None"
