"""A mix as a picture: an SVG of the time line. Knows a `Project` and outlines, and nothing of files."""

from __future__ import annotations

from chadsdk.export.picture.frame import Box, wanted_outlines
from chadsdk.export.picture.page import draw, frame_of

__all__ = ["Box", "draw", "frame_of", "wanted_outlines"]
