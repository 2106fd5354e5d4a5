"""Properties of what is made of a reply's headers, whatever bytes http.client takes for some."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from chadsdk.cache import Validator
from chadsdk.download.resume import RangeAsked, Step, judge
from chadsdk.exchange import Reply
from tests.answers import check_answer, read_answer

_ASKED = RangeAsked(400, 1000, Validator('"v1"', 1000))
_STATUS = st.sampled_from([200, 206, 416])
_PIECES = [
    "bytes",
    "400",
    "-",
    "/",
    "*",
    '"v1"',
    ";",
    ",",
    "=",
    ":",
    "[",
    "%",
    "..",
    " ",
    "\t",
    "\r\n ",
    "\r",
    "\0",
    "\x85",
    "\xa0",
]
_ANY = st.lists(st.sampled_from(_PIECES) | st.text(st.characters(max_codepoint=255), max_size=4), max_size=5).map(
    "".join
)
_LIKELY = {
    "Content-Length": ["600", "0", "-1", "+6", "6, 6", "9" * 18, "9" * 400, "0x10", "1e3"],
    "Transfer-Encoding": ["chunked", "identity"],
    "Content-Range": ["bytes 400-999/1000", "bytes */1000", "bytes */" + "9" * 400, "bytes 0-999/*"],
    "Content-Encoding": ["identity", "gzip", "\x1b[31m"],
    "ETag": ['"v1"', 'W/"v1"', "v1", '"\xe9"', '"', '"a"b"'],
    "Accept-Ranges": ["none", "bytes"],
    "Repr-Digest": [f"sha-256=:{'A' * 43}=:", f"sha-256=:{'=' * 44}:", f"sha-256=:{'A' * 42}==:", "sha-256=::"],
    "Retry-After": ["7", "9" * 400, "-1", "Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 31 Dec 9999 23:59:59 -2359"],
    "Content-Disposition": ["attachment; filename*=UTF-8''..%2fa%2ewav", 'attachment; filename="../../a.exe"'],
    "Content-Type": ["audio/ogg; codecs=opus", "text/html"],
    "Location": [
        *("/b", "//music.example:8443/b", "//evil.example", "http://music.example/b", "https://music.example/b"),
        *("https://me@music.example/", "https://[", "https:/b", "https:evil.example", "\\\\evil.example", "?", "#"),
    ],
}
_HEADERS = st.sampled_from(sorted(_LIKELY)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(_LIKELY[name]) | _ANY)
)


def _bytes_of(status: int, headers: list[tuple[str, str]]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode("latin-1")


_ANSWERS = st.builds(_bytes_of, _STATUS, st.lists(_HEADERS, max_size=5)) | st.binary(max_size=60).map(
    b"HTTP/1.1 206 x\r\n".__add__
)
_REDIRECTS = st.builds(
    _bytes_of,
    st.just(302),
    st.tuples(st.tuples(st.just("Location"), st.sampled_from(_LIKELY["Location"]) | _ANY)).map(list),
)


@given(_ANSWERS)
@example(_bytes_of(416, [("Content-Range", "bytes */" + "9" * 400)]))
def test_any_headers_are_judged_or_refused(data: bytes) -> None:
    """Nothing but our own errors; a length, a digest and an extension are such or nothing at all."""
    reply = read_answer(data)
    if reply is not None:
        check_answer(reply)


@given(_REDIRECTS)
def test_any_location_leads_home_or_nowhere(data: bytes) -> None:
    """With no other origin allowed, whatever http.client takes for a Location is the server's own or is refused."""
    reply = read_answer(data)
    if reply is not None:
        check_answer(reply)


_PARTS = st.sampled_from(["0", "400", "0400", "999", "1000", "+999", "-1", "9.", "", "٤٠٠", "\u00b2", "9" * 30, "*"])
_BLANKS = st.sampled_from([" ", "  ", "\t", "", "\x85", "\xa0", "\x0b", "\x1c"])
_UNITS = st.sampled_from(["bytes", "Bytes", "items", "byte", ""])
_ENDS = st.sampled_from(["", "", " ", ", bytes 0-1/2", "\n", "\xa0", ";", "x"])


@given(_UNITS, _BLANKS, _PARTS, st.sampled_from("-/+"), _PARTS, st.sampled_from("/ -"), _PARTS, _ENDS)
@example("bytes", " ", "400", "-", "999", "/", "1000", "")
@example("bytes", "\xa0", "400", "-", "999", "/", "1000", "")
@example("bytes", " ", "400", "-", "999", "/", "1000", "\n")
def test_only_the_very_range_is_taken(
    unit: str, blank: str, first: str, dash: str, last: str, slash: str, total: str, end: str
) -> None:
    """A part is joined to what is here when its place is what was asked for, in the form of RFC 9110 (14.4)."""
    place = f"{unit}{blank}{first}{dash}{last}{slash}{total}{end}"
    exact = (unit, dash, slash, last, total) == ("bytes", "-", "/", "999", "1000") and first in {"400", "0400"}
    exact = exact and blank in {" ", "  ", "\t"} and end in {"", " "}
    step = judge(Reply(206, {"Content-Range": place, "ETag": '"v1"'}), _ASKED)
    assert step is (Step.APPEND if exact else Step.RESTART)
