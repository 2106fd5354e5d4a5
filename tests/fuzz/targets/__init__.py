"""The targets; each module has a `TARGET`. Imported by name alone, in a process that has begun to instrument."""

from __future__ import annotations

__all__ = ["NAMES"]

NAMES = ("addresses", "documents", "facts", "headers", "hints", "media", "names", "papers", "playlists", "projects")
