"""Decides each answer: route, credentials, ledger, the fault that is due, and off it goes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from harness.server.behaviours import BEHAVIOURS
from harness.server.control import PREFIX, Control
from harness.server.faults import FaultError, Scripts, Stage
from harness.server.gates import Gates
from harness.server.ledger import Entry, Ledger, TrafficMeter
from harness.server.reply import Ending, Reply, deliver, error_reply
from harness.server.site import Route, Site
from harness.server.tokens import TokenDesk, TokenPair
from harness.server.wire import Connection, Request
from harness.world import World

__all__ = ["Office"]

Answer = Callable[[Request, Connection], Ending]


class Office:
    """Answers requests from a world; any number of threads at once.

    Raises:
        FaultError: The world has a fault script that cannot be understood.
    """

    def __init__(self, world: World) -> None:
        pair = TokenPair(world.token, world.refresh_token)
        self._desk = TokenDesk(pair, good_for_requests=world.token_requests)
        self._site = Site(world, self._desk)
        self._scripts = _scripts(world)
        self._ledger, self._traffic, self._gates = Ledger(), TrafficMeter(), Gates()
        self._control = Control(self._ledger, self._traffic, self._desk, self._gates, self._scripts, self._site)

    @contextmanager
    def conversation(self) -> Iterator[Answer]:
        """What answers the requests of one connection, one after the other."""
        counted = False

        def answer(request: Request, connection: Connection) -> Ending:
            nonlocal counted
            if request.raw_path.startswith(PREFIX):
                return self._obey(request, connection)
            if not counted:
                self._traffic.connection_opened()
                counted = True
            return self._answer(request, connection)

        try:
            yield answer
        finally:
            if counted:
                self._traffic.connection_closed()

    def _obey(self, request: Request, connection: Connection) -> Ending:
        reply = self._control.answer(request)
        return deliver(reply, connection, head_only=False, keep_alive=request.keep_alive, note_status=lambda _: None)

    def _answer(self, request: Request, connection: Connection) -> Ending:
        route = self._site.find(request)
        authorized = self._desk.admits(request.headers.get("authorization"))
        entry = self._ledger.arrived(request, route.kind, authorized=authorized)
        try:
            reply = self._reply(request, route, authorized=authorized)
        except Exception:  # noqa: BLE001 - a mistake of ours must show as one, and not as a dead connection
            traceback.print_exc(file=sys.stderr)
            reply = error_reply(500, "harness_error", "The harness itself failed; see its standard error.")
        if route.kind == "api":
            return _send(reply, request, connection, entry)
        with self._traffic.stream():
            return _send(reply, request, connection, entry)

    def _reply(self, request: Request, route: Route, *, authorized: bool) -> Reply:
        if route.methods and request.method not in route.methods:
            allowed = ", ".join(route.methods)
            return error_reply(405, "method_not_allowed", f"Use {allowed}.", ("Allow", allowed))
        if route.needs_token and not authorized:
            challenge = ("WWW-Authenticate", 'Bearer realm="chadmusic"')
            return error_reply(401, "unauthorized", "A valid access token is needed.", challenge)
        reply = route.answer(request, None)
        fault = self._scripts.take(request.path, head=request.method == "HEAD")
        return fault.applied(reply, Stage(request, self._gates, route.answer))


def _send(reply: Reply, request: Request, connection: Connection, entry: Entry) -> Ending:
    def note_status(status: int) -> None:
        entry.status = status

    return deliver(
        reply,
        connection,
        head_only=request.method == "HEAD",
        keep_alive=request.keep_alive,
        note_status=note_status,
    )


def _scripts(world: World) -> Scripts:
    scripts = Scripts(BEHAVIOURS)
    wanted = [(unquote(track.stream_path), track.faults, False) for track in world.tracks if track.faults]
    wanted += [(unquote(track.stream_path), track.head_faults, True) for track in world.tracks if track.head_faults]
    wanted += [(path, script, False) for path, script in world.path_faults.items()]
    for path, script, head in wanted:
        try:
            scripts.write(path, script, head=head)
        except FaultError as exc:
            raise FaultError(f"{path}: {exc}") from exc
    return scripts
