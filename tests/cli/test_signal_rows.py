"""Row 61 of the fault table: Ctrl-C and SIGTERM in each wait of an export. In mid-body see `test_signals`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable

import pytest

from chadsdk.cache.locks import Hold, holding
from chadsdk.cancel import CancelToken
from harness.invariants import Aftermath, broken_invariants, unrepaired
from harness.process import ServerHandle
from harness.world import World
from tests.cli.command import Command
from tests.export.rig import leftovers, local_playlist, own_wav

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])]

PATIENCE_S = 20.0
SOON_S = 2.0
TRACKS = 6
GIB = 1024**3


def end(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Send the signal; it must be over soon, with the code of a cancel and one sentence. Gives what was said."""
    assert process.poll() is None
    process.send_signal(number)
    told, said = process.communicate(timeout=SOON_S)
    assert (process.returncode, told) == (130, "")
    assert said.splitlines()[-1].startswith("chadsdk: Cancelled.")
    assert "Traceback" not in said
    return said


def aftermath(command: Command, world: World, said: str = "") -> Aftermath:
    """What there is after a run of the command."""
    return Aftermath(
        world=world,
        cache=command.cache_dir,
        exports=command.folder / "out",
        root=command.folder,
        expected=frozenset({"big.wav", "mine.json"}),
        secrets=(world.token,),
        texts={"what it said": said},
    )


def assert_clean(command: Command, world: World, said: str) -> None:
    """No half export, nothing half-made in the cache, no lock that is still held, no token anywhere."""
    assert broken_invariants(aftermath(command, world, said)) == []
    assert leftovers(command.folder / "out") == []
    assert list(command.cache_dir.rglob("*.tmp")) == []


def wait_for(look: Callable[[], bool]) -> None:
    """Look again and again: what a process does inside itself is told by nobody."""
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not look():
        assert time.monotonic() < deadline
        pause.wait(0.01)


def test_row_61_in_a_back_off(command: Command, server: ServerHandle, number: signal.Signals) -> None:
    """The server asked every connection to come back in 30 s: nobody waits for that, and the next run has all."""
    refusal = {"status": 503, "retry_after": "30", "gate": "busy", "before": "headers"}
    for name in range(1, TRACKS + 1):
        server.set_faults(f"t-{name}", [refusal])
    with command.on(server).started("export", "plain", "--to", "out", "--json") as process:
        server.wait_at_gate("busy", 4)
        server.open_gate("busy")
        server.wait_until_idle()
        said = end(process, number)
    assert_clean(command, server.world, said)
    assert {get.status for get in server.audio_gets()} == {503}
    for name in range(1, TRACKS + 1):
        server.set_faults(f"t-{name}", [])
    assert command.on(server)("export", "plain", "--to", "out").returncode == 0
    assert unrepaired(aftermath(command, server.world)) == []


def test_row_61_in_the_wait_for_a_lock(command: Command, server: ServerHandle, number: signal.Signals) -> None:
    """Another process is at one track: what else there is was had and is kept, that one was never asked for."""
    assert command.on(server)("export", "plain", "--to", "out").returncode == 0
    for audio in command.cache_dir.rglob("*.wav"):
        audio.unlink()
    shutil.rmtree(command.folder / "out")
    server.clear_ledger()
    [lock] = command.cache_dir.rglob("t-1.lock")
    with holding(lock, CancelToken(), wait_s=1) as hold:
        assert hold is Hold.OURS
        with command.on(server).started("export", "plain", "--to", "out", "--json") as process:
            wait_for(lambda: len(list(command.cache_dir.rglob("*.wav"))) == TRACKS - 1)
            said = end(process, number)
    assert_clean(command, server.world, said)
    assert "/tracks/1/audio.wav" not in {get.path for get in server.audio_gets()}
    server.clear_ledger()
    assert command.on(server)("export", "plain", "--to", "out").returncode == 0
    assert [get.path for get in server.audio_gets()] == ["/tracks/1/audio.wav"]
    assert unrepaired(aftermath(command, server.world)) == []


def test_row_61_in_a_copy(command: Command, small_world: World, number: signal.Signals) -> None:
    """A gigabyte is on its way into the export: the copy ends in the middle, and the folder never gets its name."""
    own = own_wav(command.folder / "big.wav")
    os.truncate(own, GIB)  # with a hole, which is read like any other bytes
    local_playlist(own).save(command.folder / "mine.json")
    with command.started("export", "mine.json", "--to", "out", "--json") as process:
        wait_for(lambda: any(path.stat().st_size for path in command.folder.glob("out/*/Audio/*")))
        said = end(process, number)
    assert_clean(command, small_world, said)
    assert own.stat().st_size == GIB
