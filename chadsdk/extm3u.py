"""Lines of an extended M3U playlist, for whoever writes one.

There is no standard; the directives are those of Winamp and VLC.
"""

from __future__ import annotations

from chadsdk.text import one_line

__all__ = ["extinf"]


def extinf(title: str, artist: str | None, duration_s: float | None) -> str:
    """Give the ``#EXTINF`` line; an unknown length is -1."""
    seconds = -1 if duration_s is None else round(duration_s)
    label = f"{artist} - {title}" if artist else title
    return f"#EXTINF:{seconds},{one_line(label)}"
