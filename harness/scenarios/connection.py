"""Rows 1 to 5, 18 and 44: connections that are refused, break off, or say more than was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.scenarios.scenario import REST, SUBJECT, WHOLE, Expected, Hooks, Scenario
from harness.scenarios.staging import HALF, always, faulty, leave_half

if TYPE_CHECKING:
    from harness.scenarios.scene import Scene

__all__ = ["SCENARIOS"]

ALL_LOST: Mapping[int, str] = {1: "network", 2: "network", 3: "network"}
NO_ANSWER = (None, None)
EVIL = "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 5\r\n\r\nevil!"


def _server_gone(scene: Scene) -> None:
    scene.kill_server()


def _server_back(scene: Scene) -> None:
    scene.start_server_again()


SCENARIOS = (
    Scenario(
        "server-gone",
        "The server is gone when the downloads begin: each is tried again, all are missing, and later had.",
        rows=(1,),
        hooks=Hooks(ready=_server_gone, healed=_server_back),
        expected=Expected(missing=ALL_LOST, others=()),
    ),
    Scenario(
        "hang-up",
        "The server closes the connection instead of answering; the next attempt has a new one.",
        faulty(("hang_up",)),
        rows=(2,),
        expected=Expected(asked={SUBJECT: (NO_ANSWER, WHOLE)}),
    ),
    Scenario(
        "hang-up-always",
        "It does so for ever: as many requests as attempts, then missing.",
        faulty(always(hang_up=True)),
        rows=(2,),
        settings={"max_concurrent_downloads": 1},  # then no kept connection is there to be found dead
        expected=Expected(missing={1: "network"}, asked={SUBJECT: (NO_ANSWER,) * 3}),
    ),
    Scenario(
        "reset-before-the-head",
        "The server resets the connection instead of answering.",
        faulty(("reset",)),
        rows=(2,),
        expected=Expected(asked={SUBJECT: (NO_ANSWER, WHOLE)}),
    ),
    Scenario(
        "stale-keep-alive",
        "A kept connection dies as it is used again, which costs no attempt: there is only one.",
        faulty(({"cut_body": 1.0},), ({"cut_body": 1.0},), ({"cut_body": 1.0},)),
        rows=(2,),
        settings={"attempts": 1, "max_concurrent_downloads": 1},
        expected=Expected(),
    ),
    Scenario(
        "cut-body",
        "The body ends in the middle; the rest is asked for, and only the rest.",
        faulty(({"cut_body": 0.5},)),
        rows=(3,),
        expected=Expected(asked={SUBJECT: (WHOLE, REST)}),
    ),
    Scenario(
        "cut-body-last-attempt",
        "The body ends in the middle of the last attempt: missing, and what came is kept for the next export.",
        faulty(({"cut_body": 0.5},)),
        rows=(3,),
        settings={"attempts": 1},
        expected=Expected(missing={1: "truncated"}, asked={SUBJECT: (WHOLE,)}, partials=(HALF,)),
    ),
    Scenario(
        "resumed-from-an-earlier-run",
        "An earlier export ended in the middle of a track; this one asks for the rest alone.",
        rows=(3,),
        hooks=Hooks(before=leave_half),
        expected=Expected(asked={SUBJECT: (REST,)}, others=()),
    ),
    Scenario(
        "reset-in-the-body",
        "The connection is reset in the middle; what had arrived, however much, is gone on from.",
        faulty(({"reset": 0.5},)),
        rows=(4,),
        expected=Expected(asked={SUBJECT: 2}),
    ),
    Scenario(
        "cut-at-one-byte",
        "Every answer ends at the same byte: no progress, so the attempts end, and what came is kept.",
        faulty(always(cut_at=HALF)),
        rows=(5,),
        expected=Expected(missing={1: "truncated"}, asked={SUBJECT: (WHOLE, REST, REST)}, partials=(HALF,)),
    ),
    Scenario(
        "surplus-behind-the-body",
        "Another answer stands behind the body on the same connection; nobody gets it for their own.",
        faulty(*(({"surplus": EVIL},),) * 3),
        rows=(44,),
        settings={"max_concurrent_downloads": 1},
        expected=Expected(),
    ),
)
