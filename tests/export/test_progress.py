"""What a listener is told, and what it can do."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from chadsdk import Event, MixExporter, Phase, Playlist, Progress, Track, TrackDone
from harness.process import ServerHandle
from tests.export.rig import Recorder, leftovers, own_wav, when


@pytest.fixture
def events(server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path, tmp_path: Path) -> Recorder:
    """Those of an export with retries, a missing track, a missing file and an own file."""
    server.set_faults("t-1", [{"cut_body": 0.6}])
    server.set_faults("t-2", [{"status": 404, "always": True}])
    server.set_faults("t-3", [{"no_length": True, "cut_body": 0.5}])
    playlist.add(Track("Own", file=own_wav(tmp_path / "own.wav")))
    playlist.add(Track("Nowhere", file=tmp_path / "nowhere.wav"))
    playlist.add(playlist.entries[0])
    recorder = Recorder()
    exporter.export(playlist, to, progress=recorder)
    return recorder


def test_the_listener_is_called_on_the_callers_thread(events: Recorder) -> None:
    """And on no other, though four threads download."""
    assert events.threads == {threading.current_thread()}


def test_the_phases_come_one_after_the_other(events: Recorder) -> None:
    """Every event of the download comes before the first one of the export."""
    phases = [event.phase for event in events.events]
    assert phases == sorted(phases, key=list(Phase).index)
    assert set(phases) == set(Phase)


@pytest.mark.parametrize(
    ("phase", "tracks", "size_bytes"), [(Phase.DOWNLOAD, 6, 6 * 65_536), (Phase.EXPORT, 6, 6 * 65_536)]
)
def test_totals_are_fixed_when_a_phase_starts(events: Recorder, phase: Phase, tracks: int, size_bytes: int) -> None:
    """Each file counts once; what the download phase found missing needs no copy."""
    totals = {(each.tracks_total, each.bytes_total) for each in events.counts(phase)}
    assert totals == {(tracks, size_bytes)}


@pytest.mark.parametrize("phase", list(Phase))
def test_counts_never_run_backwards_and_end_at_the_totals(events: Recorder, phase: Phase) -> None:
    """Whatever was cut, sent again or missing on the way; the first count is zero."""
    counts = events.counts(phase)
    for name in ("tracks_done", "bytes_done"):
        values = [getattr(each, name) for each in counts]
        assert values == sorted(values)
        assert values[0] == 0
    assert counts[-1].finished
    assert (counts[-1].tracks_done, counts[-1].bytes_done) == (counts[-1].tracks_total, counts[-1].bytes_total)


def test_each_track_of_a_phase_is_told_of_once(events: Recorder) -> None:
    """The missing one with its sentence."""
    done = [event for event in events.events if isinstance(event, TrackDone) and event.phase is Phase.DOWNLOAD]
    assert sorted(event.title for event in done) == [f"Plain {number:05d}" for number in range(1, 7)]
    assert [event.title for event in done if event.missing] == ["Plain 00002"]


def test_everything_that_is_missing_is_told_of_once(events: Recorder) -> None:
    """What the plan knew to be missing too, so that a listener's user sees every one."""
    missing = [event.title for event in events.events if isinstance(event, TrackDone) and event.missing]
    assert sorted(missing) == ["Nowhere", "Plain 00002"]


@pytest.mark.parametrize("phase", list(Phase))
def test_a_listener_that_raises_stops_the_export_and_nothing_is_left(
    exporter: MixExporter, playlist: Playlist, to: Path, phase: Phase
) -> None:
    """Its own error comes out, in either phase; no thread of ours runs on."""

    def fail(_: object) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        exporter.export(playlist, to, progress=when(phase, fail, moved=True))
    assert leftovers(to) == []
    exporter.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("chadsdk")]


def test_a_listener_may_look_at_the_exporter(exporter: MixExporter, playlist: Playlist, to: Path) -> None:
    """No lock of ours is held while user code runs: a plan made inside a listener does not dead-lock."""
    plans = []

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.finished:
            plans.append(exporter.plan(playlist, to))

    exporter.export(playlist, to, progress=listen)
    assert len(plans[-1].cached) == 6
