"""An Ardour session: a folder with the session file and its own copies of the audio."""

from chadsdk.export.writers.ardour.folder import WRITER

__all__ = ["WRITER"]
