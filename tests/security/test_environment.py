"""Row 39: what the environment may say of proxies, certificates and passwords, and what it may not."""

from __future__ import annotations

import base64
import importlib.util
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from chadsdk.auth import BearerToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.errors import ConfigurationError, NetworkError, NotFoundError
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from harness.world import World
from tests.download.rows import rig_on
from tests.download.support import child, child_config, quick
from tests.security.doors import Door, counting_door, tls_door, tunnel

VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"),
)
OPEN = "/open/tracks/1/audio.wav"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A certificate for 127.0.0.1, and the file of the authority that vouches for it."""
    made = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    made.cert_pem.write_to_path(file)
    return context, file


@pytest.fixture
def secure(authority: tuple[ssl.SSLContext, Path]) -> Iterator[Door]:
    """A TLS server that has no track."""
    with tls_door(authority[0]) as server:
        yield server


def look_up(url: str, cache: Path, **settings: object) -> None:
    """Ask a server for a track, once."""
    auth = BearerToken("canary-token")
    with ChadMusicAPIClient(url, auth=auth, settings=quick(cache, attempts=1, **settings)) as client:
        client.track("t-1")


def test_row_39_a_proxy_for_https_sees_no_request(
    secure: Door, authority: tuple[ssl.SSLContext, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY opens a tunnel: the proxy hears host and port and its own password, the server never hears that."""
    with tunnel() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary-proxy@{proxy.netloc}")
        with pytest.raises(NotFoundError):
            look_up(f"https://{secure.netloc}", tmp_path, ca_bundle=authority[1])
    (asked,), (request,) = proxy.heard, secure.heard
    assert asked.startswith(f"CONNECT {secure.netloc} HTTP/1".encode())
    assert base64.b64encode(b"user:canary-proxy") in asked
    assert b"canary-token" not in asked
    assert b"Authorization: Bearer canary-token" in request
    assert b"Proxy-" not in request


def test_row_39_the_certificate_behind_a_proxy_is_looked_at(
    secure: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tunnel changes nothing of it: a server that nobody vouches for is sent nothing."""
    with tunnel() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.netloc}")
        with pytest.raises(NetworkError, match="certificate is not valid"):
            look_up(f"https://{secure.netloc}", tmp_path)
    assert secure.heard == []


@pytest.mark.parametrize(
    "variables",
    [
        {"HTTP_PROXY": "http://{proxy}", "NO_PROXY": "127.0.0.1"},
        {"HTTP_PROXY": "http://{proxy}", "no_proxy": "*"},
        {"ALL_PROXY": "http://{proxy}", "NO_PROXY": "localhost,127.0.0.0/8"},
        {"HTTPS_PROXY": "http://{proxy}"},
        {"FTP_PROXY": "http://{proxy}", "SOCKS_PROXY": "http://{proxy}"},
    ],
    ids="+".join,
)
def test_row_39_a_proxy_that_is_not_meant_is_not_visited(
    shared: ServerHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """NO_PROXY and proxies of other schemes: the server is asked directly."""
    with counting_door() as proxy, rig_on(shared, tmp_path / "unused"):
        for name, value in variables.items():
            monkeypatch.setenv(name, value.format(proxy=proxy.netloc))
        with rig_on(shared, tmp_path / "cache") as rig:
            assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
        assert proxy.visits == 0


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_row_39_a_proxy_that_is_meant_is_the_only_one_visited(
    shared: ServerHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One that hangs up: the failure is said, and there is no way round it to the server."""
    with counting_door() as proxy:
        monkeypatch.setenv(name, f"http://{proxy.netloc}")
        shared.clear_ledger()
        with pytest.raises(NetworkError):
            look_up(shared.url, tmp_path)
        assert proxy.visits > 0
    assert shared.ledger() == []


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("ALL_PROXY", "socks5://user:canary@127.0.0.1:{port}", "PySocks"),
        ("HTTP_PROXY", "ftp://user:canary@127.0.0.1:{port}", "http://proxy"),
        ("HTTP_PROXY", "http://user:canary@127.0.0.1:{port}x", "http://proxy"),
        ("HTTP_PROXY", "http://user:canary@:bad:9", "http://proxy"),
        ("HTTP_PROXY", "http:///canary", "http://proxy"),
        ("HTTP_PROXY", "//user:canary@[", "http://proxy"),
    ],
)
def test_row_39_a_proxy_that_cannot_be_used(
    shared: ServerHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    """One error of our own that says so and shows no password; neither it nor the server is connected to."""
    if hint == "PySocks" and importlib.util.find_spec("socks"):
        pytest.skip("PySocks is installed here")
    with counting_door() as proxy:
        monkeypatch.setenv(name, value.format(port=proxy.port))
        shared.clear_ledger()
        with pytest.raises(ConfigurationError, match=hint) as caught:
            look_up(shared.url, tmp_path)
        assert proxy.visits == 0
    assert shared.ledger() == []
    assert "canary" not in f"{caught.value!r} {caught.value.__context__!r}"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_row_39_certificates_of_the_environment(
    secure: Door,
    authority: tuple[ssl.SSLContext, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Trusted as requests does, where the settings name none."""
    monkeypatch.setenv(name, str(authority[1]))
    with pytest.raises(NotFoundError):
        look_up(f"https://{secure.netloc}", tmp_path)
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with pytest.raises(NetworkError, match="certificate is not valid"):
        look_up(f"https://{secure.netloc}", tmp_path, ca_bundle=other)


@pytest.mark.slow
def test_row_39_openssls_own_variables_are_not_heard(
    secure: Door, authority: tuple[ssl.SSLContext, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE adds no authority: certificates come from the settings, two variables, or with requests."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    monkeypatch.setenv("SSL_CERT_DIR", str(authority[1].parent))
    with pytest.raises(NetworkError, match="certificate is not valid"):
        look_up(f"https://{secure.netloc}", tmp_path)
    assert secure.heard == []


def test_row_39_netrc_speaks_to_nobody(
    shared: ServerHandle, plain: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process with a password for the server and for every other host: ours goes home, none elsewhere."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password canary\ndefault login user password canary\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with running_server(plain) as cdn, rig_on(shared, tmp_path / "cache") as rig:
        shared.set_faults("t-1", [{"redirect": cdn.url + OPEN}])
        config = child_config(rig, [rig.source(1)], settings={"cdn_origins": [cdn.url]})
        with child("download", **config) as process:
            process.go()
            assert list(process.outcome()) == ["t-1"]
        assert {request.headers.get("authorization") for request in shared.requests()} == {f"Bearer {shared.token}"}
        (elsewhere,) = cdn.requests()
        assert "authorization" not in elsewhere.headers


def test_a_password_of_a_proxy_is_told_to_nobody(
    shared: ServerHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not by the error when the proxy is gone, nor by what urllib3 logs."""
    with counting_door() as gone:
        pass
    monkeypatch.setenv("HTTP_PROXY", f"http://user:canary-proxy@{gone.netloc}")
    with caplog.at_level(logging.DEBUG), pytest.raises(NetworkError) as caught:
        look_up(shared.url, tmp_path)
    assert caplog.records
    assert "canary" not in f"{caplog.text} {caught.value!r} {caught.value.__context__!r}"
