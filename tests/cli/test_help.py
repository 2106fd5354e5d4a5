"""``--help`` teaches."""

from __future__ import annotations

import pytest

from tests.cli.command import Command

COMMANDS = [
    (),
    ("plan",),
    ("export",),
    ("retry",),
    ("verify",),
    ("cache",),
    ("cache", "path"),
    ("cache", "ls"),
    ("cache", "verify"),
    ("cache", "prune"),
    ("cache", "clear"),
]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_a_help(command: Command, words: tuple[str, ...]) -> None:
    """It says how it is called, explains itself in a sentence, and every option has an explanation."""
    done = command(*words, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    usage, _, rest = done.stdout.partition("\n\n")
    assert usage.startswith("Usage: " + " ".join(("chadsdk", *words)))
    assert rest.strip().splitlines()[0].strip()[0].isupper()
    options = rest.partition("Options:")[2].partition("\n\n")[0].strip().splitlines()
    lead = min(len(line) - len(line.lstrip()) for line in rest.partition("Options:\n")[2].splitlines() if line.strip())
    for option in options:
        if option.strip().startswith("-") and len(option) - len(option.lstrip()) <= lead:
            assert len(option.split("  ")) >= 2, option


def test_the_first_help_teaches_what_is_needed(command: Command) -> None:
    """Every command, an example, the environment, the exit codes."""
    told = command("--help").stdout
    for part in (
        "plan",
        "export",
        "retry",
        "verify",
        "cache",
        "Examples:",
        "CHADSDK_TOKEN",
        "CHADSDK_SERVER",
        "CHADSDK_CACHE_DIR",
        "130",
    ):
        assert part in told


def test_the_version(command: Command) -> None:
    """One line."""
    assert command("--version").stdout == "chadsdk 0.1.0\n"
