"""Which extension a file gets. What a server says picks from the allow-list and is never copied.

A server that chooses the extension chooses what a double click does (CVE-2024-38519 of yt-dlp), so the
text of a path or header is only ever looked up in `chadsdk.media.formats.EXTENSIONS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from chadsdk.errors import ConfigurationError
from chadsdk.media.formats import EXTENSIONS, AudioFormat, format_of_content_type

__all__ = ["DEFAULT_EXTENSION", "final_extension", "planned_extension"]

DEFAULT_EXTENSION: Final = "mp3"
"""What a cloud track most often is. A DAW finds a missing file again by its name, so the plan needs one."""

# A quoted string with its backslash escapes, or a token up to the next parameter (RFC 6266, RFC 9110 5.6.4).
_DISPOSITION_NAME: Final = re.compile(
    r""";\s*filename(?P<extended>\*)?\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^;]*))""",
    re.IGNORECASE | re.DOTALL,
)
# Long enough for every honest header, short enough that a hostile one costs nothing.
_LONGEST_HINT_CHARACTERS: Final = 4096


def planned_extension(
    *,
    stream_path: str | None,
    content_type: str | None,
    content_disposition: str | None = None,
    default: str = DEFAULT_EXTENSION,
) -> str:
    """The extension to expect before any byte is seen: lower case, without dot, one of `EXTENSIONS`.

    The stream path is asked first, then Content-Disposition, then Content-Type. When none of them
    names a known format the answer is `default`.

    Raises:
        ConfigurationError: `default` is not one of `EXTENSIONS`.
    """
    if default not in EXTENSIONS:
        raise ConfigurationError(f"{default!r} is not the extension of an audio format.")
    return next(_hinted(stream_path, content_disposition, content_type), default)


def final_extension(
    audio_format: AudioFormat,
    *,
    stream_path: str | None = None,
    content_type: str | None = None,
    content_disposition: str | None = None,
) -> str:
    """The extension of a file whose first bytes were seen: they have the last word.

    The first hint (in the order of `planned_extension`) that is a right name for the format is kept,
    such as ``aif`` where ``aiff`` is usual; without one it is the usual extension.
    """
    hints = _hinted(stream_path, content_disposition, content_type)
    return next((hint for hint in hints if hint in audio_format.extensions), audio_format.extension)


def _hinted(stream_path: str | None, content_disposition: str | None, content_type: str | None) -> Iterator[str]:
    hints = (
        _of_path(stream_path or ""),
        _of_disposition(content_disposition or ""),
        _of_content_type(content_type or ""),
    )
    return (hint for hint in hints if hint is not None)


def _of_path(stream_path: str) -> str | None:
    # By hand, because `urlsplit` raises on a stray bracket and server text may be anything.
    path = re.split(r"[?#]", stream_path[:_LONGEST_HINT_CHARACTERS], maxsplit=1)[0]
    # Some servers hang parameters on the name: ``a.mp3;jsessionid=1`` (RFC 3986 section 3.3).
    return _of_name(unquote(path)) or _of_name(unquote(path.partition(";")[0]))


def _of_disposition(content_disposition: str) -> str | None:
    names: dict[bool, str] = {}
    for match in _DISPOSITION_NAME.finditer(";" + content_disposition[:_LONGEST_HINT_CHARACTERS]):
        names.setdefault(match["extended"] is not None, match["quoted"] or match["token"] or "")
    # RFC 6266 section 4.3: ``filename*`` is preferred. RFC 5987: charset'language'percent-encoded.
    extended = unquote(names.get(True, "").rpartition("'")[2])
    return _of_name(extended) or _of_name(names.get(False, ""))


def _of_content_type(content_type: str) -> str | None:
    audio_format = format_of_content_type(content_type[:_LONGEST_HINT_CHARACTERS])
    return audio_format.extension if audio_format else None


def _of_name(name: str) -> str | None:
    last = re.split(r"[/\\]", name.strip())[-1]
    _, dot, extension = last.lower().rpartition(".")
    return extension if dot and extension in EXTENSIONS else None
