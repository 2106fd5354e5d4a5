"""`Outputs`: which format writes what in an export folder, so that no two write to one name."""

from __future__ import annotations

from chadsdk.errors import FormatError
from chadsdk.export.manifest import MANIFEST_NAME, MISSING_NAME
from chadsdk.export.plan import AUDIO_FOLDER, folder_name
from chadsdk.export.writers import writer_of
from chadsdk.files import collision_key

__all__ = ["Outputs"]


class Outputs:
    """The names in the export folder of a playlist, each given once; case and Unicode form tell no two apart."""

    def __init__(self, playlist: str) -> None:
        self._stem = folder_name(playlist)
        self._taken = {collision_key(name): "the export itself" for name in (AUDIO_FOLDER, MANIFEST_NAME, MISSING_NAME)}

    def claim(self, name: str) -> str:
        """Give the name of what a format writes.

        Raises:
            ConfigurationError: See `writer_of`.
            FormatError: It is the name of something else in the export, or is none.
        """
        output = writer_of(name).output_of(self._stem)
        owner = self._taken.setdefault(collision_key(output), f"the format {name!r}")
        if owner != f"the format {name!r}":
            raise FormatError(f"The format {name!r} writes to {output!r}, and so does {owner}.")
        return output
