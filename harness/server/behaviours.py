"""The ways in which the server can misbehave, one small function each.

To add one: write a function that takes the reply, the script's `Step` and the `Stage` and gives the changed
reply, and put ``@behaviour("name", "option", …)`` above it. Its docstring's first line is what people read.
Those of the body's frame stand in `framing`, those of ranges in `parts`, those of what a body holds in `contents`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.server import contents, framing, parts  # noqa: F401 - they register theirs
from harness.server.faults import FaultError, Stage, Step
from harness.server.registry import REGISTERED, behaviour
from harness.server.reply import NO_STATUS, Ending, Pause, Reply, error_reply
from harness.server.wire import Connection

__all__ = ["BEHAVIOURS", "LOGIN_PAGE"]

LOGIN_PAGE = b"""<!DOCTYPE html>
<html lang="en"><head><title>Sign in</title></head>
<body><form action="/login" method="post"><h1>Please sign in</h1>
<input name="user"><input name="password" type="password"><button>Go</button></form></body></html>
"""

BEHAVIOURS = REGISTERED
MOST_REPEATS = 1_000_000
BODILESS = frozenset({204, 205, 304})


@behaviour("status", "retry_after", "code", "message")
def _status(_reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Answer with this status and an error document, where it has a body, and `retry_after` as it stands."""
    status = step.whole(step.value)
    if not 200 <= status <= 999:
        raise FaultError(f"status: expected one from 200 to 999, got {status}")
    code = step.text(step.options.get("code", f"status_{status}"))
    message = step.text(step.options.get("message", "The server was told to say so."))
    reply = error_reply(status, code, message)
    if status in BODILESS:
        reply = Reply(status)
    retry_after = step.options.get("retry_after")
    return reply.with_headers(("Retry-After", None if retry_after is None else str(retry_after)))


@behaviour("redirect", "code")
def _redirect(_reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Answer 302, or `code`, with this Location."""
    status = step.whole(step.options.get("code", 302))
    return Reply(status, (("Location", step.text(step.value)),))


@behaviour("body", "content_type", "repeat")
def _body(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Send this text, `repeat` times, in place of the body, under the status that was due."""
    text = step.text(step.value).encode("utf-8", "surrogatepass")
    content_type = step.text(step.options.get("content_type", "application/json"))
    pieces = [text] * step.whole(step.options.get("repeat", 1), most=MOST_REPEATS)
    bare = reply.with_headers(("Content-Range", None), ("Repr-Digest", None), ("ETag", None))
    return bare.with_headers(("Content-Type", content_type)).with_body(*pieces)


@behaviour("html")
def _html(_reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Answer 200 with a login page, under this content type."""
    content_type = step.text(step.value, default="text/html; charset=utf-8")
    return Reply(200, (("Content-Type", content_type),)).with_body(LOGIN_PAGE)


@behaviour("empty")
def _empty(reply: Reply, _step: Step, _stage: Stage) -> Reply:
    """Answer 200 with no bytes at all, announced as such."""
    return replace(reply, status=200).with_headers(("Content-Range", None)).with_body()


@behaviour("cut_body")
def _cut_body(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Announce the whole body, send this share of it, and close the connection."""
    share = step.share(step.value, default=0.5)
    return replace(reply, send_bytes=int(reply.body_bytes * share), ending=Ending.CLOSE)


@behaviour("reset")
def _reset(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Send this share of the body, then reset the connection; `true` resets before the head."""
    if step.value is True:
        return replace(reply, status=NO_STATUS, speak=lambda _connection: Ending.RESET)
    share = step.share(step.value, default=0.5)
    return replace(reply, send_bytes=int(reply.body_bytes * share), ending=Ending.RESET)


@behaviour("hang_up")
def _hang_up(reply: Reply, _step: Step, _stage: Stage) -> Reply:
    """Close the connection without a word."""
    return replace(reply, status=NO_STATUS, speak=lambda _connection: Ending.CLOSE)


@behaviour("gate", "after", "before")
def _gate(reply: Reply, step: Step, stage: Stage) -> Reply:
    """Wait at the gate of this name: `after` a share of the body, or `before` the "headers"."""
    name = step.text(step.value)
    if step.options.get("before", "headers") != "headers":
        raise FaultError('gate: before can only be "headers"')

    def wait(connection: Connection) -> None:
        stage.gates.pass_through(name, connection)

    at_byte = None
    if "before" not in step.options:
        at_byte = int(reply.body_bytes * step.share(step.options.get("after", 0.0), default=0.0))
    return replace(reply, pauses=(*reply.pauses, Pause(at_byte, wait)))


@behaviour("rate", "slow_after")
def _rate(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Send the body at this many bytes per second, the share `slow_after` of it as fast as it goes."""
    fast_bytes = int(reply.body_bytes * step.share(step.options.get("slow_after", 0.0), default=0.0))
    return replace(reply, bytes_per_s=max(step.number(step.value), 0.01), fast_bytes=fast_bytes)


@behaviour("no_length")
def _no_length(reply: Reply, _step: Step, _stage: Stage) -> Reply:
    """State no length: only the end of the connection ends the body."""
    return replace(reply, announce=None)


@behaviour("length")
def _length(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """State this Content-Length, send the true body, and close the connection."""
    return replace(reply, announce=step.whole(step.value), ending=Ending.CLOSE)


@behaviour("etag", "lie")
def _etag(reply: Reply, step: Step, stage: Stage) -> Reply:
    """Have this entity tag (null for none); with `lie`, ranges are served as if it were still the old one."""
    if step.value is None:
        return reply.with_headers(("ETag", None))
    tag = step.text(step.value)
    tag = tag if tag.endswith('"') else f'"{tag}"'
    honest = reply if step.options.get("lie") is True else stage.answer(stage.request, tag)
    return honest.with_headers(("ETag", tag)) if honest.status in {200, 206} else honest


@behaviour("no_range")
def _no_range(_reply: Reply, _step: Step, stage: Stage) -> Reply:
    """Know no ranges: answer 200 with everything."""
    rest = {name: value for name, value in stage.request.headers.items() if name != "range"}
    return stage.answer(replace(stage.request, headers=rest), None).with_headers(("Accept-Ranges", None))


@behaviour("headers")
def _headers(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Set these headers, an object; null leaves one out, an array sends it several times."""
    if not isinstance(step.value, Mapping):
        raise FaultError("headers: expected an object")
    said: list[tuple[str, str | None]] = []
    for name, value in step.value.items():
        values = value if isinstance(value, list) else [value]
        said += [(str(name), None if each is None else step.text(each)) for each in values]
    return reply.with_headers(*said)
