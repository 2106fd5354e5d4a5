"""The shape of the tree: small modules, no path of anybody's machine, the commands that the README promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.project.checkout import checkout, tracked_files

MOST_LINES = 260
# A home folder or a build machine's; written so that this file does not name one.
MACHINE_PATH = re.compile(rb"(?<![\w.<{/-])/" + rb"(?:home|Users|work)/[a-z.]")


def test_no_module_is_over_260_lines() -> None:
    """When one wants more, a room is missing."""
    lines = {
        str(path.relative_to(checkout())): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked_files()
        if path.suffix == ".py" and "tests" not in path.parts
    }
    assert lines
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_file_names_a_path_of_one_machine() -> None:
    """Everything that is committed works in any clone."""
    naming = {
        str(path.relative_to(checkout())): found[0]
        for path in tracked_files()
        if (found := MACHINE_PATH.search(path.read_bytes()))
    }
    assert naming == {}


def blocks(language: str) -> list[str]:
    """The README's fenced blocks of a language; "" for those without one."""
    text = (checkout() / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for name, block in found if name == language]


def test_ci_runs_the_readmes_test_command() -> None:
    """Literally: what is promised to a newcomer is what must be green."""
    [command] = [line for block in blocks("sh") for line in block.splitlines() if "pytest" in line]
    assert command in (checkout() / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def table() -> dict[str, str]:
    """The README's table of the command line: what it says of each command."""
    [block] = [block for block in blocks("") if block.startswith("chadsdk ")]
    rows: dict[str, str] = {}
    for line in block.splitlines():
        if found := re.match(r"chadsdk (\w+)", line):
            name = found[1]
            rows[name] = line
        else:
            rows[name] += " " + line.strip()
    return rows


def test_the_readme_names_every_command(tmp_path: Path) -> None:
    """And none that does not exist."""
    listed = Command(tmp_path)("--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"^  (\w+)", listed, re.MULTILINE)) == set(table())


@pytest.mark.parametrize("name", ["plan", "export", "retry", "verify"])
def test_the_readme_names_every_option_of_a_command(tmp_path: Path, name: str) -> None:
    """And none that does not exist; the token file is explained in the text below the table."""
    known = set(re.findall(r"^\s+(?:-\w, )?(--[a-z-]+)", Command(tmp_path)(name, "--help").stdout, re.MULTILINE))
    shown = set(re.findall(r"--[a-z-]+", table().get(name, "")))
    assert shown == known - {"--help", "--token-file"}
    assert "--token-file" in (checkout() / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_command_of_the_cache(tmp_path: Path) -> None:
    """path, ls, verify, prune, clear, and the options of each."""
    listed = Command(tmp_path)("cache", "--help").stdout.partition("Commands:\n")[2]
    for word in re.findall(r"^  (\w+)", listed, re.MULTILINE):
        assert word in table()["cache"]
        options = set(re.findall(r"^\s+(--[a-z-]+)", Command(tmp_path)("cache", word, "--help").stdout, re.MULTILINE))
        assert options - {"--help"} <= set(re.findall(r"--[a-z-]+", table()["cache"]))
