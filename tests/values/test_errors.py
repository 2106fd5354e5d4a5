"""Tests of the error tree."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
import re
from pathlib import Path

import pytest

from chadsdk import errors
from chadsdk.errors import (
    AccessDeniedError,
    AuthError,
    ChadError,
    ConfigurationError,
    DataError,
    DiskFullError,
    ExportCancelled,
    ExportExistsError,
    MissingTracksError,
    RateLimitedError,
    Reason,
    TrackError,
)

_ROOMS = [importlib.import_module(f"chadsdk.errors.{room.name}") for room in pkgutil.iter_modules(errors.__path__)]
_CLASSES = [
    kind for room in _ROOMS for _, kind in inspect.getmembers(room, inspect.isclass) if kind.__module__ == room.__name__
]
_HERE = Path("/music")
_SAMPLES = [
    ConfigurationError("bad"),
    DataError("friday.json", "tracks[3]", "expected an object"),
    AuthError("refused"),
    AccessDeniedError("no", path=_HERE),
    DiskFullError("full", path=_HERE, volume=_HERE, needed_bytes=7, free_bytes=3),
    ExportExistsError("there", folder=_HERE),
    MissingTracksError(("one", "two", "three", "four")),
    RateLimitedError("slow", retryable=False, retry_after_s=9.5),
]


def test_every_class_is_exported() -> None:
    """`__all__` names every class of the module, and nothing else."""
    assert sorted(errors.__all__) == sorted(kind.__name__ for kind in _CLASSES)


def _drawn_tree() -> dict[str, str]:
    """Give the parent of each class in the docstring's drawing."""
    parents: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    (?P<lines>[ │├└─]*)(?P<name>[A-Z]\w+) ", line)
        if found:
            depth = len(found["lines"]) // 4
            above[depth] = found["name"]
            parents[found["name"]] = above[depth - 1] if depth else "Exception"
    return parents


def test_the_tree_is_as_drawn() -> None:
    """The drawing in the docstring shows every error under its parent."""
    actual = {kind.__name__: kind.__bases__[0].__name__ for kind in _CLASSES if issubclass(kind, Exception)}
    assert _drawn_tree() == actual


def test_each_reason_has_one_class() -> None:
    """Every reason code belongs to exactly one `TrackError`; `auth` to none, because it stops the batch."""
    owned = [kind.reason for kind in _CLASSES if issubclass(kind, TrackError) and kind is not TrackError]
    assert sorted(owned) == sorted(set(Reason) - {Reason.AUTH})


def test_configuration_errors_are_value_errors() -> None:
    """Who catches `ValueError` for a bad argument catches ours."""
    assert issubclass(ConfigurationError, ValueError)


def test_a_cancel_is_no_error() -> None:
    """`except ChadError` does not swallow a cancel."""
    assert not issubclass(ExportCancelled, ChadError)


@pytest.mark.parametrize("error", _SAMPLES, ids=lambda error: type(error).__name__)
def test_errors_survive_a_process_border(error: ChadError) -> None:
    """An error can be pickled and copied with all it knows, so that a worker process can hand it over."""
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_data_error_names_the_place() -> None:
    """The message of a `DataError` holds document, place and problem, and leaves out an empty place."""
    assert str(DataError("a.json", "x[1].y", "bad")) == "a.json: x[1].y: bad"
    assert str(DataError("a.json", "", "bad")) == "a.json: bad"


def test_missing_tracks_stay_short() -> None:
    """The message shows three tracks; the attribute holds all."""
    error = MissingTracksError(tuple("abcd"))
    assert str(error) == "4 tracks are missing: a; b; c; …"
    assert error.missing == ("a", "b", "c", "d")
