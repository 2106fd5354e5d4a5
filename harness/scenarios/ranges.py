"""Rows 19 to 26: answers to a request for the rest that are not the rest, and versions that change in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.scenarios.scenario import REST, SUBJECT, TRACK_BYTES, WHOLE, Asked, Expected, Hooks, Scenario
from harness.scenarios.staging import HALF, always, faulty, leave_half, staged, unknowing
from harness.world import FaultEntry, FaultScript

if TYPE_CHECKING:
    from harness.scenarios.scene import Scene

__all__ = ["SCENARIOS"]

IGNORED: Asked = (HALF, 200)


def _resuming(
    name: str, explanation: str, row: int, script: FaultScript, asked: tuple[Asked, ...], reason: str | None = None
) -> Scenario:
    """Half of the track is there from an earlier run, and the server answers so to the request for the rest."""
    missing = {1: reason} if reason else {}
    expected = Expected(missing=missing, asked={SUBJECT: asked}, others=())
    return Scenario(name, explanation, faulty(script), rows=(row,), hooks=Hooks(before=leave_half), expected=expected)


def _wrong(name: str, what: str, fault: FaultEntry) -> Scenario:
    explanation = f"The part that was asked for comes {what}: thrown away, and the whole is asked for once."
    return _resuming(name, explanation, 20, (fault,), (REST, WHOLE))


def _grow_partial(scene: Scene) -> None:
    leave_half(scene)
    (partial,) = scene.cache.glob(".partial/*.part")
    with partial.open("ab") as stream:
        stream.write(bytes(TRACK_BYTES))


SCENARIOS = (
    _resuming(
        "range-ignored", "A server that knows no ranges sends the whole: taken once.", 19, ("no_range",), (IGNORED,)
    ),
    _wrong("part-from-the-start", "from byte 0", {"part": 0}),
    _wrong("part-off-by-one", "from the next byte", {"part": True, "shift": 1}),
    _wrong("part-of-another-total", "with another total length", {"part": True, "total": TRACK_BYTES + 1}),
    _wrong("part-without-its-place", "without a Content-Range", {"headers": {"Content-Range": None}}),
    _wrong("part-in-a-multipart", "wrapped as multipart", {"multipart": True}),
    _resuming(
        "part-wrong-for-ever",
        "Also the whole that is asked for then comes as a part of its own kind: refused.",
        20,
        always(multipart=True),
        (REST, (None, 206)),
        "protocol",
    ),
    _resuming(
        "part-with-wrong-bytes",
        "The part has the right place and a wrong bit, which only the digest finds: the whole is asked for once.",
        21,
        ({"wrong_bytes": 0.75},),
        (REST, WHOLE),
    ),
    _resuming(
        "wrong-bytes-for-ever",
        "The bit is wrong in the whole, too: missing, and nothing of it is kept.",
        21,
        always(wrong_bytes=0.75),
        (REST, WHOLE),
        "integrity",
    ),
    Scenario(
        "part-unasked",
        "206 with the first 100 bytes for a request without a range: never a file.",
        faulty(always(part=0, last=99)),
        rows=(22,),
        expected=Expected(missing={1: "protocol"}, asked={SUBJECT: ((None, 206),)}),
    ),
    _resuming(
        "416-on-a-piece",
        "416 although the rest is not had: the whole is asked for.",
        23,
        ({"status": 416},),
        ((HALF, 416), WHOLE),
    ),
    Scenario(
        "partial-too-long",
        "What was put aside has grown since: it is not trusted, and the whole is asked for.",
        rows=(23,),
        hooks=Hooks(before=_grow_partial),
        expected=Expected(asked={SUBJECT: (WHOLE,)}, others=()),
    ),
    _resuming(
        "version-changed",
        "The track has a new entity tag and the server honours If-Range: the whole of the new one, once.",
        24,
        always(etag="v2"),
        (IGNORED,),
    ),
    _resuming(
        "version-changed-and-range-served",
        "The same from a server that ignores If-Range: two versions are never joined.",
        25,
        always(etag="v2", lie=True),
        (REST, WHOLE),
    ),
    Scenario(
        "weak-or-no-version",
        "A weak entity tag, or none: what came cannot be gone on from, and is asked for anew.",
        faulty(({"etag": 'W/"v1"', "cut_body": 0.5},), ({"etag": None, "cut_body": 0.5},)),
        rows=(26,),
        expected=Expected(asked={SUBJECT: (WHOLE, WHOLE), "t-2": (WHOLE, WHOLE)}),
    ),
    Scenario(
        "transcoded",
        "A transcoder: a new entity tag at every request, nothing known before, a cut in between.",
        staged(unknowing(), faulty(({"etag": "a", "cut_body": 0.5}, {"etag": "b", "cut_body": 0.5}))),
        rows=(26,),
        expected=Expected(asked={SUBJECT: (WHOLE, IGNORED, IGNORED)}, heads=3),
    ),
)
