"""Scenarios: named ways in which a server, a playlist or a disk goes wrong, with all that must come of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from harness.scenarios import (
    client,
    connection,
    content,
    damage,
    exports,
    framing,
    hostile,
    planted,
    playlists,
    ranges,
    redirects,
    refusals,
    slow,
)
from harness.scenarios.scenario import Expected, Hooks, Scenario

__all__ = ["EXPORTS", "SCENARIOS", "Expected", "Hooks", "Scenario", "find_scenario"]


def _by_name(scenarios: Iterable[Scenario]) -> Mapping[str, Scenario]:
    named: dict[str, Scenario] = {}
    for scenario in scenarios:
        assert scenario.name not in named, f"two scenarios are called {scenario.name}"
        named[scenario.name] = scenario
    return MappingProxyType(named)


_FAMILIES = (
    exports,
    connection,
    framing,
    slow,
    ranges,
    content,
    refusals,
    redirects,
    hostile,
    playlists,
    client,
    damage,
    planted,
)

#: Those that are played with a world of any size by `harness export`.
EXPORTS = _by_name(exports.SCENARIOS)
#: All, family by family.
SCENARIOS = _by_name(scenario for family in _FAMILIES for scenario in family.SCENARIOS)


def find_scenario(name: str, among: Mapping[str, Scenario] = SCENARIOS) -> Scenario:
    """The scenario of that name.

    Raises:
        ValueError: There is none; the message says what comes near, and where all stand.
    """
    if name not in among:
        near = get_close_matches(name, among)
        hint = f" did you mean {' or '.join(near)}?" if near else ""
        known = "`scenario --list` has them all" if among is SCENARIOS else f"there are: {', '.join(among)}"
        raise ValueError(f"there is no scenario {name!r};{hint} {known}")
    return among[name]
