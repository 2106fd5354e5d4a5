"""`CHADSDK_NOTHING_SKIPPED`: what is skipped for want of a tool fails where everything is to be had."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.process import PROJECT
from tests.skips import BY_NATURE

SKIPPING = """
import pytest

@pytest.fixture
def tool():
    pytest.skip("there is no strace here")

def test_fixture(tool): pass

@pytest.mark.skipif(True, reason="Atheris has no wheel for this platform")
def test_mark(): pass

def test_nature(): pytest.skip("Opus is 48 kHz")

def test_peer(): pytest.skip("wget2 is absent")

def test_server(): pytest.skip("nginx is absent")

@pytest.mark.xfail
def test_known(): raise AssertionError
"""


def outcome(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> tuple[int, str]:
    """Exit code and standard output of a run with that value of the variable."""
    monkeypatch.setenv("CHADSDK_NOTHING_SKIPPED", value)
    file = folder / "test_skipping.py"
    file.write_text(SKIPPING)
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "-p", "tests.skips", "-p", "no:cacheprovider", "-rfs"]
    done = subprocess.run([*command, str(file)], cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_what_is_absent_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A skip by fixture, mark or test is red and says why; those by nature, and what is known to fail, are not."""
    code, said = outcome(tmp_path, monkeypatch, "1")
    assert code == 1
    assert re.search(r"1 failed, 2 skipped, 1 xfailed, 2 errors", said), said
    for reason in ("there is no strace here", "Atheris has no wheel for this platform", "nginx is absent"):
        assert f"CHADSDK_NOTHING_SKIPPED=1, and this was skipped: {reason}" in said


@pytest.mark.parametrize("value", ["", "0"])
def test_elsewhere_it_is_a_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Without the switch nothing fails."""
    code, said = outcome(tmp_path, monkeypatch, value)
    assert code == 0
    assert re.search(r"5 skipped, 1 xfailed", said), said


def test_fuzzing_without_its_tool_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m tests.fuzz` exits with 1 where Atheris is absent and nothing may be, with 0 elsewhere."""
    hide = "import sys, importlib.util as u; u.find_spec = lambda name: None; from tests.fuzz.__main__ import main; "
    for value, code in (("1", 1), ("", 0)):
        monkeypatch.setenv("CHADSDK_NOTHING_SKIPPED", value)
        command = [sys.executable, "-c", f"{hide}sys.exit(main([]))"]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.count("nothing is fuzzed")) == (code, 1), done.stderr


def test_what_is_excused_is_said_by_a_test() -> None:
    """Each reason by nature still stands in a test, or the list would excuse what nobody means any more."""
    own = {Path(__file__), PROJECT / "tests" / "skips.py"}
    files = [file for file in (PROJECT / "tests").rglob("*.py") if file not in own]
    texts = "\n".join(file.read_text(encoding="utf-8") for file in files)
    said = [re.sub(r"\{\w+\}", "x", each) for each in re.findall(r'(?:skip\(|reason=)f?"([^"]+)"', texts)]
    for pattern in BY_NATURE:
        assert any(re.fullmatch(pattern, each) for each in said), pattern
