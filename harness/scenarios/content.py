"""Rows 27 to 31 and 41 to 43: answers that are no audio, wrong bytes, encodings and heads that nobody wants."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from harness.scenarios.scenario import SUBJECT, WHOLE, Expected, Hooks, Scenario
from harness.scenarios.staging import always, at_paths, faulty, staged

if TYPE_CHECKING:
    from harness.scenarios.scene import Scene

__all__ = ["SCENARIOS"]

MIB = 1024 * 1024
MOST_MEMORY_KIB = 32 * 1024
NO_ANSWER = (None, None)
ENVELOPE = '{"subsonic-response": {"status": "failed", "error": {"code": 70, "message": "no such song"}}}'


def _note_memory(scene: Scene) -> None:
    scene.notes["peak_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _memory_grown(scene: Scene) -> list[str]:
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - scene.notes["peak_kib"]
    return [f"memory grew by {grown_kib} KiB"] if grown_kib > MOST_MEMORY_KIB else []


SCENARIOS = (
    Scenario(
        "login-page",
        "A login page under 200, named what it is, or called audio: not audio, and not asked for again.",
        faulty(always(html=True), always(html="audio/wav")),
        rows=(27, 28),
        expected=Expected(missing={1: "not_audio", 2: "not_audio"}),
    ),
    Scenario(
        "redirected-to-a-login-page",
        "A redirect to a login page on the same server.",
        staged(faulty(always(redirect="/login")), at_paths(login=always(html=True))),
        rows=(27,),
        expected=Expected(missing={1: "not_audio"}, asked={SUBJECT: ((None, 302),)}, api=2),
    ),
    Scenario(
        "error-report-under-200",
        "An error report in JSON under 200: not audio, and not asked for again.",
        faulty(always(body=ENVELOPE), always(body=ENVELOPE, content_type="audio/wav")),
        rows=(29,),
        expected=Expected(missing={1: "not_audio", 2: "not_audio"}),
    ),
    Scenario(
        "archive-under-200",
        "A ZIP archive under 200, as servers send for a whole album; nothing is unpacked.",
        faulty(always(body="PK\x03\x04" + "z" * 1000, content_type="audio/wav")),
        rows=(30,),
        expected=Expected(missing={1: "not_audio"}),
    ),
    Scenario(
        "nothing-under-200",
        "200 with no bytes, and 204: never a file; the first is asked for once more.",
        faulty(always(empty=True), always(status=204)),
        rows=(31,),
        expected=Expected(
            missing={1: "integrity", 2: "protocol"}, asked={SUBJECT: (WHOLE, WHOLE), "t-2": ((None, 204),)}
        ),
    ),
    Scenario(
        "compressed",
        "Bodies in gzip, or said to be, a gigabyte in gzip, 99 encodings, an unknown one: refused unread.",
        faulty(
            always(gzip=True),
            always(headers={"Content-Encoding": "gzip"}),
            always(bomb=1024),
            always(headers={"Content-Encoding": ", ".join(["gzip"] * 99)}),
            always(headers={"Content-Encoding": "snappy"}),
        ),
        rows=(41,),
        tracks=6,
        hooks=Hooks(ready=_note_memory, seen=_memory_grown),
        expected=Expected(missing=dict.fromkeys(range(1, 6), "protocol")),
    ),
    Scenario(
        "heads-too-large",
        "5000 headers, and a header of a megabyte: refused; five megabytes in 80 headers: taken.",
        faulty(always(many_headers=5000), always(many_headers=1, bytes=MIB), always(many_headers=80, bytes=60_000)),
        rows=(42,),
        expected=Expected(missing={1: "protocol", 2: "protocol"}),
    ),
    Scenario(
        "heads-that-are-none",
        "Garbage, ICY, and a status that is no number in place of a head.",
        faulty(
            always(raw="\x00\x01\x02 what?\r\n\r\n"),
            always(raw="ICY 200 OK\r\n\r\n"),
            always(raw="HTTP/1.1 abc OK\r\n\r\n"),
        ),
        rows=(42,),
        tracks=4,
        expected=Expected(missing=dict.fromkeys((1, 2, 3), "protocol"), asked=dict.fromkeys(("t-1", "t-2", "t-3"), 4)),
    ),
    Scenario(
        "wrong-bytes",
        "One bit is wrong, or a block is there twice, once: the digest finds it, and the whole is asked for once more.",
        faulty(({"wrong_bytes": 0.5},), ({"duplicate": 0.5},)),
        rows=(43,),
        expected=Expected(asked={SUBJECT: (WHOLE, WHOLE), "t-2": (WHOLE, WHOLE)}),
    ),
    Scenario(
        "wrong-bytes-always",
        "The same for ever: two requests each, then missing, and nothing is kept.",
        faulty(always(wrong_bytes=0.5), always(duplicate=0.5)),
        rows=(43,),
        expected=Expected(
            missing={1: "integrity", 2: "integrity"}, asked={SUBJECT: (WHOLE, WHOLE), "t-2": (WHOLE, WHOLE)}
        ),
    ),
)
