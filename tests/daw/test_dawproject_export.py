"""DAWproject as a user gets it: from a server, with a missing track, and after a retry."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

from chadsdk import ChadMusicAPIClient, MixExporter, Settings
from harness.build import plain_world
from harness.process import running_server


def read(container: zipfile.ZipFile) -> dict[str, bool]:
    """The files that a project names, and whether they lie outside its container."""
    root: Element = fromstring(container.read("project.xml"))
    return {file.attrib["path"]: file.get("external") == "true" for file in root.iter("File")}


def test_a_retry_puts_what_came_back_into_the_container(tmp_path: Path) -> None:
    """First two of three files, then all; every file in the container is the exported one, bit for bit."""
    settings = Settings(cache_dir=tmp_path / "cache", backoff_base_s=0.001)
    with running_server(plain_world(tmp_path / "world", [40_000] * 3)) as server:
        server.set_faults("t-2", [{"status": 404, "always": True}])
        with (
            ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
            MixExporter(client, settings=settings) as exporter,
        ):
            formats = ("dawproject", "dawproject-linked")
            folder = exporter.export(client.playlist("plain"), tmp_path / "to", formats=formats).folder
            with zipfile.ZipFile(folder / f"{folder.name}.dawproject") as container:
                assert sorted(read(container).values()) == [False, False, True]
                assert len([name for name in container.namelist() if name.startswith("audio/")]) == 2
            server.set_faults("t-2", [])
            exporter.retry(folder)
    exported = {path.name: path.read_bytes() for path in (folder / "Audio").iterdir()}
    assert len(exported) == 3
    with zipfile.ZipFile(folder / f"{folder.name}.dawproject") as container:
        assert read(container) == {f"audio/{name}": False for name in exported}
        assert {name: container.read(f"audio/{name}") for name in exported} == exported
    with zipfile.ZipFile(folder / f"{folder.name} (linked).dawproject") as container:
        assert read(container) == {f"Audio/{name}": True for name in exported}
