"""What tests ask of the server beside its API, under ``/__``; none of it needs a token or is in the ledger.

::

    GET    /__ledger                       every request so far, see `harness.server.ledger.Entry`
    DELETE /__ledger                       forget them
    GET    /__control/requests             the last requests with all their headers
    GET    /__control/traffic              connections and streams under way, and their peaks;
                                           ?idle=1&timeout=S waits until no connection is left
    DELETE /__control/traffic              start the peaks again
    POST   /__control/expire-token         the access token is no longer good
    POST   /__control/faults               {"track": id or "path": path, "faults": […], "head": false}
    GET    /__control/gate/{name}          {"waiting", "open"}; ?until=N&timeout=S waits for N waiters
    POST   /__control/gate/{name}          open it; DELETE shuts it
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import parse_qs, unquote

from harness.server.faults import FaultError, Scripts
from harness.server.gates import Gates
from harness.server.ledger import Ledger, TrafficMeter
from harness.server.reply import Reply, error_reply, json_reply
from harness.server.site import Site
from harness.server.tokens import TokenDesk
from harness.server.wire import Request
from harness.world_file import WorldFileError, fault_script

__all__ = ["PREFIX", "Control"]

PREFIX = "/__"
LONGEST_WAIT_S = 60.0
DEFAULT_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Control:
    """The control plane, over the parts of the server that it looks at and turns."""

    ledger: Ledger
    traffic: TrafficMeter
    desk: TokenDesk
    gates: Gates
    scripts: Scripts
    site: Site

    def answer(self, request: Request) -> Reply:
        """The reply to a request whose path starts with `PREFIX`."""
        try:
            return self._obeyed(request)
        except (FaultError, WorldFileError) as exc:
            return error_reply(400, "bad_request", str(exc))

    def _obeyed(self, request: Request) -> Reply:
        match (request.method, *request.raw_path.split("/")[1:]):
            case ("GET", "__ledger"):
                return json_reply(200, self.ledger.entries())
            case ("DELETE", "__ledger"):
                self.ledger.clear()
                return Reply(204)
            case ("GET", "__control", "requests"):
                return json_reply(200, self.ledger.requests())
            case (method, "__control", "traffic"):
                return self._traffic(method, parse_qs(request.query))
            case ("POST", "__control", "expire-token"):
                self.desk.expire()
                return Reply(204)
            case ("POST", "__control", "faults"):
                return self._faults(request.body)
            case (method, "__control", "gate", name):
                return self._gate(method, unquote(name), parse_qs(request.query))
        return error_reply(404, "not_found", "The harness has no such control.")

    def _traffic(self, method: str, asked: Mapping[str, list[str]]) -> Reply:
        if method == "DELETE":
            self.traffic.forget_peaks()
        if "idle" in asked:
            return json_reply(200, asdict(self.traffic.when_idle(_timeout_s(asked))))
        return json_reply(200, asdict(self.traffic.now()))

    def _gate(self, method: str, name: str, asked: Mapping[str, list[str]]) -> Reply:
        match method:
            case "POST":
                gate = self.gates.open(name)
            case "DELETE":
                gate = self.gates.shut(name)
            case _:
                until = int(_number(asked, "until", default=0))
                gate = self.gates.look(name, until_waiting=until, timeout_s=_timeout_s(asked))
        return json_reply(200, asdict(gate))

    def _faults(self, body: bytes) -> Reply:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise FaultError("expected a JSON object")
        path = self._path_of(document)
        self.scripts.write(path, fault_script(document.get("faults")), head=document.get("head") is True)
        return Reply(204)

    def _path_of(self, document: Mapping[str, object]) -> str:
        path = document.get("path")
        if isinstance(path, str):
            return path
        found = self.site.stream_path(str(document.get("track")))
        if found is None:
            raise FaultError(f"there is no track {document.get('track')!r}")
        return found


def _timeout_s(asked: Mapping[str, list[str]]) -> float:
    return min(_number(asked, "timeout", default=DEFAULT_WAIT_S), LONGEST_WAIT_S)


def _number(asked: Mapping[str, list[str]], name: str, *, default: float) -> float:
    try:
        return float(asked[name][0]) if name in asked else default
    except ValueError:
        raise FaultError(f"{name} is no number") from None
