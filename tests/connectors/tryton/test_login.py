"""Logging in to a real Tryton: sessions kept, lost and refused, rights that are missing, places that are not."""

from __future__ import annotations

from itertools import count

import pytest

from admin.demo.servers.tryton import CLERK, CLERK_PASSWORD
from connectors.core.protocols import Connector
from mapping.contract import Slice
from mapping.errors import AuthError, ConfigError, ContractError, ForbiddenError, RateLimitedError
from tests.connectors.rig import Tokens, stream_of
from tests.connectors.tryton.conftest import Open
from tests.connectors.tryton.works import WRONG, Works

WHOLE = Slice()
_NAMES = count()


def requests(works: Works, connector: Connector) -> int:
    """How many requests a check costs."""
    before = works.way.clock.requests
    connector.check()
    return works.way.clock.requests - before


def test_a_wrong_password_is_an_auth_error_that_shows_nothing(works: Works) -> None:
    with pytest.raises(AuthError) as refused:
        works.connector(Tokens(), user=f"nobody-{next(_NAMES)}", password=WRONG).check()
    assert WRONG not in str(refused.value)


def test_a_name_that_failed_too_often_is_left_alone_for_five_minutes(works: Works) -> None:
    name = f"guesser-{next(_NAMES)}"
    with works.backdoor.sql() as database:
        for _ in range(7):
            database.execute(
                "INSERT INTO res_user_login_attempt (login, create_uid, create_date) VALUES (?, 0, datetime('now'))",
                [name],
            )
    with pytest.raises(RateLimitedError) as refused:
        works.connector(Tokens(), user=name, password=WRONG).check()
    assert refused.value.retry_after == 300
    assert works.way.clock.slept == 0, "each further try would prolong it"


def test_a_session_outlives_the_connector_and_is_replaced_when_it_is_lost(works: Works) -> None:
    tokens = Tokens()
    first = requests(works, works.connector(tokens))
    again = requests(works, works.connector(tokens))
    assert again < first, "no second login"
    kept = tokens.token
    with works.backdoor.sql() as database:
        database.execute("DELETE FROM ir_session WHERE id = (SELECT MAX(id) FROM ir_session)")
    assert requests(works, works.connector(tokens)) > again
    assert tokens.token != kept


def test_other_credentials_do_not_go_on_with_the_old_session(works: Works) -> None:
    tokens = Tokens()
    works.connector(tokens).check()
    with pytest.raises(AuthError):
        works.connector(tokens, password=WRONG, user=f"other-{next(_NAMES)}").check()
    clerk = works.connector(tokens, user=CLERK, password=CLERK_PASSWORD)
    assert clerk.check().name.endswith(f"as {CLERK}")


def test_a_missing_right_pauses_one_stream_and_names_it(works: Works) -> None:
    works.backdoor.sale(works.backdoor.customer)
    clerk = works.connector(Tokens(), user=CLERK, password=CLERK_PASSWORD)
    assert list(stream_of(clerk, "parties").read(WHOLE, None))
    with pytest.raises(ForbiddenError, match=r"clerk may not read sale\.sale"):
        list(stream_of(clerk, "sales").read(WHOLE, None))


def test_a_database_that_is_not_there_is_a_mistake_of_the_configuration(works: Works) -> None:
    with pytest.raises(ConfigError, match="no database 'elsewhere'"):
        works.connector(Tokens(), database="elsewhere").check()


def test_an_address_without_tryton_says_so(works: Works) -> None:
    with pytest.raises(ContractError, match="no Tryton at this address"):
        works.connector(Tokens(), url=f"{works.proxy.url}/elsewhere/far").check()


def test_the_account_names_server_database_and_release(works: Works) -> None:
    account = works.connector().check()
    assert account.id == f"{works.proxy.url.removeprefix('http://')}/concord"
    assert "Tryton 7.0." in account.name or "Tryton 8.2" in account.name
    assert "not activated" not in account.name


def test_modules_that_are_not_activated_are_told_and_their_streams_left_out(open_works: Open) -> None:
    bare = open_works("7.0", whole=False)
    bare.renew()
    connector = bare.connector()
    with pytest.raises(ContractError, match="its module sale is not activated"):
        list(stream_of(connector, "sales").read(WHOLE, None))
    assert connector.check().name.endswith("modules not activated: sale, account_invoice, account_payment")
    assert [stream.name for stream in connector.streams()] == ["parties"]
