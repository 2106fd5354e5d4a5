"""An installed package that brings formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from chadsdk.export import writers as registry

__all__ = ["installed"]


@contextmanager
def installed(
    site: Path, name: str, source: str, formats: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Install a package of one module in an empty folder, and make it found.

    Args:
        site: The folder.
        name: Of the module.
        source: Of the module.
        formats: What each format's entry point names.
        monkeypatch: Undoes it.
    """
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (site / f"{name}.py").write_text(source)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    points = "".join(f"{format_name} = {named}\n" for format_name, named in formats.items())
    (info / "entry_points.txt").write_text(f"[chadsdk.writers]\n{points}")
    monkeypatch.syspath_prepend(str(site))
    found = registry._theirs  # noqa: SLF001 - packages do not come and go in a process, except here
    found.cache_clear()
    yield
    found.cache_clear()
