"""`Project`: what a writer sees of an export: clips on a time line, and nothing of where their audio came from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Clip", "Deck", "Marker", "Project"]


@dataclass(frozen=True, slots=True)
class Clip:
    """One entry of the mix. All times are in seconds.

    Attributes:
        position: In the playlist, from 1.
        title: Title; never empty, nor of blanks alone.
        artist: Artist; None when unknown.
        file: Name in the export folder, relative, with forward slashes; for a missing track, the name it would have.
        deck: Number of the deck that it lies on, from 0.
        start_s: Where it begins on the time line.
        length_s: How long it sounds; more than 0.
        offset_s: Where in its file it begins.
        source_s: Length of its whole file; at least `offset_s` + `length_s`.
        gain_db: Change of its level.
        fade_in_s: Length of its fade-in, linear in amplitude.
        fade_out_s: Length of its fade-out; both together are no longer than the clip.
        sample_rate_hz: Of its file; of a missing or unreadable one, that of the project.
        channels: Of its file; of a missing or unreadable one, 2.
        missing: Why it is missing, as a sentence; None when the file is there.
        length_is_guess: Whether nobody knows how long the file is, and `source_s` is a default.
        note: What was not done as the playlist says, as a sentence; None when all was.
        not_converted: Why it was not converted although that was asked for, as a sentence; part of `note`, too.
    """

    position: int
    title: str
    artist: str | None
    file: str
    deck: int
    start_s: float
    length_s: float
    offset_s: float
    source_s: float
    gain_db: float
    fade_in_s: float
    fade_out_s: float
    sample_rate_hz: int
    channels: int
    missing: str | None
    length_is_guess: bool
    note: str | None
    not_converted: str | None = None

    @property
    def end_s(self) -> float:
        """Where it ends on the time line."""
        return self.start_s + self.length_s

    @property
    def label(self) -> str:
        """Artist and title, for people."""
        return f"{self.artist} - {self.title}" if self.artist else self.title


@dataclass(frozen=True, slots=True)
class Deck:
    """A track of the DAW, whose clips do not overlap.

    Attributes:
        name: ``Deck A``, ``Deck B`` and so on.
        clips: In order of time.
    """

    name: str
    clips: tuple[Clip, ...]


@dataclass(frozen=True, slots=True)
class Marker:
    """A name for a moment on the time line, in seconds."""

    at_s: float
    title: str


@dataclass(frozen=True, slots=True)
class Project:
    """A mix, ready to be written in any format.

    Attributes:
        name: Name of the playlist.
        file_stem: The same as a portable file name.
        tempo_bpm: Tempo of the mix; None when it has none.
        sample_rate_hz: Of most files; 44,100 where there is none.
        clips: In playlist order.
    """

    name: str
    file_stem: str
    tempo_bpm: float | None
    sample_rate_hz: int
    clips: tuple[Clip, ...]

    @property
    def decks(self) -> tuple[Deck, ...]:
        """The tracks of the DAW, none empty; at least one, unless there is no clip."""
        on: dict[int, list[Clip]] = {}
        for clip in sorted(self.clips, key=lambda clip: (clip.start_s, clip.position)):
            on.setdefault(clip.deck, []).append(clip)
        return tuple(Deck(_deck_name(number), tuple(on[number])) for number in sorted(on))

    @property
    def markers(self) -> tuple[Marker, ...]:
        """One at the start of each clip, in order of time."""
        in_time = sorted(self.clips, key=lambda clip: (clip.start_s, clip.position))
        return tuple(
            Marker(clip.start_s, f"{'MISSING: ' if clip.missing is not None else ''}{clip.position}. {clip.label}")
            for clip in in_time
        )

    @property
    def length_s(self) -> float:
        """Where the last clip ends; 0 without clips."""
        return max((clip.end_s for clip in self.clips), default=0.0)


def _deck_name(number: int) -> str:
    return f"Deck {chr(ord('A') + number)}" if number < 26 else f"Deck {number + 1}"
