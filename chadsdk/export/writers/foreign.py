"""Writers of other packages: where they may write, and what they raise."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from chadsdk.errors import ChadError, ConfigurationError, ExportCancelled, FormatError
from chadsdk.export.project import Project
from chadsdk.export.writers.watched import watched
from chadsdk.export.writers.writer import Desk, Writer
from chadsdk.files import portable_name
from chadsdk.text import one_line

__all__ = ["STRANGE", "guarded", "said"]

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[[Project, Desk], None]

_LONGEST = 300  # characters of what a stranger has to say
STRANGE = (Exception, SystemExit)
"""What code of another package may raise without asking; a program is not ended by a format."""
_ITS_RIGHT = (ChadError, ExportCancelled, OSError)  # what the contract of a writer allows


def guarded(name: str, writer: Writer) -> Writer:
    """Give the writer of another package with its own exceptions translated.

    Raises:
        ConfigurationError: It does not say by a `bool` whether it copies audio.
        FormatError: What it writes would not be one file or folder in the export folder.
    """
    _refuse_output(name, writer.output)
    if type(writer.copies_audio) is not bool:
        raise ConfigurationError(f"The format {name!r}: copies_audio is {said(writer.copies_audio)}, and not a bool.")
    return Writer(  # and not `replace`: of a class of its own nothing is taken over
        writer.output,
        write=_watched(name, writer.output, _translated(name, writer.write, FormatError)),
        check=_watched(name, writer.output, _translated(name, writer.check, FormatError)),
        refuse=_translated(name, writer.refuse, FormatError),
        needs=_translated(name, writer.needs, ConfigurationError),
        copies_audio=writer.copies_audio,
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
        except STRANGE as exc:  # whatever a foreign module does
            raise error(f"The format {name!r} failed: {said(exc)}") from exc

    return guard


def _watched(name: str, output: str, call: Work) -> Work:
    def watch(project: Project, desk: Desk) -> None:
        own = desk.folder / output.replace("{stem}", project.file_stem)
        with watched(name, own, project, desk):
            call(project, desk)

    return watch


def said(stranger: object) -> str:
    """Give type and text of an exception, or of another value, as one line."""
    try:
        text = str(stranger)
    except STRANGE:  # it has nothing to say
        text = ""
    text = one_line(f"{type(stranger).__name__}: {text}".removesuffix(": "))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
