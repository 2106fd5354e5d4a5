"""One module per format. Writers see a `Project` and the folder; they know nothing of where audio came from.

Another package adds a format by an entry point of the group ``chadsdk.writers`` that names a `Writer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from chadsdk.errors import ConfigurationError
from chadsdk.export.writers.foreign import STRANGE, guarded, said
from chadsdk.export.writers.writer import Desk, Writer

__all__ = ["ALWAYS", "Desk", "Writer", "copies_of_audio", "writer_names", "writer_of"]

ALWAYS = ("m3u8", "overview")
"""Written with every export."""

_GROUP = "chadsdk.writers"
# A format's module is imported when it is asked for: `import chadsdk` has nothing to do with zip files and XML.
_OURS: Mapping[str, EntryPoint] = {
    name: EntryPoint(name, f"{__name__}.{module}", _GROUP)
    for name, module in {
        "ardour": "ardour:WRITER",
        "audacity": "audacity:WRITER",
        "dawproject": "dawproject:WRITER",
        "dawproject-linked": "dawproject:LINKED",
        "m3u8": "m3u8:WRITER",
        "otio": "otio:WRITER",
        "overview": "overview:WRITER",
        "reaper": "reaper:WRITER",
    }.items()
}


def writer_names() -> tuple[str, ...]:
    """Give the names of all formats, those of other packages included; imports nothing."""
    return tuple(sorted({*_OURS, *_theirs()}))


def writer_of(name: str) -> Writer:
    """Give the writer of a format.

    Raises:
        ConfigurationError: There is no such format, the package that brings it is broken, or a library that it needs
            is not installed.
        FormatError: A format of another package would write outside the export folder.
    """
    writer = _load(name)
    writer.needs()
    return writer


def copies_of_audio(names: Iterable[str]) -> int:
    """Give how often these formats write the audio of an export, besides the files themselves.

    Raises:
        ConfigurationError: See `writer_of`.
    """
    return sum(writer_of(name).copies_audio for name in names)


def _load(name: str) -> Writer:
    found = _OURS.get(name) or _theirs().get(name)
    if found is None:
        raise ConfigurationError(f"There is no format {name!r}; there are: {', '.join(writer_names())}.")
    try:
        writer = found.load()
    except STRANGE as exc:  # whatever a foreign module does when it is imported
        raise ConfigurationError(f"The format {name!r} of {found.value} cannot be loaded: {said(exc)}") from exc
    if not isinstance(writer, Writer):
        raise ConfigurationError(f"The format {name!r}: {found.value} is no chadsdk.export.writers.Writer.")
    return writer if name in _OURS else guarded(name, writer)


@cache
def _theirs() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=_GROUP) if point.name not in _OURS}
