"""Tests of the fuzzing itself: it finds what was planted, and says so; every target takes what it begins with."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.__main__ import main
from tests.fuzz.run import Patience, fuzz
from tests.fuzz.target import Target, edited, fields, stretched, text_of
from tests.fuzz.targets import NAMES

_needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="Atheris has no wheel for this platform"
)


@pytest.mark.parametrize("name", NAMES)
def test_a_target_takes_what_it_begins_with(name: str) -> None:
    """Its seeds, each cut short, each followed by a byte, and nothing at all; there are some."""
    target: Target = importlib.import_module(f"tests.fuzz.targets.{name}").TARGET
    seeds = [seed[: target.most_bytes] for seed in target.seeds()]
    assert len(seeds) >= 7
    for data in (b"", *seeds, *(seed[:-1] for seed in seeds), *(seed + b"\xff" for seed in seeds)):
        target.take(data)


def test_every_target_is_run() -> None:
    """Every module among the targets is named, and no other."""
    folder = Path(__file__).parent / "targets"
    assert sorted(path.stem for path in folder.glob("[a-z]*.py")) == sorted(NAMES)


@_needs_atheris
def test_what_was_planted_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three branches deep, where chance alone would take millions of inputs; shown with its input, and an exit of 1."""
    assert main(["tests.fuzz.planted", "--seconds", "60", "--keep", str(tmp_path / "kept")]) == 1
    said = capsys.readouterr().out
    assert "KeyError" in said
    assert "1 finding." in said
    [found] = (tmp_path / "kept").glob("*/finding-*")
    assert found.read_bytes()[:3] == b"DAW"
    with pytest.raises(KeyError):
        main(["tests.fuzz.planted", "--repeat", str(found)])


@_needs_atheris
def test_what_does_not_come_back_is_found(tmp_path: Path) -> None:
    """An input that keeps a parser busy for half a day is ended, and kept."""
    outcome = fuzz("tests.fuzz.busy", tmp_path / "busy", Patience(seconds=5, runs=None, seed=1, hang_s=2))
    assert outcome.finding is not None
    assert outcome.finding.file is not None
    assert outcome.finding.file.read_bytes() == b"wait"


@_needs_atheris
def test_runs_of_one_seed_are_alike(tmp_path: Path) -> None:
    """As many inputs as were asked for, to the same branches, and no finding where there is none."""
    patience = Patience(seconds=60, runs=500, seed=3)
    first, second = (fuzz("tests.fuzz.targets.documents", tmp_path / name, patience) for name in ("a", "b"))
    assert first.finding is second.finding is None
    assert first.executions == second.executions == 500
    assert (first.edges, first.features) == (second.edges, second.features)
    assert first.edges > 0


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists), st.binary(max_size=20))
def test_an_edit_leaves_the_document_alone(document: object, data: bytes) -> None:
    """Whatever bytes say, there is a document, and the one that it was made of is as it was."""
    before = repr(document)
    edited(document, data)
    assert repr(document) == before
    assert edited(document, b"") == document


def test_an_edit_changes_the_place_that_it_names() -> None:
    """The first bytes walk down, the one past the last child stays, and what follows is the new value."""
    document = {"a": [1, 2], "b": 3}
    assert edited(document, b"\0\1" + b"\0" + b'"x"') == {"a": [1, "x"], "b": 3}
    assert edited(document, b"\1\0null" + b"\xff" + b"\0\0\0" + b"77") == {"a": [77, 2], "b": None}


def test_an_edit_leaves_no_trace_for_those_to_come() -> None:
    """What one edit puts in, and the next one of the same input changes, is put in as it was by another input."""
    puts = [bytes([0, 0, value]) for value in range(64)]
    before = [repr(edited({"a": 1}, put)) for put in puts]
    for put in puts:
        edited({"a": 1}, put + b"\xff" + bytes([0, 0, 0, 1]))
    assert [repr(edited({"a": 1}, put)) for put in puts] == before


def test_texts_and_fields() -> None:
    """Bytes that are no UTF-8 become lone surrogates, or separate; one mark in sixteen makes a run."""
    assert text_of(b"a\x80") == "a\udc80"
    assert fields(b"a\xffb\xffc", 2) == [b"a", b"b\xffc"]
    assert fields(b"", 2) == [b"", b""]
    assert stretched(b"\0ab") == "ab"
    assert len(stretched(b"\x0fab")) > 40_000
