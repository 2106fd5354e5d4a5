"""M4A in an Ardour session: refused as it is, heard as a converted copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from chadsdk import MixExporter, Playlist, PlaylistEntry, Track
from chadsdk.errors import FormatError
from tests.daw.ardour import ardour_or_skip, opened, render
from tests.daw.tones import TONE_DB, frequency_of, level_db, write_tones
from tests.media.encoder import MP4_KINDS, encoded

pytestmark = pytest.mark.timeout(300)

RATE = 44_100
KINDS = (("aac", RATE), ("aac", 48_000), ("alac", 48_000))


@pytest.fixture
def playlist(tmp_path: Path) -> Playlist:
    """AAC at the rate of the session, AAC and Apple Lossless at another one; two seconds and two tones of their own."""
    entries = []
    for n, (kind, rate_hz) in enumerate(KINDS):
        tones = [frequency_of(n), frequency_of(n + 10)]
        wav = tmp_path / f"{n}.wav"
        write_tones(wav, shape="wav24", frequencies_hz=tones, frames=2 * rate_hz, sample_rate_hz=rate_hz)
        entries.append(PlaylistEntry(Track("Song", file=encoded(wav, tmp_path / f"{n}.m4a", *MP4_KINDS[kind]))))
    return Playlist("Packed", entries=tuple(entries), crossfade_s=0.5)


def test_converted_m4a_is_heard_in_its_place(playlist: Playlist, tmp_path: Path) -> None:
    """No complaint; every tone on its side, at its time, at its level."""
    ardour_or_skip()
    result = MixExporter().export(playlist, tmp_path / "out", formats=["ardour"], convert_to=RATE)
    session = result.folder / "Ardour"
    seen, played = opened(session), render(session, tmp_path / "out.wav")
    assert seen.complaints == ()
    assert sorted(region.position_s for region in seen.regions) == pytest.approx([0.0, 1.5, 3.0], abs=1 / RATE)
    assert all(len(region.files) == 2 and not region.missing for region in seen.regions)
    for n in range(len(KINDS)):
        for channel, samples in enumerate(played.samples.T):
            level = level_db(samples, RATE, frequency_hz=frequency_of(n + 10 * channel), at_s=1.5 * n + 1.0)
            assert level == pytest.approx(TONE_DB, abs=0.3)


def test_m4a_as_it_is_is_refused(playlist: Playlist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without being asked to convert, or without an ffmpeg: in a sentence that says what would help."""
    to = tmp_path / "out"
    with pytest.raises(FormatError, match=r"'1\. Song' \(m4a\).* --convert-to and an ffmpeg on the PATH"):
        MixExporter().export(playlist, to, formats=["ardour"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FormatError, match="an ffmpeg on the PATH"):
        MixExporter().export(playlist, to, formats=["ardour"], convert_to=RATE)
    assert not to.exists()
