"""Whether bytes that are had and bytes that are offered belong together: decisions, no I/O.

The rules (RFC 9110, 13.1.5 and 14): ask with ``Range`` and ``If-Range``; a 206 counts only when it is the very range
that was asked for, is of the length we know and of the same version; a 200 is the whole from its start; a 416 on a
file that is whole already means that nothing is left to fetch. Anything else starts over. Some servers answer 206
although the version changed, so the ETag of the 206 itself is compared too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from chadsdk.cache import Validator
from chadsdk.errors import ProtocolError
from chadsdk.exchange import Reply

__all__ = ["RangeAsked", "Step", "judge", "validator_of"]

_BLANK = " \t"  # RFC 9110, 5.6.3; to Python much more is blank
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_CONTENT_RANGE = re.compile(r"bytes[ \t]+([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_UNSATISFIED = re.compile(r"bytes[ \t]+\*/([0-9]{1,18})")


class Step(Enum):
    """What to do with a reply."""

    WHOLE = "take the body as the whole file"
    APPEND = "put the body where it was asked for"
    COMPLETE = "nothing is left to fetch: verify"
    RESTART = "forget what is there and ask for the whole"


@dataclass(frozen=True, slots=True)
class RangeAsked:
    """A range that was asked for.

    Attributes:
        start: Its first byte; the file's length when all is here and only the version is in question.
        stop: Its end, exclusive.
        validator: Of the version that it must be of.
    """

    start: int
    stop: int
    validator: Validator

    @property
    def headers(self) -> dict[str, str]:
        """What asks for it."""
        last = "" if self.stop == self.validator.total_bytes else self.stop - 1
        return {"Range": f"bytes={self.start}-{last}", "If-Range": self.validator.etag}


def judge(reply: Reply, asked: RangeAsked | None) -> Step:
    """Say what to do with a reply.

    Args:
        reply: What came.
        asked: What was asked for; None for the whole file.

    Raises:
        ProtocolError: The body is compressed, or a part came that was not asked for.
    """
    encoding = reply.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise ProtocolError(f"The server sends the audio compressed ({encoding[:20]!a}), which was not asked for.")
    match reply.status:
        case 200:
            return Step.WHOLE
        case 206 if asked is not None:
            return Step.APPEND if _is_what_was_asked(reply, asked) else Step.RESTART
        case 416 if asked is not None:
            total = asked.validator.total_bytes
            found = _UNSATISFIED.fullmatch(reply.headers.get("Content-Range", "").strip(_BLANK))
            complete = asked.start == total and (found is None or int(found[1]) == total)
            return Step.COMPLETE if complete else Step.RESTART
    raise ProtocolError(f"The server answers {reply.status} although no part was asked for.")


def _is_what_was_asked(reply: Reply, asked: RangeAsked) -> bool:
    found = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", "").strip(_BLANK))
    wanted = (asked.start, asked.stop - 1, asked.validator.total_bytes)
    if found is None or tuple(map(int, found.groups())) != wanted:
        return False
    if reply.content_length not in {None, asked.stop - asked.start}:
        return False
    return reply.headers.get("ETag", asked.validator.etag) == asked.validator.etag


def validator_of(reply: Reply) -> Validator | None:
    """Give what a whole reply can be resumed by; None for a weak or absent ETag or an unknown length."""
    etag = reply.headers.get("ETag", "")
    if not reply.content_length or not _STRONG_ETAG.fullmatch(etag):
        return None
    if reply.headers.get("Accept-Ranges", "").strip().lower() == "none":
        return None
    return Validator(etag, reply.content_length)
