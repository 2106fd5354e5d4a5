"""The server's door: takes connections, gives each a thread, and hands its requests to the office."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from harness.server.office import Office
from harness.server.reply import Ending, deliver, error_reply
from harness.server.wire import BadRequestError, Connection
from harness.world import World

__all__ = ["HarnessServer"]

BACKLOG = 1024
JOIN_S = 2.0
LINGER_S = 0.5
ACCEPT_S = 0.5


class HarnessServer:
    """A server of one world on a loopback port.

    Args:
        world: What it serves.
        port: Where; 0 for any free one.
        tls: With it, the server speaks https.

    Raises:
        OSError: The port is taken.
        FaultError: The world has a fault script that cannot be understood.
    """

    def __init__(self, world: World, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._office = Office(world)
        self._tls = tls
        self._lock = threading.Lock()  # guards the two below
        self._live: dict[Connection, threading.Thread] = {}
        self._stopping = False
        self._listening = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)

    @property
    def url(self) -> str:
        """Origin of the server, without a slash at the end."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until `stop` is called."""
        try:
            # With a time-out: a signal that lands between the look at the flag and the call wakes nothing.
            self._listening.settimeout(ACCEPT_S)
            while not self._stopping:
                with suppress(TimeoutError):
                    sock, _ = self._listening.accept()
                    self._welcome(sock)
        except OSError:
            if not self._stopping:
                raise
        finally:
            self._listening.close()
            deadline = time.monotonic() + JOIN_S  # of all together: one that hangs by design is left behind
            for thread in self._send_away():
                thread.join(max(0.0, deadline - time.monotonic()))

    def stop(self) -> None:
        """Stop serving: wakes `serve`, ends every reply under way. From any thread or a signal handler."""
        self._stopping = True
        try:
            self._listening.shutdown(socket.SHUT_RDWR)  # this, unlike close, wakes accept
        except OSError:
            return  # not listening any more

    def _welcome(self, sock: socket.socket) -> None:
        # Daemons: a reply that hangs by design must not keep the process alive.
        threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _send_away(self) -> list[threading.Thread]:
        with self._lock:
            live = dict(self._live)
        for connection in live:
            connection.abort()
        return list(live.values())

    def _talk(self, sock: socket.socket) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wrapped = self._tls.wrap_socket(sock, server_side=True) if self._tls else sock
        except OSError:  # a client that left, or does not like our certificate
            sock.close()
            return
        with self._alive(Connection(wrapped)) as connection:
            try:
                ending = self._converse(connection)
            except BadRequestError as exc:
                ending = _refuse(connection, exc)
            except OSError:  # the client left, as clients do
                ending = Ending.CLOSE
            if ending is Ending.RESET:
                connection.reset()
            else:
                connection.end()

    @contextmanager
    def _alive(self, connection: Connection) -> Iterator[Connection]:
        with self._lock:
            self._live[connection] = threading.current_thread()
        try:
            yield connection
        finally:
            with self._lock:
                del self._live[connection]
            connection.close()

    def _converse(self, connection: Connection) -> Ending:
        with self._office.conversation() as answer:
            while (request := connection.read_request()) is not None:
                ending = answer(request, connection)
                if ending is not Ending.KEEP:
                    return ending
        return Ending.CLOSE


def _refuse(connection: Connection, refusal: BadRequestError) -> Ending:
    reply = replace(error_reply(refusal.status, "bad_request", str(refusal)), ending=Ending.CLOSE)
    try:
        deliver(reply, connection, head_only=False, keep_alive=False, note_status=lambda _: None)
        connection.end()
        connection.client_left_within(LINGER_S)  # closing over unread input would reset, and lose the reply
    except OSError:
        return Ending.CLOSE
    return Ending.CLOSE
