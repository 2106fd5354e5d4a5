"""Sound of files that libsndfile does not decode (AAC, Apple Lossless in MP4), by an ``ffmpeg`` of the system.

Owns the process: what it is asked, what it sees of its surroundings, that it ends. It is optional: looked for on the
PATH at the moment that it is needed, on POSIX systems. It only decodes; resampling and rounding are ours. It guesses no
format and opens nothing but the one file, because that file may come from a stranger.
"""

from __future__ import annotations

import errno
import os
import re
import selectors
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from chadsdk.cancel import CancelToken
from chadsdk.errors import ConversionError
from chadsdk.media.child import exit_code, kill_group
from chadsdk.media.formats import AudioFormat
from chadsdk.text import one_line

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["PIPED_FORMATS", "DecodedSound", "DecoderUnusableError", "decoding", "find_decoder"]

PIPED_FORMATS: Final = {AudioFormat.MP4: "mov", AudioFormat.ADTS: "aac"}
"""What it is asked for, and what it calls that."""

_CODECS: Final = "aac,aac_fixed,aac_at,libfdk_aac,alac"
_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
_LOOK_S: Final = 1.0  # nothing rings when the main thread ends
_SILENT_S: Final = 60.0
_HEARD_BYTES: Final = 4096
_LONGEST_COMPLAINT: Final = 200
_NO_PROGRAM: Final = frozenset({errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOEXEC})
_NOT_RUN: Final = frozenset({126, 127})  # of shells and of the dynamic linker
_NO_COMPLAINT: Final = re.compile(r"on whitelist|Last message repeated")  # a picture in the file is not opened
_SPEAKER: Final = re.compile(r"\[[^\]]* @ 0x[0-9a-f]+\] ?")
_AU_HEADER: Final = struct.Struct(">4s5I")  # magic, where the samples begin, their bytes, encoding, rate, channels
_AU_FLOAT: Final = 6
_SAMPLE_BYTES: Final = 4
_MOST_CHANNELS: Final = 64
_END_LOOK_S: Final = 0.01


class DecoderUnusableError(Exception):
    """There is a program of that name, but it does not run."""


def find_decoder() -> str | None:
    """Give the path of the decoder; None where there is none, or only in a folder relative to the current one."""
    found = shutil.which("ffmpeg") if os.name == "posix" else None
    return found if found and Path(found).is_absolute() else None


@contextmanager
def decoding(tool: str, path: Path, audio_format: AudioFormat, *, token: CancelToken) -> Iterator[DecodedSound]:
    """Decode a file while the block runs; at its end, however it ends, nothing of the decoder is left.

    Args:
        tool: What `find_decoder` gave.
        path: The file; only read.
        audio_format: One of `PIPED_FORMATS`.
        token: Ends the decoder at once, also one that is stuck.

    Raises:
        DecoderUnusableError: It does not run.
        ConversionError: It decodes nothing of the file, or gives nothing for a minute.
        ExportCancelled: Cancelled.
        OSError: No process can be made.
    """
    name = f"file:{path.absolute()}"
    process = _start(_command(tool, name, PIPED_FORMATS[audio_format]))
    try:
        with token.interrupting(partial(kill_group, process)), selectors.DefaultSelector() as selector:
            yield DecodedSound(process, name, token, selector)
    finally:
        kill_group(process)
        for stream in (process.stdout, process.stderr):
            _raw(stream).close()
        process.wait()


class DecodedSound:
    """Samples as they come out of the decoder. For one thread.

    Attributes:
        samplerate: In Hz, as decoded.
        channels: Number of channels.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], name: str, token: CancelToken, selector: selectors.BaseSelector
    ) -> None:
        self._process, self._name, self._token, self._selector = process, name, token, selector
        self._sound, self._complaints = _raw(process.stdout), _raw(process.stderr)
        self._heard = bytearray()
        for stream in (self._sound, self._complaints):
            selector.register(stream, selectors.EVENT_READ)
        self.samplerate, self.channels = self._head()

    def read(self, *, out: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Fill `out`, frames by channels, and give the part that is filled: less than all at the end alone."""
        import numpy as np  # noqa: PLC0415 - `import chadsdk` must stay light

        frame_bytes = _SAMPLE_BYTES * self.channels
        data = self._bytes(len(out) * frame_bytes)
        count = len(data) // frame_bytes
        out[:count] = np.frombuffer(data, ">f4", count * self.channels).reshape(count, self.channels)
        return out[:count]

    def skip(self, most_frames: int) -> int:
        """Read past so many samples per channel, and give how many there were: none at the end alone."""
        frame_bytes = _SAMPLE_BYTES * self.channels
        return len(self._bytes(most_frames * frame_bytes)) // frame_bytes

    def check_end(self) -> None:
        """Return if the decoder, which has given all that it has, found no fault.

        Raises:
            ConversionError: It did, or does not come to its end.
            DecoderUnusableError: It did not run at all.
            ExportCancelled: Cancelled.
        """
        while self._complaints in self._selector.get_map():
            self._await(self._complaints)
        until = time.monotonic() + _SILENT_S
        while (code := exit_code(self._process)) is None:  # both its pipes have ended: it is about to
            if time.monotonic() > until:
                raise ConversionError("ffmpeg does not come to its end")
            time.sleep(_END_LOOK_S)
        self._token.raise_if_cancelled()  # a decoder that was killed has found no fault
        if code in _NOT_RUN:
            raise DecoderUnusableError
        if code:
            raise ConversionError(f"it cannot be decoded ({self._complaint() or f'ffmpeg ends with {code}'})")

    def _head(self) -> tuple[int, int]:
        """Read the header: sample rate and channels."""
        head = self._bytes(_AU_HEADER.size)
        if len(head) < _AU_HEADER.size:
            self.check_end()
            raise ConversionError("it cannot be decoded (ffmpeg gives nothing)")
        magic, begin, _, encoding, rate, channels = _AU_HEADER.unpack(head)
        is_ours = (magic, encoding) == (b".snd", _AU_FLOAT) and _AU_HEADER.size <= begin <= _HEARD_BYTES
        if not is_ours or not 0 < channels <= _MOST_CHANNELS:
            raise ConversionError("it cannot be decoded (ffmpeg gives something else)")
        self._bytes(begin - len(head))
        return rate, channels

    def _bytes(self, count: int) -> bytearray:
        """Give so many bytes; fewer at the end alone, which is believed when `check_end` says so."""
        data, filled = bytearray(count), 0
        with memoryview(data) as view:
            while filled < count and self._sound in self._selector.get_map():
                self._await(self._sound)
                came = self._sound.readinto(view[filled:]) or 0
                filled += came
                if not came:
                    self._selector.unregister(self._sound)
        del data[filled:]
        return data

    def _await(self, stream: FileIO) -> None:
        """Return when the stream has something or has ended; meanwhile hear complaints, which would fill their pipe."""
        until = time.monotonic() + _SILENT_S
        while True:
            ready = {key.fileobj for key, _ in self._selector.select(_LOOK_S)}
            if self._complaints in ready:
                self._hear()
            if stream in ready:
                return
            self._token.raise_if_cancelled()
            if exit_code(self._process) is not None:  # who still holds its pipes was started by it
                kill_group(self._process)
            if time.monotonic() > until:
                raise ConversionError(f"ffmpeg has given nothing for {_SILENT_S:g} s")

    def _hear(self) -> None:
        said = self._complaints.read(_HEARD_BYTES)
        if not said:
            self._selector.unregister(self._complaints)
        elif len(self._heard) < _HEARD_BYTES:
            self._heard += said

    def _complaint(self) -> str:
        """Give the first fault that it named, as a line without paths."""
        for said in self._heard.decode("utf-8", "surrogateescape").splitlines():
            if not _NO_COMPLAINT.search(said):
                plain = _SPEAKER.sub("", said).replace(self._name, "the file")
                return one_line(plain.encode("utf-8", "replace").decode())[:_LONGEST_COMPLAINT]
        return ""


def _command(tool: str, name: str, demuxer: str) -> list[str]:
    """Ask for the first stream of sound as AU of floats, the least container that tells rate and channels."""
    only = ["-protocol_whitelist", "file,pipe", "-codec_whitelist", _CODECS, "-threads", "1"]
    # A fault ends it: a frame that is left out would shift all that follows.
    given = ["-nostdin", "-v", "error", "-xerror", *only, "-f", demuxer, "-i", name]
    sound = ["-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1"]
    return [tool, *given, *sound, "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - a fixed list of arguments, no shell
            command,
            bufsize=0,
            cwd="/",
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: a terminal's Ctrl-C is ours to hear, and a kill reaches what a wrapper has started.
            start_new_session=True,
        )
    except OSError as exc:
        if exc.errno in _NO_PROGRAM:
            raise DecoderUnusableError from exc
        raise


def _raw(stream: IO[bytes] | None) -> FileIO:
    return cast("FileIO", stream)  # `bufsize=0` and `PIPE`
