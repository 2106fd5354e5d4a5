"""The table of `docs/behaviour.md` against the tests that it names, so that it cannot rot."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.project.checkout import checkout

ROWS = 75
TIERS = {"table", "socket", "process", "root", "sweep"}
LINK = re.compile(r"\[`(?P<name>[^`]+)`\]\((?P<path>[^)]+)\)")
IDS = re.compile(r"(?P<function>\w+)\[(?P<number>\d+) …\]")
TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)
NUMBERED = re.compile(r"test_row_(\d+)_")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the document; each link is the test's name and its file."""

    number: int
    cells: tuple[str, ...]
    links: tuple[tuple[str, Path], ...]
    awaited: bool


def read_rows() -> Iterator[Row]:
    """The rows of the document, in its order."""
    page = checkout() / "docs" / "behaviour.md"
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split(" | "))
        if not cells[0].strip().isdigit():
            continue
        links = tuple((found["name"], (page.parent / found["path"]).resolve()) for found in LINK.finditer(line))
        yield Row(int(cells[0]), cells, links, "<!-- fill: " in line)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """All rows."""
    return list(read_rows())


@cache
def functions_of(file: Path) -> frozenset[str]:
    """The names of the tests of a file; none where there is no file."""
    return frozenset(TEST.findall(file.read_text(encoding="utf-8")) if file.is_file() else ())


@cache
def ids_of(file: Path) -> list[str]:
    """The ids of the rows of a test file's table."""
    module = ".".join(file.relative_to(checkout()).with_suffix("").parts)
    return [str(row) for row in importlib.import_module(module).TABLE]


def is_there(name: str, file: Path) -> bool:
    """Whether the file has that test, and its table rows of that number."""
    ids = IDS.fullmatch(name)
    if ids is None:
        return name in functions_of(file)
    return ids["function"] in functions_of(file) and any(each.startswith(f"{ids['number']} ") for each in ids_of(file))


def test_each_row_is_there_once(rows: list[Row]) -> None:
    """From 1 up, in order, with every cell filled."""
    assert [row.number for row in rows] == list(range(1, ROWS + 1))
    assert [row.number for row in rows if len(row.cells) != 6 or not all(row.cells)] == []


def test_each_row_is_held_by_a_test_of_a_known_tier(rows: list[Row]) -> None:
    """A row without any link only says what is hoped for."""
    assert [row.number for row in rows if not row.links] == []
    assert {tier.strip() for row in rows for tier in row.cells[4].split(",")} == TIERS


def test_each_test_that_is_named_is_there(rows: list[Row]) -> None:
    """The file exists and has that function; a table has rows of that number."""
    named = [(row.number, name, file) for row in rows for name, file in row.links]
    assert [(number, name, file.name) for number, name, file in named if not is_there(name, file)] == []


def test_a_test_that_names_a_row_is_found_from_it(rows: list[Row]) -> None:
    """Each file with a test of a row's number is linked in that row, unless the row still waits for others."""
    linked = {(row.number, file) for row in rows for _, file in row.links}
    awaited = {row.number for row in rows if row.awaited}
    files = (checkout() / "tests").rglob("test_*.py")
    named = {(int(found[1]), file) for file in files for found in map(NUMBERED.match, functions_of(file)) if found}
    assert named
    assert {(number, file.name) for number, file in named - linked if number not in awaited} == set()


def test_the_rows_of_a_table_are_found_from_theirs(rows: list[Row]) -> None:
    """Each number that a table of faults has is linked in that row."""
    tables = {file for row in rows for name, file in row.links if IDS.fullmatch(name)}
    assert tables
    linked = {(row.number, file) for row in rows for name, file in row.links if IDS.fullmatch(name)}
    assert {(int(each.split()[0]), file) for file in tables for each in ids_of(file)} <= linked
