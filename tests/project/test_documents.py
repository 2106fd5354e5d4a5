"""What the documents at the top of the tree point at is there."""

from __future__ import annotations

import re

import pytest

from tests.project.checkout import checkout


@pytest.mark.parametrize("document", ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_no_link_leads_nowhere(document: str) -> None:
    """Every relative link leads to a file or folder of the tree: a promise that names its test keeps it."""
    text = (checkout() / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    assert [link for link in links if not (checkout() / link).exists()] == []
    assert links or document == "CHANGELOG.md"
