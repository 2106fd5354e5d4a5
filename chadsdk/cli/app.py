"""The command ``chadsdk`` and how its errors reach a person: one sentence and a hint, never a traceback."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import click

from chadsdk.cli.cache import cache
from chadsdk.cli.codes import CANCELLED, FAILED, USAGE
from chadsdk.cli.export import export
from chadsdk.cli.plan import plan
from chadsdk.cli.retry import retry
from chadsdk.cli.verify import verify
from chadsdk.errors import (
    AccessDeniedError,
    AuthError,
    ChadError,
    ConfigurationError,
    DiskFullError,
    ExportCancelled,
    ExportExistsError,
    MissingTracksError,
    NetworkError,
    NotFoundError,
)
from chadsdk.text import one_line
from chadsdk.version import VERSION

__all__ = ["main"]

_HINTS: tuple[tuple[type[ChadError], str], ...] = (
    (AuthError, "Set CHADSDK_TOKEN, or give --token-file, with a token that is still valid."),
    (DiskFullError, "Free some space, give another folder with --to, or move the cache with CHADSDK_CACHE_DIR."),
    (AccessDeniedError, "Choose a folder that you can write to with --to; the cache moves with CHADSDK_CACHE_DIR."),
    (ExportExistsError, "Give --replace to swap an older export for the new one, or another folder with --to."),
    (MissingTracksError, "Without --on-missing fail the rest is exported, with a list of what is missing."),
    (NetworkError, "Check the address in --server, and whether the server runs."),
    (NotFoundError, "Check the id, and whether --server is the right server."),
)

_CANCELLED = "Cancelled. Nothing half-made is left; what was downloaded is kept for the next time."

_EPILOG = """\b
Examples:
  chadsdk plan friday.json
  CHADSDK_TOKEN=… chadsdk export friday --server https://music.example --to exports/
  chadsdk cache ls

\b
Environment:
  CHADSDK_TOKEN      the token for the server (never an argument: others can see those)
  CHADSDK_SERVER     the server, instead of --server
  CHADSDK_CACHE_DIR  where downloaded tracks are kept

\b
Exit codes:
  0  all exported      3    exported, with missing tracks
  1  failed            130  cancelled
  2  wrong usage
"""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(VERSION, "--version", prog_name="chadsdk", message="%(prog)s %(version)s")
def chadsdk() -> None:
    """Export a DJ's playlist, cloud tracks included, into a folder that a DAW opens.

    Tracks that are in the cloud are downloaded into a cache, every track is copied into one folder, and what could
    not be had is listed with its reason.
    """


for _command in (plan, export, retry, verify, cache):
    chadsdk.add_command(_command)


def main(args: list[str] | None = None) -> None:
    """Run the command and end the program with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a title may hold what the terminal's encoding does not
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_run(args))


def _run(args: list[str] | None) -> int:
    try:
        result: Any = chadsdk.main(args, prog_name="chadsdk", standalone_mode=False)
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (ExportCancelled, KeyboardInterrupt):  # click lets a Ctrl-C through that comes while it handles one
        _say(_CANCELLED)
        return CANCELLED
    except ConfigurationError as exc:
        _say(str(exc))
        return USAGE
    except ChadError as exc:
        _say(str(exc), _hint(exc))
        return FAILED
    except click.Abort as exc:  # Ctrl-C, or "no" to a question
        _say(_CANCELLED if isinstance(exc.__cause__, KeyboardInterrupt) else "Cancelled. Nothing was changed.")
        return CANCELLED
    except UnicodeEncodeError:
        _say("The locale of this system cannot spell a file name; set LC_ALL=C.UTF-8.")
        return FAILED
    except OSError as exc:
        _let_go_of_output()
        _say(f"The system refuses: {exc.strerror or exc}{f' ({exc.filename})' if exc.filename else ''}.")
        return FAILED
    return result if isinstance(result, int) else 0


def _hint(exc: ChadError) -> str | None:
    if isinstance(exc, ExportExistsError) and not exc.replaceable:
        return "Move away what stands there."  # --replace would not help, or was given
    return next((hint for kind, hint in _HINTS if isinstance(exc, kind)), None)


def _let_go_of_output() -> None:
    """Drop what standard output still holds and cannot take: the interpreter would try again at its end, and say so."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _say(sentence: str, hint: str | None = None) -> None:
    click.echo(f"chadsdk: {one_line(sentence)}", err=True)  # what a server said may hold terminal controls
    if hint:
        click.echo(f"Hint: {hint}", err=True)
