"""Logging in to Google: as one person whose token is renewed, or for many by a signed statement."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.core.google_grants import ServiceAccount
from connectors.core.google_login import GoogleConfig
from connectors.core.protocols import Connector, Token
from connectors.gmail.connector import VENDOR, GmailConfig
from connectors.gmail.sandbox import CLIENT
from mapping.contract import Slice
from mapping.errors import AuthError, ConfigError, ForbiddenError
from tests.connectors.gmail.office import BAS, ILSE, KEY, OTHER_KEY, Office, mail
from tests.connectors.rig import Tokens, stream_of

LOGIN = {"client_id": CLIENT[0], "client_secret": CLIENT[1]}


def connector(office: Office, store: Tokens, **config: object) -> Connector:
    place = {"base_url": office.server.url, "token_url": f"{office.server.url}/token"}
    return VENDOR.build(GmailConfig.model_validate({**LOGIN, **place, **config}), office.runtime(), store)


def key_file(office: Office, account: ServiceAccount) -> str:
    return account.key_file(f"{office.server.url}/token")


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"client_id": "x"},
        {"client_id": "x", "client_secret": "y", "service_account_key": "{}", "users": [ILSE]},
        {"service_account_key": "{}"},
        {"users": [ILSE]},
        {**LOGIN, "metadata_scope": True, "bodies": True},
    ],
)
def test_a_connection_logs_in_one_way_and_asks_for_what_that_allows(config: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GmailConfig.model_validate(config)


def test_secrets_show_in_no_repr() -> None:
    config = GoogleConfig.model_validate({**LOGIN, "refresh_token": CLIENT[2]})
    assert CLIENT[1] not in repr(config)
    assert CLIENT[2] not in repr(config)


def test_a_refresh_token_that_is_no_longer_good_asks_for_a_new_login(office: Office) -> None:
    for store, given in (
        (Tokens(), "revoked"),
        (Tokens(Token("old", "revoked", office.clock.now())), ""),
        (Tokens(), ""),
    ):
        with pytest.raises(AuthError) as refused:
            connector(office, store, refresh_token=given).check()
        assert "revoked" not in str(refused.value)


def test_the_stored_token_goes_first_and_the_configured_one_helps_out(office: Office) -> None:
    store = Tokens()
    first = connector(office, store, refresh_token=CLIENT[2])
    for _ in range(3):
        assert first.check().id == ILSE
        office.clock.advance(2_000)
    assert office.server.calls("POST", "/token") == 2
    assert store.token
    assert store.token.refresh == CLIENT[2]
    store.token = Token("stale", "revoked", office.clock.now(), store.token.revision)
    assert connector(office, store, refresh_token=CLIENT[2]).check().id == ILSE
    assert connector(office, store).check().id == ILSE, "a login that somebody made elsewhere is enough"


def test_a_service_account_reads_for_each_in_their_own_name(firm: Office) -> None:
    firm.boxes[ILSE].deliver(mail(1))
    bas = firm.boxes[BAS].deliver(mail(2))
    found = firm.connector(users=[ILSE, BAS])
    account = found.check()
    assert account.id == "concord@sandbox-project.iam.gserviceaccount.com"
    assert account.name.startswith("2 people")
    stream = stream_of(found, "messages")
    assert [slice_.key for slice_ in stream.slices()] == [ILSE, BAS]
    assert [record.remote_id for page in stream.read(Slice(BAS), None) for record in page.records] == [bas.id]


def test_who_has_left_costs_only_what_was_theirs(firm: Office) -> None:
    firm.boxes[BAS].deliver(mail(1))
    found = firm.connector(users=["gone@acme.example", BAS])
    assert found.check().id
    stream = stream_of(found, "messages")
    with pytest.raises(ForbiddenError, match="cannot read for this person"):
        list(stream.read(Slice("gone@acme.example"), None))
    assert [page for page in stream.read(Slice(BAS), None) if page.records]
    with pytest.raises(ForbiddenError):
        firm.connector(users=["gone@acme.example"]).check()


def test_a_wrong_key_or_a_scope_that_nobody_allowed_asks_for_a_new_login(firm: Office) -> None:
    wrong = ServiceAccount(frozenset(), key=OTHER_KEY)
    with pytest.raises(AuthError):
        firm.connector(users=[ILSE], service_account_key=key_file(firm, wrong)).check()
    account = firm.server.grants.service_account
    assert account
    account.scopes = frozenset({"https://www.googleapis.com/auth/calendar.readonly"})
    with pytest.raises(AuthError, match="domain-wide delegation"):
        firm.connector(users=[ILSE]).check()


def test_a_key_file_that_is_none_is_a_mistake_of_the_configuration(firm: Office) -> None:
    unusable = key_file(firm, ServiceAccount(frozenset(), key=KEY)).replace("BEGIN PRIVATE", "BEGIN PUBLIC")
    for text in ("no json", '{"type": "service_account"}', unusable):
        with pytest.raises(ConfigError) as told:
            firm.connector(users=[ILSE], service_account_key=text).check()
        assert "PRIVATE" not in str(told.value)


def test_a_statement_is_made_anew_before_its_token_expires(firm: Office) -> None:
    found = firm.connector(users=[ILSE])
    for _ in range(3):
        found.check()
        firm.clock.advance(3_550)
    assert firm.server.calls("POST", "/token") == 3
    firm.server.grants.revoke()
    assert found.check()
