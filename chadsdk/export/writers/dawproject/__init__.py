"""DAWproject 1.0: a zip of ``project.xml``, ``metadata.xml`` and the audio, or the same beside the shared audio."""

from chadsdk.export.writers.dawproject.container import LINKED, WRITER

__all__ = ["LINKED", "WRITER"]
