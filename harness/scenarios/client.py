"""Row 62, and what else the user does: cancels at any moment, or wants all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.scenarios.scenario import SUBJECT, TRACK_BYTES, WHOLE, Asking, Expected, Hooks, Scenario, as_it_is
from harness.scenarios.staging import always, at_paths, faulty
from harness.world import FaultEntry, World

if TYPE_CHECKING:
    from chadsdk import Event
    from harness.scenarios.scene import Scene

__all__ = ["SCENARIOS"]

ONE_LINE: Mapping[str, object] = {"max_concurrent_downloads": 1}
GATE = "cancelled here"
NO_HEAD: Asking = ((None, None),)
PATIENCE_S = 20.0


def _cancel_at_the_gate(scene: Scene) -> None:
    scene.server.wait_at_gate(GATE, timeout_s=PATIENCE_S)
    scene.token.cancel()


def _cancel_after_a_refusal(scene: Scene) -> None:
    """Once the server has refused the first track, whose next attempt is half a minute away."""
    scene.server.wait_at_gate(GATE, timeout_s=PATIENCE_S)
    scene.server.open_gate(GATE)
    scene.server.wait_until_idle(timeout_s=PATIENCE_S)
    scene.token.cancel()


def _cancel_at_some_bytes(scene: Scene, event: Event) -> None:
    """Once a part of the first track is had, and not only sent."""
    if getattr(event, "bytes_done", 0) > 0:
        scene.token.cancel()


def _some_are_kept(scene: Scene) -> list[str]:
    sizes = [path.stat().st_size for path in scene.cache.glob(".partial/*.part")]
    kept = len(sizes) == 1 and 0 < sizes[0] < TRACK_BYTES
    return [] if kept else [f"partial downloads of {sizes} bytes, expected one with a part of the track"]


def _cancel_in(phase: str) -> Callable[[Scene, Event], None]:
    def hear(scene: Scene, event: Event) -> None:
        if event.phase == phase:
            scene.token.cancel()

    return hear


def _export_first(scene: Scene) -> None:
    """An earlier export, which whatever fails must leave as it is, and an empty cache."""
    faults = scene.world.track(SUBJECT).faults
    scene.server.set_faults(SUBJECT, [])
    scene.run()
    for path in scene.cache.glob("*.wav"):
        path.unlink()
    scene.server.set_faults(SUBJECT, faults)
    scene.forget_requests()


def _cancelled(
    name: str,
    where: str,
    *,
    staging: Callable[[World], World] = as_it_is,
    hooks: Hooks,
    asked: Mapping[str, Asking],
    cached: int = 0,
    partials: tuple[int, ...] | None = (),
) -> Scenario:
    """One connection, so that everybody else is still in the queue."""
    return Scenario(
        name,
        f"Cancelled {where}: at once, without another request, and with nothing half-made.",
        staging,
        rows=(62,),
        settings={**ONE_LINE, "read_timeout_s": 30.0, "header_timeout_s": 30.0},
        hooks=hooks,
        expected=Expected(
            error="ExportCancelled", asked=asked, others=(), cached=cached, partials=partials, within_s=10
        ),
    )


def _at_the_gate(fault: FaultEntry) -> Callable[[World], World]:
    return faulty((fault,))


SCENARIOS = (
    _cancelled(
        "cancel-in-the-look-up",
        "while the playlist is looked up",
        staging=at_paths(playlist=({"gate": GATE, "before": "headers"},)),
        hooks=Hooks(beside=_cancel_at_the_gate),
        asked={},
    ),
    _cancelled(
        "cancel-before-the-head",
        "while the server thinks",
        staging=_at_the_gate({"gate": GATE, "before": "headers"}),
        hooks=Hooks(beside=_cancel_at_the_gate),
        asked={SUBJECT: NO_HEAD},
    ),
    _cancelled(
        "cancel-in-the-body",
        "in the middle of a body, whose bytes are kept",
        staging=faulty(({"rate": TRACK_BYTES},)),
        hooks=Hooks(heard=_cancel_at_some_bytes, seen=_some_are_kept),
        asked={SUBJECT: (WHOLE,)},
        partials=None,
    ),
    _cancelled(
        "cancel-in-the-body-over-an-earlier-export",
        "in the middle of a body, where an earlier export was to be replaced, which stays",
        staging=faulty(({"rate": TRACK_BYTES},)),
        hooks=Hooks(before=_export_first, heard=_cancel_at_some_bytes, seen=_some_are_kept),
        asked={SUBJECT: (WHOLE,)},
        partials=None,
    ),
    _cancelled(
        "cancel-in-a-wait",
        "while the server wants to be left alone for half a minute",
        staging=_at_the_gate({"status": 503, "retry_after": "30", "gate": GATE, "before": "headers"}),
        hooks=Hooks(beside=_cancel_after_a_refusal),
        asked={SUBJECT: ((None, 503),)},
    ),
    _cancelled(
        "cancel-in-the-copy",
        "while the export is copied: the downloads stay in the cache",
        hooks=Hooks(heard=_cancel_in("export")),
        asked={f"t-{number}": (WHOLE,) for number in (1, 2, 3)},
        cached=3,
    ),
    Scenario(
        "all-or-nothing",
        "A track is gone and the user wants all or nothing: an error, and the earlier export is as it was.",
        faulty(always(status=404)),
        hooks=Hooks(before=_export_first),
        on_missing="fail",
        expected=Expected(error="MissingTracksError", asked={SUBJECT: ((None, 404),)}, cached=2),
    ),
)
