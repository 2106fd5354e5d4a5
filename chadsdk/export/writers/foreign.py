"""Writers of other packages: where they may write, and what they raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import ParamSpec, TypeVar

from chadsdk.errors import ChadError, ConfigurationError, ExportCancelled, FormatError
from chadsdk.export.writers.writer import Writer
from chadsdk.files import portable_name
from chadsdk.text import one_line

__all__ = ["guarded"]

P = ParamSpec("P")
T = TypeVar("T")

_LONGEST = 300  # characters of what a stranger has to say
_ITS_RIGHT = (ChadError, ExportCancelled, OSError)  # what the contract of a writer allows


def guarded(name: str, writer: Writer) -> Writer:
    """Give the writer of another package with its own exceptions translated.

    Raises:
        FormatError: What it writes would not be one file or folder in the export folder.
    """
    _refuse_output(name, writer.output)
    return replace(
        writer,
        write=_translated(name, writer.write, FormatError),
        check=_translated(name, writer.check, FormatError),
        refuse=_translated(name, writer.refuse, FormatError),
        needs=_translated(name, writer.needs, ConfigurationError),
    )


def _refuse_output(name: str, output: object) -> None:
    # One name, and no path: a retry replaces it whole, and what else lies in a folder above it would go with it.
    # `{stem}` is a portable name itself.
    example = output.replace("{stem}", "x") if isinstance(output, str) else ""
    if not example or portable_name(example) != example:
        raise FormatError(f"The format {name!r} writes to {output!r:.80}, which is no name in an export folder.")


def _translated(name: str, call: Callable[P, T], error: type[ChadError]) -> Callable[P, T]:
    @wraps(call)
    def guard(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except _ITS_RIGHT:
            raise
        except Exception as exc:  # whatever a foreign module does
            raise error(f"The format {name!r} failed: {_said(exc)}") from exc

    return guard


def _said(exc: Exception) -> str:
    """Give type and text of an exception as one line."""
    text = one_line(f"{type(exc).__name__}: {exc}".removesuffix(": "))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
