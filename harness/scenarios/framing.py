"""Rows 6 to 12 and 16: lengths that are none, chunks that are none, bodies and trailers without an end."""

from __future__ import annotations

from harness.scenarios.scenario import SUBJECT, TRACK_BYTES, WHOLE, Expected, Scenario
from harness.scenarios.staging import HALF, always, faulty, lying_page, staged, unknowing
from harness.world import FaultScript

__all__ = ["SCENARIOS"]

MIB = 1024 * 1024
TERABYTE = 10**12


def _says(length: str | list[str]) -> FaultScript:
    return ({"no_length": True, "headers": {"Content-Length": length}},)


NONSENSE = tuple(_says(length) for length in ("-1", "abc", f"{TRACK_BYTES}, {TRACK_BYTES}", [str(TRACK_BYTES)] * 2))
FOUR_WHOLE = {f"t-{number}": (WHOLE,) for number in range(1, 5)}

SCENARIOS = (
    Scenario(
        "unsized-cut",
        "A body without a length ends early; the listing knows the size.",
        faulty(always(no_length=True, cut_body=0.5)),
        rows=(6,),
        expected=Expected(missing={1: "truncated"}, asked={SUBJECT: (WHOLE,) * 3}),
    ),
    Scenario(
        "unsized-cut-unknown",
        "The same where nobody knows the size: the container tells, and it never gets a name.",
        staged(unknowing(), faulty(always(no_length=True, cut_body=0.5))),
        rows=(6,),
        expected=Expected(missing={1: "integrity"}, asked={SUBJECT: (WHOLE,) * 2}, heads=3),
    ),
    Scenario(
        "length-too-small",
        "Content-Length says less than the listing: refused, once more, refused.",
        faulty(always(length=TRACK_BYTES - 2)),
        rows=(7,),
        expected=Expected(missing={1: "integrity"}, asked={SUBJECT: (WHOLE,) * 2}),
    ),
    Scenario(
        "length-too-large",
        "Content-Length says more than the listing.",
        faulty(always(length=TRACK_BYTES + 2)),
        rows=(7,),
        expected=Expected(missing={1: "integrity"}, asked={SUBJECT: (WHOLE,) * 2}),
    ),
    Scenario(
        "length-too-small-unknown",
        "Content-Length cuts the body and nobody knows better but the container.",
        staged(unknowing(), faulty(always(length=HALF))),
        rows=(7,),
        expected=Expected(missing={1: "integrity"}, asked={SUBJECT: (WHOLE,) * 2}, heads=3),
    ),
    Scenario(
        "length-is-nonsense",
        "Content-Length is -1, abc, a list, or there twice: taken as unknown, the listing knows.",
        faulty(*NONSENSE),
        rows=(8,),
        tracks=4,
        expected=Expected(asked=FOUR_WHOLE),
    ),
    Scenario(
        "length-is-nonsense-unknown",
        "The same where the listing does not know: the container tells that all is there.",
        staged(unknowing(), faulty(*NONSENSE)),
        rows=(8,),
        tracks=4,
        expected=Expected(asked=FOUR_WHOLE, heads=4),
    ),
    Scenario(
        "length-of-a-terabyte",
        "Content-Length says a terabyte: refused before a byte of it is written.",
        staged(unknowing(), faulty(always(length=TERABYTE))),
        rows=(9,),
        expected=Expected(missing={1: "protocol"}, asked={SUBJECT: (WHOLE,)}, heads=3),
    ),
    Scenario(
        "listing-too-large",
        "The listing says a thousand terabytes: the disk is too small, and the export says so before any download.",
        lying_page({"sizeBytes": 1024 * TERABYTE}),
        rows=(9, 53),
        expected=Expected(error="DiskFullError", others=(), cached=0),
    ),
    Scenario(
        "chunks-beside-a-length",
        "Chunked, with a Content-Length beside it that lies: the chunks count.",
        faulty(({"chunked": True, "headers": {"Content-Length": "7"}},)),
        rows=(10,),
        expected=Expected(),
    ),
    Scenario(
        "chunks-cut",
        "Chunks end early, once and for ever.",
        faulty(({"chunked": True, "cut_body": 0.4},), always(chunked=True, cut_body=0.4)),
        rows=(11,),
        expected=Expected(missing={2: "truncated"}, asked={SUBJECT: (WHOLE,) * 2, "t-2": (WHOLE,) * 3}),
    ),
    Scenario(
        "chunks-malformed",
        "No last chunk, a size that is no number, a size line without an end; nobody knows the length.",
        staged(
            unknowing(),
            faulty(always(chunked="unended"), always(chunked="bad_size"), always(chunked="endless_size")),
        ),
        rows=(11,),
        tracks=4,
        expected=Expected(
            missing={1: "truncated", 2: "truncated", 3: "protocol"},
            asked={SUBJECT: (WHOLE,) * 3, "t-2": (WHOLE,) * 3, "t-3": (WHOLE,)},
            heads=4,
        ),
    ),
    Scenario(
        "endless-body",
        "Zeros without an end: no more is taken than the listing says.",
        faulty(always(no_length=True, endless=True)),
        rows=(12,),
        expected=Expected(missing={1: "integrity"}, asked={SUBJECT: (WHOLE,) * 2}),
    ),
    Scenario(
        "endless-body-unknown",
        "The same where nobody knows the length: no more is taken than the cap for a track.",
        staged(unknowing(), faulty(always(no_length=True, endless=True), always(chunked="endless_chunks"))),
        rows=(12,),
        settings={"max_track_bytes": 2 * MIB},
        expected=Expected(
            missing={1: "integrity", 2: "integrity"}, asked={SUBJECT: (WHOLE,) * 2, "t-2": (WHOLE,) * 2}, heads=3
        ),
    ),
    Scenario(
        "endless-behind-a-length",
        "Zeros without an end behind a body of the right length: it is whole, and the line is thrown away.",
        faulty(({"endless": True},)),
        rows=(12, 44),
        expected=Expected(),
    ),
    Scenario(
        "endless-trailers",
        "Chunks with trailers that never end: all bytes are here, so nobody waits for them.",
        faulty(({"chunked": "endless_trailers"},)),
        rows=(16,),
        settings={"min_bytes_per_s": 100_000, "min_rate_window_s": 0.5},
        expected=Expected(),
    ),
)
