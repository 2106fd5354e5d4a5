"""Scenarios: each is held to its whole outcome, a wrong expectation is red, and the command says so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.cli import main
from harness.invariants import CODES
from harness.process import PROJECT
from harness.scenarios import EXPORTS, SCENARIOS, Expected, Hooks, Scenario, find_scenario
from harness.scenarios.listing import WITHOUT, as_markdown
from harness.scenarios.play import play
from harness.scenarios.scenario import REST, WHOLE
from harness.scenarios.scene import Scene
from tests.project.checkout import checkout

ROWS = range(1, 76)


def played(name: str, changes: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether a scenario with other expectations is ok, and its problems."""
    scenario = find_scenario(name)
    assert scenario.expected is not None
    report = play(replace(scenario, expected=replace(scenario.expected, **changes)))
    return report.ok, "\n".join(report.problems)


@pytest.fixture
def read_json(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command and give its exit code and what it prints as JSON."""

    def run(*arguments: str) -> tuple[int, Any]:
        code = main(["scenario", *arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_a_report_says_everything(read_json: Any) -> None:
    """The documented keys, with the very requests, files and invariants of the run."""
    code, (report,) = read_json("cut-at-one-byte", "--jobs", "1")
    assert (code, report["name"], report["ok"], report["rows"], report["problems"]) == (
        0,
        "cut-at-one-byte",
        True,
        [5],
        [],
    )
    assert report["outcome"]["error"] is None
    assert (report["outcome"]["entries"], report["outcome"]["exported"]) == (4, 3)
    assert [(entry["position"], entry["reason"]) for entry in report["outcome"]["missing"]] == [(1, "truncated")]
    rest = [50_000, 206]
    assert report["requests"]["audio"]["t-1"] == [[None, 200], rest, rest]
    assert report["requests"]["total"] == report["requests"]["most"] == 6
    assert (report["on_disk"]["cache"], report["on_disk"]["partials"]) == (["t-2.wav", "t-3.wav"], [50_000])
    assert report["on_disk"]["temporaries"] == []
    assert "Plain/MISSING.txt" in report["on_disk"]["exports"]
    assert report["invariants"] == dict.fromkeys(CODES, True)
    assert report["wall_s"] > 0


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"missing": {1: "network"}, "again": {1: "network"}}, "missing are {}, expected {1: 'network'}"),
        ({"asked": {"t-1": (WHOLE, WHOLE)}}, "t-1: GETs ((None, 200), (50000, 206)), expected"),
        ({"error": "AuthError", "partials": (7,)}, "the run came to an export, expected AuthError"),
        ({"api": 0, "cached": 2}, "I7 5 requests, and 4 were allowed"),
        ({"second_gets": 1, "entries": 5}, "second run: 0 GETs of audio, expected 1"),
    ],
    ids=["missing", "requests", "error", "bound", "second run"],
)
def test_a_wrong_expectation_is_red(changes: dict[str, Any], problem: str) -> None:
    """Whatever is expected and not so is a problem that says both."""
    ok, problems = played("cut-body", changes)
    assert not ok
    assert problem in problems


def test_what_is_left_on_disk_is_red() -> None:
    """Partials, cached tracks and the length of the playlist are compared, too."""
    _, problems = played("cut-body", {"partials": (7,), "cached": 2, "entries": 9})
    for said in ("partial downloads of () bytes, expected (7,)", "3 tracks in the cache, expected 2", "4 entries"):
        assert said in problems


def test_a_broken_invariant_is_red() -> None:
    """Something beside cache and exports, and a credential in a file: the report names I2 and I3."""

    def litter(scene: Scene) -> None:
        (scene.root / "litter").write_text("")
        scene.texts["a note"] = scene.server.token

    report = play(replace(SCENARIOS["healthy"], hooks=Hooks(ready=litter)))
    assert not report.ok
    assert [code for code, held in report.invariants.items() if not held] == ["I2", "I3"]


def test_a_fault_that_does_not_heal_is_red() -> None:
    """What the second run cannot have is against I8, unless it was said before."""
    report = play(replace(SCENARIOS["server-error-always"], hooks=Hooks(healed=lambda _scene: None)))
    assert not report.ok
    assert not report.invariants["I8"]


def test_a_scenario_that_cannot_be_played_is_red() -> None:
    """What breaks in its own hooks stands in the report, and stops no other."""

    def break_off(scene: Scene) -> None:
        raise LookupError(f"nothing in {scene.root.name}")

    report = play(replace(SCENARIOS["healthy"], hooks=Hooks(before=break_off)))
    assert not report.ok
    assert "LookupError: nothing in user" in report.problems[0]
    assert set(report.invariants.values()) == {False}


def test_a_scenario_that_is_red_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, here because a proxy that is not there keeps everybody from the server."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert main(["scenario", "healthy", "--jobs", "1"]) == 1
    said = capsys.readouterr().out
    assert "healthy: NOT OK" in said
    assert "the run came to NetworkError, expected an export" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nope"], "there is no scenario 'nope'; `scenario --list` has them all\n"),
        (["cut-bdy"], "there is no scenario 'cut-bdy'; did you mean cut-body"),
        ([], "give names or --all"),
        (["--all", "healthy"], "give names or --all"),
    ],
)
def test_usage_is_one_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, nothing on standard output, and for an unknown name what comes near."""
    assert main(["scenario", *arguments]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sentence in said.err


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    """A pipe that is closed after the first bytes, as `head` does, ends the command without a word."""
    command = [sys.executable, "-m", "harness", "scenario", "--list", "--json"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (said, process.returncode) == (b"", 1)


def test_the_list_explains_each(read_json: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence and the rows, for people and as JSON."""
    code, listed = read_json("--list")
    assert (code, [each["name"] for each in listed]) == (0, list(SCENARIOS))
    assert main(["scenario", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(listed)
    for each, line in zip(listed, lines, strict=True):
        assert line.startswith(each["name"])
        assert line.endswith(each["explanation"])
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", each["name"])
        assert re.fullmatch(r"[A-Z0-9][^\n]*\.", each["explanation"])


def test_every_row_has_a_scenario_or_a_reason() -> None:
    """Each row of the fault matrix is played, or the document says what it needs instead, and never both."""
    played = {row for scenario in SCENARIOS.values() for row in scenario.rows}
    reasoned = [row for rows in WITHOUT for row in rows]
    assert sorted([*played, *reasoned]) == list(ROWS)


def test_the_documented_list_is_current() -> None:
    """``docs/scenarios.md`` is what the code says."""
    assert (checkout() / "docs" / "scenarios.md").read_text(encoding="utf-8") == as_markdown()


def test_scenarios_for_exports_are_scenarios_like_all() -> None:
    """`harness export` takes values of the same kind, each with its expectations."""
    assert EXPORTS.items() <= SCENARIOS.items()
    assert all(scenario.expected is not None for scenario in SCENARIOS.values())


def test_a_scenario_without_expectations_cannot_be_played() -> None:
    """There would be nothing to hold it to."""
    with pytest.raises(ValueError, match="no expectations"):
        play(Scenario("vague", "Nobody knows."))


def test_expectations_are_those_of_a_run_without_a_fault() -> None:
    """The defaults alone describe a whole export."""
    assert SCENARIOS["healthy"].expected == Expected()
    assert REST == (50_000, 206)
