"""Exactly one way to log in is given."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from connectors.core.auth import HeaderToken, one_login


class Login(BaseModel):
    user: str = ""
    password: str = ""
    api_key: str = ""

    _one_login = one_login(("user", "password"), ("api_key",))


@pytest.mark.parametrize(
    "given",
    [{}, {"user": "ada"}, {"password": "xyzzy"}, {"user": "ada", "password": "xyzzy", "api_key": "key"}],
)
def test_no_login_half_a_login_and_two_of_them_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="give either user and password, or api_key"):
        Login(**given)


@pytest.mark.parametrize("given", [{"user": "ada", "password": "xyzzy"}, {"api_key": "key"}])
def test_one_login_is_taken(given: dict[str, str]) -> None:
    assert Login(**given).model_dump(exclude_defaults=True) == given


def test_a_token_in_a_vendors_header_is_not_shown() -> None:
    token = HeaderToken("X-Auth-Token", "xyzzy")
    assert token.headers() == {"X-Auth-Token": "xyzzy"}
    assert "xyzzy" not in repr(token)
    assert not token.refresh()
