"""Medusa's customers, orders and drafts read from a real one; run by ``make test-real``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.medusa import mapping
from connectors.medusa.api import PAYMENT
from mapping.contract import Cursor, Slice
from mapping.errors import AuthError
from tests.connectors.contract import ReaderContract
from tests.connectors.haul import Haul
from tests.connectors.medusa.till import Till
from tests.connectors.medusa.works import WRONG, RealRig, Works
from tests.connectors.rig import Tokens, stream_of
from tests.connectors.shapes import differences
from tests.servers.medusa import RELEASE

pytestmark = [pytest.mark.real, pytest.mark.proof("real server", f"Medusa {RELEASE}")]


class TestReal(ReaderContract):
    @pytest.fixture(params=["customers", "orders", "draft_orders"])
    def rig(self, request: pytest.FixtureRequest, works: Works) -> RealRig:
        return RealRig(works, request.param)


def read(works: Works, stream: str, cursor: Cursor | None = None, **config: Any) -> Haul:
    """All pages from a cursor on."""
    return Haul(list(stream_of(works.connector(**config), stream).read(Slice(), cursor)))


@pytest.fixture
def shop(works: Works) -> Works:
    """The shop, empty, at the server's own time."""
    works.renew()
    return to_the_present(works)


def to_the_present(works: Works) -> Works:
    """Sets the clock that connectors live by to the server's own."""
    works.way.clock.advance((datetime.now(UTC) - works.way.clock.now()).total_seconds())
    return works


def test_a_draft_becomes_an_order_that_is_paid_refunded_and_cancelled(shop: Works) -> None:
    draft = shop.backdoor.draft("kim@plum.example", 9.99, 2, company="Plum Ltd")
    (told,) = read(shop, "draft_orders").records
    assert (told.remote_id, told.body["_cart"]["total"]) == (draft, "19.98")
    order = shop.backdoor.place(draft)
    assert order == draft
    assert read(shop, "draft_orders").ids == []
    to_the_present(shop)
    placed = read(shop, "orders", lookback_minutes=0)
    body = placed.records[0].body
    assert (body["_order"]["key"], body["_order"]["total"]) == (f"medusa:order:{order}", "19.98")
    assert body["_order"]["lines"] == [{"title": "Lamp", "quantity": "2", "price": "9.99"}]
    assert (body["_guest"]["email"], body["_company"]["name"]) == ("kim@plum.example", "Plum Ltd")
    assert "paid_at" not in body["_order"]

    payment = shop.backdoor.pay(order, 19.98)
    shop.way.clock.advance(2 * 3600)
    paid = read(shop, "orders", placed.cursor, lookback_minutes=0).records[0].body
    assert paid["updated_at"] == body["updated_at"], "money that is taken does not move the order"
    assert paid["_order"]["payments"] == [f"medusa:payment:{payment}"]
    assert paid["_order"]["paid_at"]

    shop.backdoor.refund(payment, 5.5, "broken")
    refunded = read(shop, "orders").records[0].body
    assert refunded["_order"]["refunds"][0]["amount"] == "5.5"
    assert [refunded["_order"][name] for name in ("total", "refunded")] == ["19.98", "5.5"]
    assert refunded["_order"]["custom"] == {"current_total": "14.48"}
    shop.backdoor.cancel(order)
    cancelled = read(shop, "orders").records[0].body["_order"]
    assert [cancelled[name] for name in ("total", "refunded", "status")] == ["19.98", "19.98", "canceled"]
    assert cancelled["cancelled_at"]


def test_a_login_that_is_refused_and_one_that_ended(shop: Works) -> None:
    with pytest.raises(AuthError):
        read(shop, "customers", tokens=Tokens(), password=WRONG)
    with pytest.raises(AuthError):
        read(shop, "customers", email="", password=None, api_key="sk_wrong")
    key: dict[str, Any] = {"email": "", "password": None, "api_key": shop.backdoor.api_key()}
    assert read(shop, "customers", **key).ids == []
    connector = shop.connector()
    first = connector.check()
    ended = Tokens(shop.tokens.token)
    assert ended.token
    ended.token = type(ended.token)("ended", revision=ended.token.revision, extra=ended.token.extra)
    assert shop.connector(ended).check() == first


def test_the_stand_in_answers_as_the_server_does(shop: Works, till: Till) -> None:
    order = shop.backdoor.place(shop.backdoor.draft("kim@plum.example", 9.99, company="Plum Ltd"))
    shop.backdoor.refund(shop.backdoor.pay(order, 9.99), 5.5, "broken")
    shop.backdoor.draft("kim@plum.example", 9.99)
    customer = till.store.register("kim@plum.example")
    till.store.refund(till.store.buy(customer, "9.99"), "5.5", "broken")
    till.store.buy(customer, "9.99", draft=True)
    till.connector().check()
    (token,) = till.server.sessions
    for path, params in questions():
        theirs = shop.backdoor.answer(path, params)
        headers = {"Authorization": f"Bearer {token}"}
        ours = httpx.get(f"{till.server.url}{path}", params=params, headers=headers, trust_env=False)
        assert ours.status_code == theirs.status_code, f"{path} {params}"
        found = list(differences(ours.json(), theirs.json()))
        assert [each for each in found if "theirs only" not in each or asked_for(each, params)] == []


def asked_for(missing: str, params: dict[str, Any]) -> bool:
    """Whether a part that the stand-in leaves out was asked for: the server shows more than that."""
    path = re.sub(r"\[0\]", "", missing.removesuffix(" is theirs only")).split(".", 2)[2]
    fields = str(params.get("fields", "")).split(",")
    return path in fields or f"*{path.rpartition('.')[0]}" in fields


def questions() -> Iterator[tuple[str, dict[str, Any]]]:
    """What the connector asks, and what is refused."""
    since = {"updated_at[$gte]": "2020-01-01T00:00:00.000Z", "updated_at[$lt]": "2100-01-01T00:00:00.000Z"}
    for path, fields in (("customers", mapping.CUSTOMER), ("orders", mapping.ORDER)):
        yield f"/admin/{path}", {"fields": fields, "order": "id", "limit": 2, "id[$gt]": "a", **since}
    for path, fields in (("draft-orders", mapping.DRAFT), ("payments", PAYMENT)):
        yield f"/admin/{path}", {"fields": fields, "order": "id", "limit": 2, "offset": 0, **since}
        yield f"/admin/{path}", {"id[$gt]": "a"}
    yield "/admin/customers", {"nothing": "1"}
    yield "/admin/stores", {"fields": "id,name", "limit": 1}
