"""The session folder: ``Ardour/NAME.ardour`` and ``Ardour/interchange/NAME/audiofiles/`` with every file once.

Copies, not links into the shared ``Audio/``: Ardour writes into its session, and takes it along as one folder.
"""

from __future__ import annotations

from pathlib import Path

from chadsdk.errors import FormatError
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers.ardour.places import file_name
from chadsdk.export.writers.ardour.reading import check_session
from chadsdk.export.writers.ardour.refusal import refuse, refuse_file
from chadsdk.export.writers.ardour.session import session_xml
from chadsdk.export.writers.writer import Desk, Writer
from chadsdk.files import copy_file, open_regular, piece_buffer

__all__ = ["WRITER"]


def _write(project: Project, desk: Desk) -> None:
    clips = _files(project)
    for clip in clips.values():
        desk.token.raise_if_cancelled()
        refuse_file(clip, desk.audio(clip.file), project.sample_rate_hz)
    copies = _audio_folder(project, desk)
    copies.mkdir(parents=True)
    buffer = piece_buffer()
    for name, clip in clips.items():
        with open_regular(desk.audio(clip.file), follow_links=True) as source:
            copy_file(source, copies / name, token=desk.token, advance=_say_nothing, buffer=buffer)
    _session_file(project, desk).write_bytes(session_xml(project))


def _check(project: Project, desk: Desk) -> None:
    check_session(_session_file(project, desk).read_bytes(), project)
    wanted = {name: desk.audio(clip.file).stat().st_size for name, clip in _files(project).items()}
    found = {path.name: path.stat().st_size for path in _audio_folder(project, desk).iterdir()}
    if wrong := sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)):
        raise FormatError(f"The copy of {wrong[0]!r} in the Ardour session is not the file of the export.")


def _files(project: Project) -> dict[str, Clip]:
    """Give the files that are there, each once by its name, with a clip that plays it."""
    return {file_name(clip): clip for clip in project.clips if clip.missing is None}


def _session_file(project: Project, desk: Desk) -> Path:
    return WRITER.path(project, desk) / f"{project.file_stem}.ardour"


def _audio_folder(project: Project, desk: Desk) -> Path:
    return WRITER.path(project, desk) / "interchange" / project.file_stem / "audiofiles"


def _say_nothing(copied_bytes: int) -> None:
    del copied_bytes


WRITER = Writer("Ardour", _write, _check, refuse, copies_audio=True)
