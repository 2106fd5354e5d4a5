"""Lines of an extended M3U playlist, for whoever writes one.

There is no standard; the directives are those of Winamp and VLC.
"""

from __future__ import annotations

import re

__all__ = ["extinf", "one_line"]

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def extinf(title: str, artist: str | None, duration_s: float | None) -> str:
    """Give the ``#EXTINF`` line; an unknown length is -1."""
    seconds = -1 if duration_s is None else round(duration_s)
    label = f"{artist} - {title}" if artist else title
    return f"#EXTINF:{seconds},{one_line(label)}"


def one_line(text: str) -> str:
    """Give `text` without line breaks and other controls, so that it cannot become a line of its own."""
    return " ".join(_BREAKS.sub(" ", text).split())
