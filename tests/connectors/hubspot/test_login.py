"""Logging in as a public app: tokens are renewed in time, and a refresh token that is no longer good says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.core.protocols import Connector, Token
from connectors.hubspot.connector import HubSpotConfig, build
from mapping.errors import AuthError
from tests.connectors.hubspot.desk import Desk
from tests.connectors.rig import Tokens

APP = ("client-1", "secret-1618", "refresh-1414")


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk(app=APP)
    yield desk
    desk.close()


def connector(desk: Desk, store: Tokens, secret: str = APP[1]) -> Connector:
    settings = {"client_id": APP[0], "client_secret": secret, "base_url": desk.server.url}
    return build(HubSpotConfig.model_validate(settings), desk.runtime(), store)


@pytest.mark.parametrize(("secret", "refresh"), [("wrong", APP[2]), (APP[1], "revoked"), (APP[1], "")])
def test_a_login_that_is_no_longer_good_asks_for_a_new_one(desk: Desk, secret: str, refresh: str) -> None:
    with pytest.raises(AuthError) as refused:
        connector(desk, Tokens(Token("old", refresh, desk.clock.now())), secret).check()
    assert not [each for each in (*APP[1:], "wrong", "revoked") if each in str(refused.value)]


def test_a_token_is_renewed_before_it_expires_and_after_it_was_revoked(desk: Desk) -> None:
    store = Tokens(Token("old", APP[2], desk.clock.now()))
    one = connector(desk, store)
    for _ in range(3):
        assert one.check().id == str(desk.portal.account)
        desk.clock.advance(1_000)
    assert desk.server.calls(path="oauth") == 2
    assert store.token
    store.token = Token("revoked", APP[2], store.token.expires_at, store.token.revision)
    assert one.check().id == str(desk.portal.account)
