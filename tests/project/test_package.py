"""What `import chadsdk` is, and what it costs."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

import chadsdk
from harness.process import PROJECT

HEAVY = ("click", "rich", "soundfile", "soxr", "numpy", "tinytag")
VALUES = ("Event", "FetchOutcome")  # unions: they have no docstring of their own


def test_importing_the_sdk_pulls_nothing_of_the_command_line_or_the_decoders() -> None:
    """In a fresh interpreter; a back end that never exports pays for none of them."""
    program = f"import chadsdk, json, sys; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("name", chadsdk.__all__)
def test_what_is_public_is_there_and_documented(name: str) -> None:
    """Every name of ``__all__``; classes with a docstring of their own."""
    value = getattr(chadsdk, name)
    if inspect.isclass(value) and name not in VALUES:
        own = value.__dict__.get("__doc__")
        assert own
        assert own.strip()
        assert not own.startswith(f"{name}(")  # what dataclass writes when nobody did


def test_public_methods_are_documented() -> None:
    """Every public method and property that a public class defines."""
    bare = [
        f"{name}.{member}"
        for name in chadsdk.__all__
        if inspect.isclass(kind := getattr(chadsdk, name))
        for member, value in vars(kind).items()
        if not member.startswith("_") and (inspect.isroutine(value) or isinstance(value, property))
        if not inspect.getdoc(getattr(kind, member))
    ]
    assert bare == []


def test_all_is_sorted_and_without_repeats() -> None:
    """So that a reader finds a name and a review sees an addition."""
    assert list(chadsdk.__all__) == sorted(set(chadsdk.__all__))
