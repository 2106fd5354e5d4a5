"""Misbehaving with ranges: parts that were not asked for, that lie elsewhere, or that come wrapped."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.server.faults import Stage, Step
from harness.server.registry import behaviour
from harness.server.reply import Reply, split

__all__: list[str] = []

BOUNDARY = "harness-part"


@behaviour("part", "shift", "last", "total")
def _part(_reply: Reply, step: Step, stage: Stage) -> Reply:
    """Answer 206 with the bytes from this one on, asked or not; `true` is where the client asked, plus `shift`.

    The bytes are those that Content-Range names, up to and with `last`; only `total` can be a lie.
    """
    whole = _whole(stage)
    start = _asked_start(stage) if step.value is True else step.whole(step.value)
    start += step.whole(step.options.get("shift", 0))
    stop = step.whole(step.options.get("last", whole.body_bytes - 1)) + 1
    total = step.whole(step.options.get("total", whole.body_bytes))
    body = split(split(whole.body, stop)[0], start)[1]
    place = ("Content-Range", f"bytes {start}-{stop - 1}/{total}")
    return replace(whole, status=206).with_headers(place).with_body(*body)


@behaviour("multipart")
def _multipart(reply: Reply, _step: Step, _stage: Stage) -> Reply:
    """Wrap the part that was asked for as multipart/byteranges, as if several had been."""
    headers = {name.lower(): value for name, value in reply.headers}
    said = f"Content-Type: audio/wav\r\nContent-Range: {headers.get('content-range', 'bytes 0-0/1')}\r\n\r\n"
    opening, closing = f"--{BOUNDARY}\r\n{said}".encode(), f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = ("Content-Type", f"multipart/byteranges; boundary={BOUNDARY}")
    wrapped = replace(reply, status=206).with_headers(("Content-Range", None), kind)
    return wrapped.with_body(opening, *reply.body, closing)


def _whole(stage: Stage) -> Reply:
    rest = {name: value for name, value in stage.request.headers.items() if name not in {"range", "if-range"}}
    return stage.answer(replace(stage.request, headers=rest), None)


def _asked_start(stage: Stage) -> int:
    found = re.match(r"bytes=(\d+)-", stage.request.headers.get("range", ""))
    return int(found[1]) if found else 0
