"""What several commands share: the server, the token, the playlist, Ctrl-C."""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click

from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.errors import ConfigurationError
from chadsdk.library import Playlist
from chadsdk.settings import Settings

__all__ = ["cancelled_by_signals", "connect", "expand_home", "open_playlist", "server_options", "transfer_options"]

F = TypeVar("F", bound=Callable[..., Any])

_PLAYLIST_SUFFIXES = {".json", ".m3u", ".m3u8"}
_LARGEST_TOKEN_BYTES = 64 * 1024
_RATE = re.compile(r"([0-9]{1,12})([KMG]?)", re.IGNORECASE | re.ASCII)  # not the Kelvin sign
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


def server_options(command: F) -> F:
    """Add ``--server`` and ``--token-file``."""
    command = click.option(
        "--token-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File that holds the token, instead of CHADSDK_TOKEN.",
    )(command)
    return click.option(
        "--server", envvar="CHADSDK_SERVER", metavar="URL", help="ChadMusic server, such as https://music.example."
    )(command)


def transfer_options(command: F) -> F:
    """Add ``--jobs`` and ``--limit-rate``."""
    command = click.option(
        "--limit-rate",
        metavar="RATE",
        callback=_bytes_per_s,
        help="Most bytes per second of all downloads together: a number, or one with K, M or G, such as 2M.",
    )(command)
    return click.option(
        "--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Downloads at a time."
    )(command)


def _bytes_per_s(context: click.Context, parameter: click.Parameter, rate: str | None) -> int | None:
    if rate is None:
        return None
    found = _RATE.fullmatch(rate)
    if found is None or not int(found[1]):
        raise click.BadParameter(
            f"{rate!r} is no rate: give bytes per second above 0, such as 500K or 2M.", context, parameter
        )
    return int(found[1]) * _UNITS[found[2].upper()]


def expand_home(context: click.Context, parameter: click.Parameter, path: Path) -> Path:
    """Give the path with its leading ``~`` expanded: bash does not in ``--to=~/x``."""
    del context, parameter
    try:
        return path.expanduser()
    except RuntimeError:  # nobody of that name: a folder's own
        return path


def connect(server: str | None, token_file: Path | None, *, settings: Settings) -> ChadMusicAPIClient | None:
    """Make the client of the server; None when none was named.

    Raises:
        ConfigurationError: The address or the token cannot be used.
    """
    if not server:
        return None
    return ChadMusicAPIClient(server, token=_token(token_file), settings=settings)


def _token(token_file: Path | None) -> str | None:
    if token_file is None:
        return os.environ.get("CHADSDK_TOKEN", "").strip() or None
    try:
        with token_file.open("rb") as stream:
            content = stream.read(_LARGEST_TOKEN_BYTES)
    except OSError as exc:
        raise ConfigurationError(f"The token file {token_file} cannot be read ({type(exc).__name__}).") from None
    if not content.isascii():  # asked beforehand: what fails to decode it holds the token
        raise ConfigurationError(f"The token file {token_file} holds other characters than ASCII.")
    return content.decode("ascii").strip()


def open_playlist(name: str, server: ChadMusicAPIClient | None, token: CancelToken) -> Playlist:
    """Read a playlist file, or ask the server for the playlist of that id.

    The suffix tells which: what lies in the current folder must not hide a playlist of the server.

    Raises:
        click.UsageError: No such file, and no server to ask.
        ChadError: It cannot be read.
    """
    path = Path(name)
    is_named_as_file = path.suffix.lower() in _PLAYLIST_SUFFIXES
    if server is not None and not is_named_as_file:
        return server.playlist(name, cancel=token)
    if _is_file(path):
        return Playlist.open(path)
    hint = "" if is_named_as_file else " For a playlist on a server, give --server."
    raise click.UsageError(f"There is no playlist file {name!r}.{hint}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:  # then there is none
            return False
        raise


@contextmanager
def cancelled_by_signals() -> Iterator[CancelToken]:
    """Give a token that Ctrl-C and SIGTERM cancel; a second Ctrl-C raises `KeyboardInterrupt`."""
    token = CancelToken()

    def cancel(number: int, frame: FrameType | None) -> None:
        del number, frame
        signal.signal(signal.SIGINT, signal.default_int_handler)
        token.cancel()

    before = {number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield token
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
