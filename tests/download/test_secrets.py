"""No secret in any log record, error or file, whatever goes wrong."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import AuthError, ChadError, UnsafeURLError
from harness.process import ServerHandle, running_server
from harness.world import FaultEntry, World
from tests.download.conftest import OpenRig
from tests.download.support import REFRESH_PATH, Rig, Running, quick

TOKEN, REFRESH, SIGNATURE = "canary-access-4711", "canary-refresh-4711", "canary-signature-4711"
CANARY = "canary-"


@pytest.fixture
def guarded(plain: World, open_rig: OpenRig) -> Iterator[Rig]:
    """A rig whose credentials are canaries, with everybody's logging at its loudest; log and cache are searched."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    rig = open_rig(replace(plain, token=TOKEN, refresh_token=REFRESH), refresh=True, attempts=3)
    try:
        yield rig
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
    log = written.getvalue()
    assert "Starting new HTTP connection" in log, "nobody logged: this test proves nothing"
    assert [line for line in log.splitlines() if CANARY in line] == []
    for path in rig.cache.rglob("*"):
        assert CANARY not in str(path)
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()


def assert_silent(error: BaseException) -> None:
    """Neither what it says nor what is printed of it holds a canary, causes included."""
    shown = [str(error), repr(error), *traceback.format_exception(error)]
    for each in (error.__cause__, error.__context__):
        if each is not None:
            shown += [str(each), repr(each)]
    assert not [text for text in shown if CANARY in text]


FAULTS: list[FaultEntry] = [
    {"status": 500},
    {"status": 503, "retry_after": "3600"},
    {"status": 404},
    {"status": 403, "message": "no"},
    {"status": 401},
    {"html": True},
    {"no_range": True, "cut_body": 0.5},
    {"reset": True},
    {"hang_up": True},
    {"wrong_bytes": True},
    {"length": 7},
    {"redirect": f"http://elsewhere.example/x?sig={SIGNATURE}"},
    {"redirect": f"http://user:{SIGNATURE}@127.0.0.1/x"},
    {"redirect": f"ftp://127.0.0.1/x?sig={SIGNATURE}"},
    {"redirect": f"/tracks/1/audio.wav?sig={SIGNATURE}"},
    {"redirect": f"http://[{SIGNATURE}"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, dict(fault)))[:30])
def test_failed_downloads_tell_nothing(guarded: Rig, fault: FaultEntry) -> None:
    """Every way to fail, alone and in a batch: what the caller gets holds no credentials and no query."""
    assert not isinstance(fault, str)
    guarded.server.set_faults("t-1", [{**fault, "always": True}])
    with pytest.raises(ChadError) as caught:
        guarded.service.download(guarded.source(1))
    assert_silent(caught.value)
    try:
        outcomes = guarded.service.download_all(guarded.sources)
        assert CANARY not in repr(outcomes)
    except AuthError as exc:
        assert_silent(exc)


def test_a_signed_link_tells_nothing(guarded: Rig) -> None:
    """A redirect with a signature is followed, and breaks off, and nobody tells the signature, not even urllib3."""
    guarded.server.set_faults("t-1", [{"redirect": f"/open/tracks/1/audio.wav?sig={SIGNATURE}", "times": 3}])
    guarded.server.set_faults("/open/tracks/1/audio.wav", [{"cut_body": 0.5}, {"status": 503}])
    guarded.service.download(guarded.source(1))
    assert any(SIGNATURE in request.target for request in guarded.server.requests())


def test_renewing_tells_nothing(guarded: Rig) -> None:
    """Neither the old pair nor the new one, in success and in failure."""
    guarded.server.expire_token()
    guarded.service.download(guarded.source(1))
    guarded.server.expire_token()
    guarded.server.set_faults(REFRESH_PATH, [{"body": f'{{"token": "{SIGNATURE} with blanks"}}'}])
    with pytest.raises(AuthError) as caught:
        guarded.service.download(guarded.source(2))
    assert_silent(caught.value)


@pytest.mark.parametrize(
    "body", [f'{{"token": "{SIGNATURE}', f'{{"token": ["{SIGNATURE}"]}}', f'["{SIGNATURE}"]', f'"{SIGNATURE}"']
)
def test_a_malformed_refresh_tells_nothing(guarded: Rig, body: str) -> None:
    """The reply holds secrets by its nature: the error about it quotes none of it."""
    guarded.server.expire_token()
    guarded.server.set_faults(REFRESH_PATH, [{"body": body}])
    with pytest.raises(AuthError) as caught:
        guarded.service.download(guarded.source(1))
    assert_silent(caught.value)


def test_a_cancel_tells_nothing(guarded: Rig) -> None:
    """What is put aside to be resumed holds no credentials."""
    guarded.server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    token = CancelToken()
    with Running(lambda: guarded.service.download(guarded.source(1), cancel=token)) as running:
        guarded.server.wait_at_gate("half")
        running.cancelled_by(token)
    assert running.error is not None
    assert_silent(running.error)


def test_no_repr_tells_anything(guarded: Rig) -> None:
    """Client, credentials, service, settings, sources: none shows a token."""
    guarded.client.track("t-1")
    things = [guarded.client, guarded.client.credentials, guarded.service, guarded.service.settings]
    assert CANARY not in repr(things)


@pytest.fixture
def other(plain: World) -> Iterator[ServerHandle]:
    """A server elsewhere."""
    with running_server(plain) as server:
        yield server


def test_a_refused_redirect_tells_the_origin_and_no_more(guarded: Rig, other: ServerHandle) -> None:
    """Enough to allow the origin by hand: scheme, host and port."""
    guarded.server.set_faults("t-1", [{"redirect": f"{other.url}/secret-path?sig={SIGNATURE}", "always": True}])
    with pytest.raises(UnsafeURLError) as caught:
        guarded.service.download(guarded.source(1))
    assert other.url in str(caught.value)
    assert_silent(caught.value)


def test_a_stranger_as_server_tells_nothing(guarded: Rig) -> None:
    """A name that cannot be found and a port that nobody listens on: errors without credentials."""
    settings = quick(guarded.cache, attempts=1, connect_timeout_s=2)
    for url in ("http://127.0.0.1:1", "http://[::1]:1"):
        with (
            ChadMusicAPIClient(url, token=TOKEN, settings=settings) as client,
            DownloadService(client, settings=settings) as service,
            pytest.raises(ChadError) as caught,
        ):
            service.download(guarded.source(1))
        assert_silent(caught.value)
