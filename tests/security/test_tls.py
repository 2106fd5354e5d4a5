"""Row 40: certificates that are not good. One clear error, one connection, no request without verification."""

from __future__ import annotations

import datetime
import socket
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import NetworkError, NotFoundError, TrackError
from chadsdk.source import CloudSource
from tests.download.support import quick
from tests.security.doors import Door, counting_door, door, tls_door

SOURCE = CloudSource("", "t-1", "/tracks/1/audio.wav")
NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)

AUTHORITY, STRANGER = trustme.CA(), trustme.CA()


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def good() -> ssl.SSLContext:
    return _context(AUTHORITY.issue_cert("127.0.0.1"))


def expired() -> ssl.SSLContext:
    return _context(AUTHORITY.issue_cert("127.0.0.1", not_before=NOW - 9 * DAY, not_after=NOW - DAY))


def not_yet_valid() -> ssl.SSLContext:
    return _context(AUTHORITY.issue_cert("127.0.0.1", not_before=NOW + DAY, not_after=NOW + 9 * DAY))


def of_another_host() -> ssl.SSLContext:
    return _context(AUTHORITY.issue_cert("music.example", "*.example", "127.0.0.2"))


def of_an_unknown_authority() -> ssl.SSLContext:
    return _context(STRANGER.issue_cert("127.0.0.1"))


def self_signed() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with STRANGER.cert_pem.tempfile() as certificate, STRANGER.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


def of_yesterdays_protocol() -> ssl.SSLContext:
    context = good()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The certificate of the authority that is trusted."""
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)
    return path


def ask_for_a_track(url: str, cache: Path, bundle: Path | None) -> TrackError:
    """Give the error of a download; with five attempts, if it is worth any."""
    settings = quick(cache, ca_bundle=bundle)
    with (
        ChadMusicAPIClient(url, token="canary", settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        pytest.raises(TrackError) as caught,
    ):
        service.download(SOURCE)
    return caught.value


def test_a_good_certificate_is_taken(tmp_path: Path, bundle: Path) -> None:
    """So that what the other tests see is the certificates' doing: the server is asked, and has no such track."""
    with tls_door(good()) as server:
        assert isinstance(ask_for_a_track(f"https://{server.netloc}", tmp_path / "cache", bundle), NotFoundError)
        assert [head.split()[1] for head in server.heard] == [b"/tracks/1/audio.wav"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (expired, "expired"),
        (not_yet_valid, "not yet valid"),
        (of_another_host, "mismatch"),
        (of_an_unknown_authority, "issuer"),
        (self_signed, "self.signed"),
    ],
)
def test_row_40_a_certificate_that_is_not_good(
    tmp_path: Path, bundle: Path, made: Callable[[], ssl.SSLContext], said: str
) -> None:
    """The error says what is wrong; the server is connected to once, is sent no request, and is not asked openly."""
    with tls_door(made()) as server:
        error = ask_for_a_track(f"https://{server.netloc}", tmp_path / "cache", bundle)
    assert isinstance(error, NetworkError)
    assert not error.retryable
    assert "certificate is not valid" in str(error)
    assert said.replace(".", " ") in str(error).replace("-", " ")
    assert (server.visits, server.heard) == (1, [])


def test_row_40_an_authority_that_nobody_was_told_of(tmp_path: Path) -> None:
    """Without any setting the certificates that requests brings count, and a private authority is none of them."""
    with tls_door(good()) as server:
        error = ask_for_a_track(f"https://{server.netloc}", tmp_path / "cache", None)
    assert "certificate is not valid" in str(error)
    assert (server.visits, server.heard) == (1, [])


def test_row_40_a_protocol_that_nobody_should_speak(tmp_path: Path, bundle: Path) -> None:
    """TLS 1.1 at best: one connection, one clear error, nothing sent."""
    with tls_door(of_yesterdays_protocol()) as server:
        error = ask_for_a_track(f"https://{server.netloc}", tmp_path / "cache", bundle)
    assert isinstance(error, NetworkError)
    assert not error.retryable
    assert "cannot agree on a secure connection" in str(error)
    assert (server.visits, server.heard) == (1, [])


def test_row_40_a_server_that_speaks_no_tls(tmp_path: Path, bundle: Path) -> None:
    """An http server under an https address: not asked openly, and not asked again."""

    def say_hello(sock: socket.socket, opened: Door) -> None:
        opened.heard.append(sock.recv(4096))
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with door(say_hello) as server:
        error = ask_for_a_track(f"https://{server.netloc}", tmp_path / "cache", bundle)
    assert not error.retryable
    assert "cannot agree on a secure connection" in str(error)
    assert server.visits == 1
    assert b"canary" not in server.heard[0]


def test_row_40_a_connection_that_is_cut_is_worth_another_attempt(tmp_path: Path, bundle: Path) -> None:
    """A handshake that breaks off says nothing of certificates."""
    with counting_door() as server:
        error = ask_for_a_track(f"https://{server.netloc}", tmp_path / "cache", bundle)
    assert isinstance(error, NetworkError)
    assert error.retryable
    assert server.visits > 1
