"""`LineAdapter`: connections that a `Line` can cut. Owns urllib3's connection classes and requests' adapter."""

from __future__ import annotations

import errno
import functools
import http.client
import logging
import os
import socket
import ssl
import sys
import traceback
from contextlib import suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import PoolManager
from urllib3.util.wait import wait_for_write

from chadsdk.line import Line
from chadsdk.lookup import look_up
from chadsdk.reach import Reach

__all__ = ["LineAdapter"]


def _open_socket(connection: HTTPConnection, reach: Reach | None) -> socket.socket:
    """Connect as urllib3 does, but within reach, and on a socket that the line knows before it waits for the server."""
    line = Line.current()
    if line is None:
        with Line():
            return _open_socket(connection, reach)
    failure: OSError | None = None
    host = connection.host.strip("[]")
    try:
        found = look_up(host, connection.port, ended_by=line.ending)
    except (OSError, UnicodeError) as exc:
        raise NameResolutionError(connection.host, connection, socket.gaierror(str(exc))) from exc
    if reach is not None:
        found = reach.within(host, found, ended_by=line.ending)
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            _connect(sock, address, connection.timeout, line)
        except OSError as exc:
            sock.close()
            failure = exc
        else:
            line.waiting()
            sys.audit("http.client.connect", connection, connection.host, connection.port)
            return sock
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "timed out while connecting") from failure
    raise NewConnectionError(connection, f"no connection: {failure}") from failure


def _connect(sock: socket.socket, address: Any, timeout_s: Any, line: Line) -> None:
    """Connect in two steps, and tell the line in between: only a connection that is under way can be shut down."""
    sock.setblocking(False)
    code = sock.connect_ex(address)
    line.attach(sock)
    line.waiting()
    if code in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
        if not wait_for_write(sock, timeout_s):
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
    sock.settimeout(timeout_s)


class _Answer(http.client.HTTPResponse):
    def begin(self) -> None:
        super().begin()
        lengths = {each.strip() for each in ",".join(self.headers.get_all("Content-Length", [])).split(",")}
        if len(lengths) > 1:
            # urllib3 says so too, but then nobody closes the connection.
            raise http.client.HTTPException("more than one Content-Length")


class _Connection(HTTPConnection):
    response_class = _Answer
    debuglevel = 0  # of its own: with `http.client.HTTPConnection.debuglevel` set, all headers would be printed
    served = False  # whether a request was sent over the socket that it has

    def __init__(self, *args: Any, reach: Reach | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reach = reach

    def _new_conn(self) -> socket.socket:
        self.served = False
        return _open_socket(self, self._reach)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _send_on(self)
        super().request(*args, **kwargs)
        self.served = True

    def close(self) -> None:
        with suppress(OSError):  # else those that are closed with it would stay open
            super().close()


class _SecureConnection(HTTPSConnection):
    response_class = _Answer
    debuglevel = 0
    served = False

    def __init__(self, *args: Any, reach: Reach | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reach = reach

    def _new_conn(self) -> socket.socket:
        self.served = False
        return _open_socket(self, self._reach)

    def connect(self) -> None:
        try:
            super().connect()
        except BaseException as exc:
            _close_half_made(exc)
            raise

    def request(self, *args: Any, **kwargs: Any) -> None:
        _send_on(self)
        super().request(*args, **kwargs)
        self.served = True

    def close(self) -> None:
        with suppress(OSError):  # else those that are closed with it would stay open
            super().close()


def _close_half_made(failure: BaseException) -> None:
    """Close a TLS socket that was not finished, and of which only the way of its failure knows.

    CPython 3.11 (`SSLSocket._create`) takes the descriptor of a connection over and then may find it cut or reset; it
    raises, and nobody closes the new socket until the garbage collector finds it.
    """
    for frame, _ in traceback.walk_tb(failure.__traceback__):
        made = frame.f_locals.get("self")
        if isinstance(made, ssl.SSLSocket):
            made.close()


def _send_on(connection: _Connection | _SecureConnection) -> None:
    line = Line.current()
    if line is not None:
        sock = connection.sock
        line.send(sock, reused=sock is not None and connection.served)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _WithoutSecrets(logging.Filter):
    """Takes what may be secret out of what urllib3 logs of our requests: queries of signed links, and raw headers.

    Of an error only its kind is left: the one of header lines that cannot be read holds them all, and its traceback
    says them again.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if Line.current() is not None:
            record.exc_info = record.exc_text = None
            if isinstance(record.args, tuple):
                record.args = tuple(map(_without_secrets, record.args))
        return True


def _without_secrets(arg: object) -> object:
    if isinstance(arg, BaseException):
        return type(arg).__name__
    return arg.partition("?")[0] if isinstance(arg, str) else arg


_WITHOUT_SECRETS = _WithoutSecrets()


def _keep_secrets_from_logs() -> None:
    # Each logger by itself: what stands at their common parent is not asked about what they say.
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "urllib3":
            # One and the same object: a logger takes it once, however many adapters there are.
            logging.getLogger(name).addFilter(_WITHOUT_SECRETS)


class LineAdapter(HTTPAdapter):
    """Connections that a `Line` can cut.

    Args:
        args: Those of requests' adapter.
        reach: Where connections may lead; None for anywhere. Those through a proxy lead to the proxy, which the user
            chose, and where it leads is its own affair.
        kwargs: As `args`.
    """

    def __init__(self, *args: Any, reach: Reach | None = None, **kwargs: Any) -> None:
        self._reach = reach  # before the pools are made
        super().__init__(*args, **kwargs)
        _keep_secrets_from_logs()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections; requests calls it."""
        super().init_poolmanager(*args, **kwargs)
        _set_up(self.poolmanager, self._reach)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools of connections through a proxy; requests calls it."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        _set_up(manager, None)
        return manager


def _set_up(manager: PoolManager, reach: Reach | None) -> None:
    # What a pool does not know goes to its connections.
    makers: Any = {"http": functools.partial(_Pool, reach=reach), "https": functools.partial(_SecurePool, reach=reach)}
    manager.pool_classes_by_scheme = makers
    # What closes a session only forgets its pools: their connections would be closed when the pools are collected,
    # which an error that came through one puts off.
    manager.pools.dispose_func = HTTPConnectionPool.close
