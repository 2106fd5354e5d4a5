"""Whether bytes that are had and bytes that are offered belong together: decisions, no I/O.

The rules (RFC 9110, 13.1.5 and 14): ask with ``Range`` and ``If-Range``; a 206 counts only when it starts where we
stopped, is of the length we know and of the same version; a 200 is the whole from its start; a 416 on a file that
is whole already means that nothing is left to fetch. Anything else starts over. Some servers answer 206 although
the version changed, so the ETag of the 206 itself is compared too.
"""

from __future__ import annotations

import re
from enum import Enum

from chadsdk.cache import Validator
from chadsdk.errors import ProtocolError
from chadsdk.exchange import Reply

__all__ = ["Step", "judge", "range_headers", "validator_of"]

_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_CONTENT_RANGE = re.compile(r"bytes\s+([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_UNSATISFIED = re.compile(r"bytes\s+\*/([0-9]{1,18})")


class Step(Enum):
    """What to do with a reply."""

    WHOLE = "take the body as the whole file"
    APPEND = "append the body to what is there"
    COMPLETE = "nothing is left to fetch: verify"
    RESTART = "forget what is there and ask for the whole"


def range_headers(have: int, validator: Validator | None) -> dict[str, str]:
    """Give the headers that ask for what is missing; none when there is nothing to go on from."""
    if validator is None or not have:
        return {}
    return {"Range": f"bytes={have}-", "If-Range": validator.etag}


def judge(reply: Reply, *, have: int, validator: Validator | None) -> Step:
    """Say what to do with a reply to a request made with `range_headers`.

    Raises:
        ProtocolError: The body is compressed, or a part came that was not asked for.
    """
    asked = validator is not None and have > 0
    encoding = reply.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise ProtocolError(f"The server sends the audio compressed ({encoding[:20]!a}), which was not asked for.")
    match reply.status:
        case 200:
            return Step.WHOLE
        case 206 if asked and validator is not None:
            return Step.APPEND if _continues(reply, have, validator) else Step.RESTART
        case 416 if asked and validator is not None:
            found = _UNSATISFIED.fullmatch(reply.headers.get("Content-Range", "").strip())
            complete = have == validator.total_bytes and (found is None or int(found[1]) == have)
            return Step.COMPLETE if complete else Step.RESTART
    raise ProtocolError(f"The server answers {reply.status} although no part was asked for.")


def _continues(reply: Reply, have: int, validator: Validator) -> bool:
    total = validator.total_bytes
    found = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", "").strip())
    if found is None or tuple(map(int, found.groups())) != (have, total - 1, total):
        return False
    if reply.content_length not in {None, total - have}:
        return False
    return reply.headers.get("ETag", validator.etag) == validator.etag


def validator_of(reply: Reply) -> Validator | None:
    """Give what a whole reply can be resumed by; None for a weak or absent ETag or an unknown length."""
    etag = reply.headers.get("ETag", "")
    if reply.content_length is None or not _STRONG_ETAG.fullmatch(etag):
        return None
    if reply.headers.get("Accept-Ranges", "").strip().lower() == "none":
        return None
    return Validator(etag, reply.content_length)
