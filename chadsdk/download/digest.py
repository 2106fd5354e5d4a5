"""`RunningDigest`: the SHA-256 of a file that comes in order, in part or not at all."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from chadsdk.cancel import CancelToken

__all__ = ["RunningDigest"]

_PIECE_BYTES = 1024 * 1024


class RunningDigest:
    """A digest of the first bytes of a file.

    Attributes:
        at: How many bytes it covers; whoever feeds `hasher` keeps it.
        hasher: What to feed with the bytes from there on.
    """

    def __init__(self) -> None:
        self.at = 0
        self.hasher = hashlib.sha256()

    def over(self, stream: BinaryIO, token: CancelToken) -> str:
        """Read what is not covered yet, such as what helpers fetched, and give the digest of the whole in hex.

        Raises:
            ExportCancelled: In between.
            OSError: It cannot be read.
        """
        stream.seek(self.at)
        while piece := stream.read(_PIECE_BYTES):
            token.raise_if_cancelled()
            self.hasher.update(piece)
            self.at += len(piece)
        return self.hasher.hexdigest()
