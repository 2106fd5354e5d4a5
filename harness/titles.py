"""Titles and artists that a real library holds: what is awkward in a file name stands near the front."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["NAMES", "name_of"]

NAMES: Sequence[tuple[str, str | None]] = (
    ("Night Drive", "Mira Solano"),
    ("Back / Forth", "AC/DC Tribute"),
    ('She said "Play it loud"', "The Quotes"),
    ("Übermut (Größe Remix)", "Björk & Þór"),
    ("夜のドライブ", "東京ナイト"),
    ("What? *Why* <Now>", "Q: & A:"),
    ("Slow Fade", "Nul"),
    ("Tab\tand Return", "Whitespace "),
    ("Untitled", None),
    ("Don't Stop | Go\\On", "O'Neil"),
    ("Привет, Москва", "DJ Тест"),
    ("...And Then Silence.", "Dots"),
    ("Sunrise 🌅 Edit", "Emoji Kid"),
    ("CON", "Reserved"),
    ("Café del Mar", "E\u0301tude"),
    ("ليلة طويلة", "سمر"),
    ("NIGHT DRIVE", "MIRA SOLANO"),
    ("A Very Long Title That Goes On " + "And On " * 24, "Endless"),
)


def name_of(number: int) -> tuple[str, str | None]:
    """Title and artist of the track of this number, from 0; past the list they are numbered."""
    if number < len(NAMES):
        return NAMES[number]
    return f"Track {number + 1:05d}", f"Artist {number % 97:02d}"
