"""Where the named behaviours are kept; `harness.server.behaviours` says how one is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from harness.server.faults import Behaviour, Stage, Step
from harness.server.reply import Reply

__all__ = ["REGISTERED", "behaviour"]

Apply = Callable[[Reply, Step, Stage], Reply]
_registry: dict[str, Behaviour] = {}
REGISTERED: Mapping[str, Behaviour] = MappingProxyType(_registry)


def behaviour(name: str, *options: str) -> Callable[[Apply], Apply]:
    """Register a function as the behaviour of that name."""

    def register(apply: Apply) -> Apply:
        explanation = (apply.__doc__ or "").partition("\n")[0]
        _registry[name] = Behaviour(name, explanation, frozenset(options), apply)
        return apply

    return register
