"""A file as libsndfile sees it: what the file system says is kept, because C code would lose it."""

from __future__ import annotations

from collections.abc import Callable
from io import FileIO

from chadsdk.files import write_all

__all__ = ["SoundStream"]


class SoundStream:
    """An open file for soundfile to work on.

    Attributes:
        error: The first thing that the file system refused; nothing is done from then on.
    """

    def __init__(self, stream: FileIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer; give how many bytes there were."""
        return self._trying(lambda: self._stream.readinto(buffer) or 0)

    read = readinto  # soundfile wants to see one, and uses the other

    def write(self, data: bytes) -> int:
        """Write all of it; give how many bytes that is."""

        def write() -> int:
            write_all(self._stream, data)
            return len(data)

        return self._trying(write)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go there; give where that is."""
        return self._trying(lambda: self._stream.seek(offset, whence))

    def tell(self) -> int:
        """Give where it stands."""
        return self._trying(self._stream.tell)

    def _trying(self, act: Callable[[], int]) -> int:
        if self.error is not None:
            return 0
        try:
            return act()
        except OSError as exc:
            self.error = exc
            return 0
