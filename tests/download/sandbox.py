"""A sandbox as containers have one: the kernel refuses one system call to the thread that put itself into it."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

import pytest

__all__ = ["refuse_splice"]

# Of linux/prctl.h, linux/seccomp.h, linux/bpf_common.h and linux/audit.h.
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000
_SPLICE = {"x86_64": 275, "aarch64": 76}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_splice(code: int) -> None:
    """Have every ``splice`` of this thread refused with that `errno`, for as long as the thread lives.

    Skips the test where the system has no such thing, or does not let us have it.
    """
    number = _SPLICE.get(platform.machine())
    if sys.platform != "linux" or number is None:
        pytest.skip("the number of this system's splice is not known here")
    program = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (_LOAD_WORD, 0, 0, 0),  # the number of the call
            (_JUMP_IF_EQUAL, 0, 1, number),
            (_RETURN, 0, 0, _ERRNO | code),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
    filters = _Program(len(program) // 8, program)
    refused = prctl(_PR_SET_NO_NEW_PRIVS, 1, None, 0, 0)
    refused = refused or prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(filters), 0, 0)
    if refused:
        pytest.skip(f"no sandbox is to be had here: {errno.errorcode.get(ctypes.get_errno())}")
