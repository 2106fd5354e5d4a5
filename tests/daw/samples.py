"""Projects for tests of the writers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from chadsdk.cancel import CancelToken
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers import Desk


def clip(position: int = 1, **changes: Any) -> Clip:
    """A clip of ten seconds, one after the other on the first deck."""
    values: dict[str, Any] = {
        "position": position,
        "title": f"Track {position}",
        "artist": "Artist",
        "file": f"Audio/{position:02d} Artist - Track {position}.wav",
        "deck": 0,
        "start_s": 10.0 * (position - 1),
        "length_s": 10.0,
        "offset_s": 0.0,
        "source_s": 10.0,
        "gain_db": 0.0,
        "fade_in_s": 0.0,
        "fade_out_s": 0.0,
        "sample_rate_hz": 44_100,
        "channels": 2,
        "missing": None,
        "length_is_guess": False,
        "note": None,
    }
    return Clip(**{**values, **changes})


def project(*clips: Clip, **changes: Any) -> Project:
    """A project named Friday."""
    values: dict[str, Any] = {
        "name": "Friday",
        "file_stem": "Friday",
        "tempo_bpm": None,
        "sample_rate_hz": 44_100,
        "clips": clips,
    }
    return Project(**{**values, **changes})


def desk(folder: Path) -> Desk:
    """A desk in a folder that holds the audio, too."""
    return Desk(folder, CancelToken(), folder.joinpath)


nasty_text = st.one_of(
    st.text(),  # lone surrogates, controls and separators of lines are in here
    st.text(alphabet="\"'`|<>#\\ \n\r\t\x00\x1b\x85\u2028\u202e\ud800]&%é😀a1", min_size=1, max_size=40),
    st.sampled_from(['"`\'"', "|", "<NOTES", ">", "#", "-1", "1.50", "{x}", "\\", "x" * 10_000, "😀" * 10_000]),
)
"""Titles that somebody may have given a track."""


@st.composite
def mixes(draw: st.DrawFn, texts: st.SearchStrategy[str] = nasty_text) -> Project:
    """Projects of up to eight clips on two decks, some of them missing."""
    clips = []
    for position in range(1, draw(st.integers(1, 8)) + 1):
        offset_s, length_s = draw(_SECONDS), draw(_SECONDS) + 0.5
        clips.append(
            clip(
                position,
                title=draw(texts.filter(bool)),
                artist=draw(st.none() | texts),
                deck=position % 2,
                start_s=1300.0 * (position - 1) + draw(_SECONDS),
                length_s=length_s,
                offset_s=offset_s,
                source_s=offset_s + length_s + draw(_SECONDS),
                gain_db=draw(st.floats(-60, 24)),
                fade_in_s=length_s * draw(st.floats(0, 0.5)),
                fade_out_s=length_s * draw(st.floats(0, 0.5)),
                missing=draw(st.none() | texts),
                note=draw(st.none() | texts),
            )
        )
    return project(*clips, tempo_bpm=draw(st.none() | st.floats(20, 300)))


_SECONDS = st.floats(0, 600)
