"""Skips that are none: where everything is to be had, a test that sits out for want of a tool has failed.

With ``CHADSDK_NOTHING_SKIPPED=1``, for a machine that is to have everything, every skip fails but those `BY_NATURE`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator

import pytest

__all__ = ["BY_NATURE", "nothing_may_be_skipped", "pytest_runtest_makereport"]

#: What no installing changes, and what may be out of reach though all else is there.
BY_NATURE = (
    # A test's own matrix, and where it runs.
    r"MP3 ends at 48 kHz",
    r"Opus is 48 kHz",
    r"PySocks is installed here",
    r"the tests do not lie in a checkout",
    r"the checkout is no git repository",
    r"the number of this system's splice is not known here",
    r"this file system knows no immutable folders, and root may write to any other",
    # Peers of the benchmarks, the schemas beside the checkout, a package index.
    r"(?!nginx )\S+ is absent",
    r"the schemas of DAWproject do not lie in \S+",
    r"filelock \S+ cannot be had here",
)


def nothing_may_be_skipped() -> bool:
    """Whether whoever started this run says that everything is to be had."""
    return os.environ.get("CHADSDK_NOTHING_SKIPPED") == "1"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a failure of a skip for want of something."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and nothing_may_be_skipped():
        reason = _reason(report)
        if not any(re.fullmatch(pattern, reason) for pattern in BY_NATURE):
            report.outcome = "failed"
            report.longrepr = f"CHADSDK_NOTHING_SKIPPED=1, and this was skipped: {reason}"
    return report


def _reason(report: pytest.TestReport) -> str:
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    return said.removeprefix("Skipped: ")
