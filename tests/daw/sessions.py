"""Small sessions written by hand, for the tests of the judge alone: with them it must see right and wrong.

They owe nothing to the SDK's own writer, so that no error of it can hide here.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

__all__ = ["Clip", "write_session"]

RATE_HZ = 44_100
SUPERCLOCKS_PER_SAMPLE = 282_240_000 // RATE_HZ


@dataclass(frozen=True, slots=True)
class Clip:
    """One stereo file of `frames` frames on the only track; all moments in samples."""

    name: str
    file_name: str
    frames: int
    position: int
    length: int
    start: int = 0
    gain: float = 1.0
    fade: int = 64


def write_session(folder: Path, clips: Sequence[Clip], *, files: Sequence[Path], markers: Sequence[str] = ()) -> Path:
    """Write the session `folder` with copies of these files, a marker at each second, and give the folder back."""
    audio = folder / "interchange" / folder.name / "audiofiles"
    audio.mkdir(parents=True)
    for file in files:
        shutil.copy(file, audio / file.name)
    (folder / f"{folder.name}.ardour").write_text(_session(folder.name, clips, markers), encoding="utf-8")
    return folder


def _session(name: str, clips: Sequence[Clip], markers: Sequence[str]) -> str:
    numbered = list(enumerate(clips))
    end = _clock(max(clip.position + clip.length for clip in clips))
    places = "".join(
        f'<Location id="{500 + n}" name={quoteattr(title)} start="{_clock(n * RATE_HZ)}" end="{_clock(n * RATE_HZ)}" '
        'flags="IsMark" locked="0"/>'
        for n, title in enumerate(markers)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Session version="7002" name={quoteattr(name)} sample-rate="{RATE_HZ}" id-counter="10000">
<Config><Option name="native-file-data-format" value="FormatFloat"/></Config>
<Sources>{"".join(_sources(n, clip) for n, clip in numbered)}</Sources>
<Regions>{"".join(_whole(n, clip) for n, clip in numbered)}</Regions>
<Locations><Location id="400" name="session" start="a0" end="{end}" flags="IsSessionRange" locked="0"/>
{places}</Locations>
<Routes>
<Route id="10" name="Master" default-type="audio" strict-io="1" active="1">
<PresentationInfo order="0" flags="MasterOut,OrderSet" color="0"/>
{_io("Master", "Input", 11, "Deck/audio_out")}{_io("Master", "Output", 12, "system:playback_")}
<Processor id="13" name="Master" active="1" own-input="1" own-output="0" output="Master" type="main-outs" role="Main"/>
</Route>
<Route id="20" name="Deck" default-type="audio" strict-io="1" active="1" audio-playlist="30" mode="Normal">
<PresentationInfo order="1" flags="AudioTrack,OrderSet" color="0"/>
{_io("Deck", "Input", 21, None)}{_io("Deck", "Output", 22, "Master/audio_in")}
<Processor id="23" name="recorder:Deck" active="1" type="diskwriter" record-safe="0"/>
<Processor id="24" name="player:Deck" active="1" type="diskreader"/>
<Processor id="25" name="Deck" active="1" own-input="1" own-output="0" output="Deck" type="main-outs" role="Main"/>
</Route>
</Routes>
<Playlists><Playlist id="30" name="Deck" type="audio" orig-track-id="20" frozen="0" combine-ops="0">
{"".join(_placed(n, clip) for n, clip in numbered)}
</Playlist></Playlists>
<RouteGroups/>
<TempoMap superclocks-per-second="282240000"><Tempos><Tempo npm="120" enpm="120" note-type="4" type="Tempo::Constant"
active="1" locked-to-meter="0" continuing="0" sclock="0" quarters="0:0" bbt="1|1|0" omega="0"/></Tempos>
<Meters><Meter note-value="4" divisions-per-bar="4" sclock="0" quarters="0:0" bbt="1|1|0"/></Meters></TempoMap>
</Session>
"""


def _io(route: str, direction: str, number: int, other: str | None) -> str:
    way = "in" if direction == "Input" else "out"
    ports = ""
    for channel in (1, 2):
        joint = "" if other is None else f'<Connection other="{other}{"" if other.endswith("_") else " "}{channel}"/>'
        ports += f'<Port type="audio" name="{route}/audio_{way} {channel}">{joint}</Port>'
    return f'<IO name="{route}" id="{number}" direction="{direction}" default-type="audio">{ports}</IO>'


def _sources(n: int, clip: Clip) -> str:
    return "".join(
        f'<Source name={quoteattr(clip.file_name)} type="audio" flags="" id="{1000 + 2 * n + channel}" '
        f'channel="{channel}" origin="" gain="1"/>'
        for channel in (0, 1)
    )


def _whole(n: int, clip: Clip) -> str:
    length = _clock(clip.frames)
    return (
        f'<Region name={quoteattr(clip.file_name)} id="{2000 + n}" type="audio" whole-file="1" start="a0" '
        f'length="{length}@a0" source-0="{1000 + 2 * n}" source-1="{1001 + 2 * n}" channels="2"/>'
    )


def _placed(n: int, clip: Clip) -> str:
    rise, fall = (f"a0 {first}\n{_clock(clip.fade)} {1 - first}\n" for first in (0, 1))
    return (
        f'<Region name={quoteattr(clip.name)} id="{3000 + n}" type="audio" whole-file="0" start="{_clock(clip.start)}" '
        f'length="{_clock(clip.length)}@{_clock(clip.position)}" scale-amplitude="{clip.gain!r}" default-fade-in="0" '
        f'default-fade-out="0" source-0="{1000 + 2 * n}" source-1="{1001 + 2 * n}" channels="2">'
        f"<FadeIn>{_curve('fadein', 4000 + n, rise)}</FadeIn>"
        f"<FadeOut>{_curve('fadeout', 5000 + n, fall)}</FadeOut></Region>"
    )


def _curve(kind: str, number: int, events: str) -> str:
    return (
        f'<AutomationList automation-id="{kind}" id="{number}" interpolation-style="Curved" time-domain="AudioTime" '
        f'state="Off"><events>{events}</events></AutomationList>'
    )


def _clock(samples: int) -> str:
    return f"a{samples * SUPERCLOCKS_PER_SAMPLE}"
