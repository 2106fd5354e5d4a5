"""A handle on a running harness server: what tests ask of it, and how they end it."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import quote, urlsplit

from harness.world import FaultEntry, World

__all__ = ["HarnessError", "LedgerEntry", "NotedRequest", "ServerHandle", "Traffic"]

STOP_S = 10.0
CONTROL_S = 70.0


class HarnessError(Exception):
    """The harness itself did not do what it was asked."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A request as the server's ledger has it; see `harness.server.ledger.Entry`."""

    method: str
    path: str
    status: int | None
    range: str | None
    kind: str
    authorized: bool


@dataclass(frozen=True, slots=True)
class NotedRequest:
    """A request with all its headers, by lower-case name."""

    method: str
    target: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Connections and audio replies under way, now and at most."""

    connections: int
    peak_connections: int
    accepted: int
    streams: int
    peak_streams: int


@dataclass(frozen=True, slots=True)
class ServerHandle:
    """A running server.

    Attributes:
        url: Its origin, without a slash at the end.
        world: What it serves.
        process: Its process; only this handle ends it.
        tls_ca: Certificate file to trust, where it speaks https.
    """

    url: str
    world: World
    process: subprocess.Popen[bytes]
    tls_ca: Path | None = None

    @property
    def token(self) -> str:
        """The access token that is good at first."""
        return self.world.token

    @property
    def refresh_token(self) -> str:
        """The refresh token that is good at first."""
        return self.world.refresh_token

    @property
    def pid(self) -> int:
        """Id of the server's process."""
        return self.process.pid

    @property
    def environment(self) -> dict[str, str]:
        """What the `chadsdk` command wants in its environment."""
        return {"CHADSDK_SERVER": self.url, "CHADSDK_TOKEN": self.token}

    def ledger(self) -> list[LedgerEntry]:
        """Every request so far, in order of arrival."""
        entries = cast("list[dict[str, object]]", self.control("GET", "/__ledger"))
        return [LedgerEntry(**entry) for entry in entries]  # type: ignore[arg-type]

    def audio_gets(self) -> list[LedgerEntry]:
        """The GETs of tracks' bytes so far."""
        return [entry for entry in self.ledger() if entry.kind == "audio" and entry.method == "GET"]

    def requests(self) -> list[NotedRequest]:
        """The last requests so far with their headers, credentials too."""
        noted = cast("list[dict[str, object]]", self.control("GET", "/__control/requests"))
        return [NotedRequest(**request) for request in noted]  # type: ignore[arg-type]

    def clear_ledger(self) -> None:
        """Forget all requests so far."""
        self.control("DELETE", "/__ledger")

    def traffic(self) -> Traffic:
        """Connections and audio replies under way, and their peaks."""
        return Traffic(**cast("dict[str, int]", self.control("GET", "/__control/traffic")))

    def wait_until_idle(self, *, timeout_s: float = 10.0) -> None:
        """Return as soon as every connection that asked for something is over.

        Raises:
            HarnessError: Some were still there.
        """
        path = f"/__control/traffic?idle=1&timeout={timeout_s}"
        open_connections = cast("dict[str, int]", self.control("GET", path))["connections"]
        if open_connections:
            raise HarnessError(f"after {timeout_s} s {open_connections} connections are still open")

    def forget_peaks(self) -> None:
        """Start the peaks of `traffic` again."""
        self.control("DELETE", "/__control/traffic")

    def set_faults(self, track_or_path: str, faults: Sequence[FaultEntry], *, head: bool = False) -> None:
        """Put a fault script in place of a track's, by its id, or of a path's, by ``/…``.

        Raises:
            HarnessError: There is no such track or behaviour.
        """
        key = "path" if track_or_path.startswith("/") else "track"
        body = {key: track_or_path, "faults": list(faults), "head": head}
        self.control("POST", "/__control/faults", body)

    def expire_token(self) -> None:
        """From now on the access token is answered with 401."""
        self.control("POST", "/__control/expire-token")

    def open_gate(self, name: str) -> None:
        """Let all replies through that gate, now and from now on."""
        self.control("POST", f"/__control/gate/{quote(name, safe='')}")

    def shut_gate(self, name: str) -> None:
        """Let no reply through that gate any more."""
        self.control("DELETE", f"/__control/gate/{quote(name, safe='')}")

    def wait_at_gate(self, name: str, count: int = 1, *, timeout_s: float = 10.0) -> None:
        """Return as soon as so many replies wait at the gate.

        Raises:
            HarnessError: They did not come in time.
        """
        path = f"/__control/gate/{quote(name, safe='')}?until={count}&timeout={timeout_s}"
        waiting = cast("dict[str, int]", self.control("GET", path))["waiting"]
        if waiting < count:
            raise HarnessError(f"after {timeout_s} s {waiting} instead of {count} wait at the gate {name}")

    def control(self, method: str, path: str, body: object = None) -> object:
        """Ask the server's control plane (`harness.server.control`) and give its JSON answer.

        Raises:
            HarnessError: It refused.
        """
        connection = self._connection()
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Connection": "close"})
            reply = connection.getresponse()
            answer = reply.read()
        finally:
            connection.close()
        if reply.status >= 400:
            raise HarnessError(f"{method} {path}: {answer.decode()}")
        return json.loads(answer) if answer else None

    def stop(self) -> None:
        """End the server in the orderly way, and wait for it; nothing happens if it has ended."""
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise HarnessError(f"the server did not stop within {STOP_S} s") from None

    def kill(self) -> None:
        """End the server at once (SIGKILL), as a crash would."""
        self.process.kill()
        self.process.wait()

    def _connection(self) -> http.client.HTTPConnection:
        address = urlsplit(self.url)
        host, port = str(address.hostname), address.port
        if address.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=CONTROL_S)
        # Our own server on loopback, which may have been given a certificate that nobody should trust.
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=CONTROL_S, context=trust)
