"""Header lines that cannot be read: urllib3 logs them with all their lines, and our logs must not hold one."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import pytest

from chadsdk import ChadMusicAPIClient, DownloadService
from chadsdk.source import CloudSource
from tests.download.bare import Talk, bare_server
from tests.download.support import quick
from tests.security.test_canaries import ACCESS, PASSWORD, SIGNATURE, Heard, listening, tried

BROKEN = {
    "signed link": f"/a?sig={SIGNATURE}",
    "redirect": "/to",
    "redirect that is broken itself": "/lost",
}


@pytest.mark.parametrize("path", BROKEN.values(), ids=BROKEN)
def test_row_36_no_secret_of_headers_that_cannot_be_read(tmp_path: Path, path: str) -> None:
    """A line without a colon: neither the query nor the lines behind it are logged, nor is there a traceback."""
    raw = f"X-Broken\r\nSet-Cookie: id={PASSWORD}\r\n"
    heads = {
        "/to": f"302 Found\r\nContent-Length: 0\r\nLocation: /a?sig={SIGNATURE}\r\n",
        "/lost": f"302 Found\r\nContent-Length: 0\r\n{raw}Location: /a?sig={SIGNATURE}\r\n",
        f"/a?sig={SIGNATURE}": f"200 OK\r\nContent-Length: 4\r\n{raw}",
    }

    def answer(talk: Talk, head: str) -> None:
        said = heads[head.split(" ")[1]]
        talk.say(f"HTTP/1.1 {said}\r\n".encode() + (b"RIFF" if said.startswith("2") else b""))

    settings = quick(tmp_path / "cache", attempts=1)
    with (
        bare_server(answer) as server,
        listening() as heard,
        ChadMusicAPIClient(server.url, token=ACCESS, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        tried(heard, "download", partial(service.download, CloudSource("", "t-1", path)))
    assert any("Failed to parse headers" in text for text in heard.texts.values()), "nothing was broken"
    assert heard.leaks() == []
    assert not [text for name, text in heard.texts.items() if name.startswith("log") and "Traceback" in text]


def test_row_36_every_logger_of_urllib3_is_minded(tmp_path: Path) -> None:
    """Also those that another version of it may bring."""
    with ChadMusicAPIClient("https://music.invalid", settings=quick(tmp_path / "cache")) as client:
        tried(Heard(), "look-up", partial(client.track, "t-1"))
    names = {name for name in logging.root.manager.loggerDict if name.startswith("urllib3.")}
    assert {"urllib3.connection", "urllib3.connectionpool", "urllib3.response", "urllib3.util.retry"} <= names
    assert [name for name in names if not logging.getLogger(name).filters] == []
