"""New credentials that are refused before they were ever accepted."""

from __future__ import annotations

import pytest

from chadsdk.auth import BearerToken
from chadsdk.cancel import CancelToken
from chadsdk.errors import AuthError


def test_refused_new_credentials_are_not_refreshed_again() -> None:
    """The hook is called once; a late thread that sees the new token refused gets an error, not another refresh."""
    given: list[str] = []

    def hook() -> str:
        given.append(f"new-{len(given)}")
        return given[-1]

    token = BearerToken("old", refresh=hook)
    assert token.refresh(token.headers(), CancelToken())
    with pytest.raises(AuthError):
        token.refresh(token.headers(), CancelToken())
    assert given == ["new-0"]


def test_accepted_credentials_may_be_refreshed_when_they_expire() -> None:
    """Once the server has taken the new token, a later refusal is an expiry like the first."""
    given = iter(["second", "third"])
    token = BearerToken("first", refresh=lambda: next(given))
    assert token.refresh(token.headers(), CancelToken())
    token.accepted(token.headers())
    assert token.refresh(token.headers(), CancelToken())
    assert token.headers() == {"Authorization": "Bearer third"}
