"""A child process that leads a group of its own: how it has ended, and the end of all that it has started.

It is reaped last: until then its id is that of its group and of nobody else.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress

__all__ = ["exit_code", "kill_group"]


def exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """Say how it has ended, negative for a signal; None while it runs. It is not reaped, where that can be had."""
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return _reaped(process)
    try:
        found = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:  # the program that we are part of ignores SIGCHLD
        return _reaped(process)
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End it and all that it has started, also when it has ended itself; neither waits nor raises."""
    if process.returncode is None:
        _kill(process.pid)


def _reaped(process: subprocess.Popen[bytes]) -> int | None:
    code = process.poll()
    if code is not None:  # the next moment the id may be another's
        _kill(process.pid)
    return code


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # PermissionError: macOS, of one that has just ended
        os.killpg(group, signal.SIGKILL)
