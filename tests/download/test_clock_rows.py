"""Wall clocks that jump, and processes whose clocks do not agree, by Debian's ``faketime``."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.recording import sha256_of
from tests.download.support import Rig, child, child_config

pytestmark = pytest.mark.slow

DAYS = ("-400d", "+400d")


@pytest.fixture(scope="module")
def false_clock() -> str:
    """The library that lies about the time; skipped where Debian's ``faketime`` is absent or does not work."""
    try:
        asked = ["faketime", "-m", "-f", "+400d", "sh", "-c", "date +%Y; printenv LD_PRELOAD"]
        year, library = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, ValueError, subprocess.CalledProcessError) as exc:
        pytest.skip(f"no faketime: {exc}")
    now = subprocess.run(["date", "+%Y"], capture_output=True, text=True, check=True).stdout.strip()
    assert int(year) > int(now)
    return library


def under(library: str, file: Path, offset: str) -> list[str]:
    """What a command is started with to have a wall clock that is off by what stands in a file, at each moment."""
    set_clock(file, offset)
    variables = {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    return ["env", *(f"{name}={value}" for name, value in variables.items())]


def set_clock(file: Path, offset: str) -> None:
    """Have the clock off by that much from now on."""
    fresh = file.with_suffix(".fresh")
    fresh.write_text(offset)
    fresh.replace(file)


@pytest.mark.parametrize("days", DAYS)
def test_row_72_the_clock_jumps(rig: Rig, tmp_path: Path, false_clock: str, days: str) -> None:
    """In mid-body and before a back-off that the server asks for: waits are as long as they are, all is had."""
    for number in (1, 2):
        rig.server.set_faults(
            f"t-{number}", [{"gate": "jump", "after": 0.5, "cut_body": 0.7}, {"status": 503, "retry_after": "1"}]
        )
    clock = tmp_path / "clock"
    with child("download", under(false_clock, clock, "+0"), **child_config(rig, rig.sources[:2])) as process:
        process.go()
        rig.server.wait_at_gate("jump", 2)
        set_clock(clock, days)
        rig.server.open_gate("jump")
        outcome = process.outcome()
    assert [sha256_of(Path(outcome[f"t-{number}"])) for number in (1, 2)] == [rig.sha256(1), rig.sha256(2)]
    assert rig.temporaries() == rig.partials() == []


@pytest.mark.parametrize("days", DAYS)
def test_row_72_a_process_of_another_time(rig: Rig, tmp_path: Path, false_clock: str, days: str) -> None:
    """For one whose clock is far off, a living download looks old: it is not swept, and not downloaded twice."""
    rig.server.set_faults("t-1", [{"gate": "here", "after": 0.5}])
    with child("download", **child_config(rig, [rig.source(1)])) as living:
        living.go()
        rig.server.wait_at_gate("here")
        with child(
            "download", under(false_clock, tmp_path / "clock", days), **child_config(rig, [rig.source(2)])
        ) as odd:
            odd.go()
            assert list(odd.outcome()) == ["t-2"]
        assert len(rig.temporaries()) == 1
        rig.server.open_gate("here")
        (path,) = living.outcome().values()
    assert sha256_of(Path(path)) == rig.sha256()
    assert len(rig.gets()) == 1
    assert list(rig.layout.partials.iterdir()) == []
