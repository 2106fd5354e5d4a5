"""A retry whose process dies while it moves things in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from chadsdk import ChadMusicAPIClient, MixExporter, Settings
from chadsdk.export import verify_export
from harness.process import PROJECT, ServerHandle

DIE_BETWEEN_TWO_RENAMES = """
import os, sys
from chadsdk import ChadMusicAPIClient, MixExporter, Settings
rename = os.rename
url, token, cache, folder = sys.argv[1:]


def rename_and_die(old, new):
    rename(old, new)
    if str(old).startswith(folder + "/") and ".partial-" in str(new):
        os._exit(9)


os.rename = rename_and_die
client = ChadMusicAPIClient(url, token=token)
MixExporter(client, settings=Settings(cache_dir=cache)).retry(folder)
"""


def test_a_project_folder_that_was_just_moved_aside(server: ServerHandle, tmp_path: Path) -> None:
    """Between the two renames: the next retry writes the session anew, and nothing of the old one stays."""
    settings = Settings(cache_dir=tmp_path / "cache", backoff_base_s=0.001)
    server.set_faults("t-2", [{"status": 404}])
    with (
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        folder = exporter.export(client.playlist("plain"), tmp_path / "exports", formats=("ardour",)).folder
        names = sorted(path.name for path in folder.iterdir() if path.name != "MISSING.txt")
        die = [
            sys.executable,
            "-c",
            DIE_BETWEEN_TWO_RENAMES,
            server.url,
            server.token,
            str(settings.cache_dir),
            str(folder),
        ]
        assert subprocess.run(die, cwd=PROJECT, check=False).returncode == 9
        assert sorted(path.name for path in folder.iterdir()) != names
        assert not exporter.retry(folder).missing
        assert sorted(path.name for path in folder.iterdir()) == names
        assert not verify_export(folder).damaged
        assert len(list(folder.glob("*/*.ardour"))) == 1
