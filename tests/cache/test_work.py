"""A download under way, when the file system refuses even to end it."""

from __future__ import annotations

import os
from pathlib import Path

from chadsdk.cache.work import claim


def test_row_51_a_file_that_cannot_be_closed_is_removed(tmp_path: Path) -> None:
    """The error of ``close``, such as ENOSPC on a network share, keeps no unwanted file alive."""
    work = claim(tmp_path, "t-1")
    work.stream.write(b"half of it")
    os.close(work.stream.fileno())  # now closing fails, with EBADF
    work.drop()
    assert list(tmp_path.iterdir()) == []
