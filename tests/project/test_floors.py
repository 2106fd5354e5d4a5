"""The oldest dependencies that are allowed have none of the faults that docs/dependencies.md lists."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.project.checkout import checkout

_ROW = re.compile(r"^\| `(?P<package>[a-z0-9-]+)` \| (?P<fixed>[0-9.]+) \| (?P<ids>[^|]+) \|", re.MULTILINE)
_ID = re.compile(r"CVE-\d{4}-\d{4,}|GHSA(?:-[a-z0-9]{4}){3}|#\d+")


def advisories() -> list[tuple[str, Version, str]]:
    """Give the rows of the table: package, the first version without the fault, ids."""
    text = (checkout() / "docs" / "dependencies.md").read_text(encoding="utf-8")
    return [(row["package"], Version(row["fixed"]), row["ids"].strip()) for row in _ROW.finditer(text)]


def floors() -> dict[str, Version]:
    """Give the oldest version of each dependency that pyproject.toml allows."""
    project = tomllib.loads((checkout() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {}
    for text in project["dependencies"]:
        required = Requirement(text)
        [floor] = [each.version for each in required.specifier if each.operator == ">="]
        found[required.name] = Version(floor)
    return found


def test_every_row_names_an_advisory() -> None:
    """Each has an id by which it can be looked up, and is about something that we depend on."""
    rows = advisories()
    assert len(rows) >= 10
    assert [row for row in rows if not _ID.search(row[2])] == []
    assert {package for package, _, _ in rows} <= set(floors())


def test_no_floor_lies_below_an_advisory() -> None:
    """Whoever installs the oldest that we allow has none of these faults."""
    allowed = floors()
    assert [row for row in advisories() if allowed[row[0]] < row[1]] == []


def test_the_oldest_are_what_is_tested() -> None:
    """The environment `lowest` has the very floors, so that none of them is a mere promise."""
    text = (checkout() / "tox.ini").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^    ([a-z0-9-]+)==([0-9.]+)$", text.partition("[testenv:lowest]")[2], re.MULTILINE))
    wrong = {name: floor for name, floor in floors().items() if Version(pinned.get(name, "0")) != floor}
    assert wrong == {}


@pytest.mark.parametrize("package", ["requests", "urllib3", "filelock"])
def test_what_is_installed_has_none_of_them(package: str) -> None:
    """The tests themselves run on none of these faults."""
    assert [row for row in advisories() if row[0] == package and Version(version(package)) < row[1]] == []
