"""One purchase, told by a shop, by a payment service and by an export: counted once, to the cent, in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.stripe.sandbox import Key, Ledger
from tests.connectors.rig import Clock
from tests.connectors.shopify.market import Market
from tests.connectors.stripe.till import Till
from tests.connectors.woocommerce.market import Market as Woo
from tests.connectors.woocommerce.market import line
from tests.sync.books import traits
from tests.sync.hubs import Stage

KIM = "kim@plum.example"
ORDERS = (
    "Id,Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Refunded Amount,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name\n"
)


@dataclass
class Town:
    """Two shops, two accounts of a payment service, and a hub that reads them all, one by one."""

    stage: Stage
    shopify: Market
    woo: Woo
    till: Till
    second: Ledger

    def buy(self, total: int, charge: str) -> Any:
        """Kim, a guest, buys in the first shop, and it tells which charge paid it."""
        return self.shopify.shop.order(
            [("Chair", 1, f"{total}.0")], email=KIM, gateway="stripe", receipt={"id": charge}
        )

    def buy_woo(self, total: str, transaction: str) -> int:
        """Kim buys in the second shop."""
        billing = {"first_name": "Kim", "last_name": "Plum", "email": KIM}
        lines = [line(total)]
        return self.woo.shop.order(billing=billing, line_items=lines, status="processing", transaction_id=transaction)

    def intent(self, charge: str) -> str:
        """The intent of a charge."""
        return str(self.till.ledger.objects[charge]["payment_intent"])

    def later(self) -> None:
        """Two minutes go by."""
        for wait in (self.stage.clock.sleep, self.till.clock.advance, self.shopify.clock.advance):
            wait(120)
        self.woo.clock.advance(120)

    def worth(self) -> tuple[Any, Any]:
        """What Kim is worth, and in how many orders."""
        found = traits(self.stage, KIM)
        return found.get("lifetime_value"), found.get("order_count")


@pytest.fixture
def town(tmp_path: Path, sqlite_template: Path) -> Iterator[Town]:
    """All of it, empty."""
    (tmp_path / "hub.db").write_bytes(sqlite_template.read_bytes())
    (tmp_path / "exports").mkdir()
    start = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with ExitStack() as stack:
        till, woo = stack.enter_context(Till(Clock(start))), stack.enter_context(Woo(Clock(start)))
        shopify = Market(Clock(start))
        stack.callback(shopify.close)
        second = Ledger("acct_1Other", now=till.clock.now)
        till.server.ledgers[second.account, True] = second
        till.server.keys["rk_live_other"] = Key(second.account)
        for _ in range(50):
            second._add("x", "nothing")  # so that the ids differ, as Stripe's do
        stage = Stage(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}")
        stack.callback(stage.close)
        stage.settings["hub"]["currency"] = "EUR"
        stage.settings["connections"] = {
            "shopify": {"connector": "shopify", "config": dict(shopify.server.settings)},
            "woo": {"connector": "woocommerce", "config": dict(woo.server.settings)},
            "till": {"connector": "stripe", "config": dict(till.server.settings)},
            "second": {"connector": "stripe", "config": {**till.server.settings, "api_key": "rk_live_other"}},
            "exports": {"connector": "files", "config": {"path": str(tmp_path / "exports")}},
        }
        stage.configure()
        yield Town(stage, shopify, woo, till, second)


ARRIVALS = [("shopify", "exports", "till"), ("till", "shopify", "exports"), ("exports", "till", "shopify")]


@pytest.mark.parametrize("arrival", ARRIVALS, ids="-".join)
def test_every_purchase_counts_once_whoever_tells_of_it_first(town: Town, arrival: tuple[str, ...]) -> None:
    ledger = town.till.ledger
    refunded = ledger.charge(10_000, receipt_email=KIM)
    order = town.buy(100, refunded)
    ledger.refund(refunded, 3_000)  # in Stripe only
    cancelled = ledger.charge(8_000, receipt_email=KIM)
    gone = town.buy(80, cancelled)
    town.shopify.shop.change("Order", gone.number, cancelledAt=town.shopify.clock.now().isoformat())
    by_intent = ledger.charge(5_000, receipt_email=KIM)
    bought = town.buy_woo("50.00", town.intent(by_intent))
    town.woo.shop.refund(bought, "10.00")
    ledger.refund(by_intent, 1_000)
    elsewhere = town.second.charge(2_000, receipt_email=KIM)
    town.buy_woo("20.00", elsewhere)
    ledger.pay(ledger.invoice(ledger.customer(KIM, "Kim Plum"), 9_000))
    row = [
        f"'{order.number}", order.values["name"], KIM, "paid", order.values["createdAt"], "EUR", "100.00", "0.00",
        "0.00", "100.00", "0.00", "0.00", order.values["createdAt"], "1", "Chair", "100.00", "CHA-1", "Kim Plum",
    ]  # fmt: skip
    (town.stage.folder / "exports" / "orders.csv").write_text(ORDERS + ",".join(row) + "\n")
    for name in arrival:
        assert town.stage.sync(name).ok
        if name == "shopify":
            assert town.stage.sync("second", "woo").ok
    assert town.worth() == ("300.00", 3), "the money for the cancelled order has not gone back yet"
    ledger.refund(cancelled)
    town.later()
    assert town.stage.sync().ok
    assert town.worth() == ("220.00", 3)
    before = {name: rows for name, rows in town.stage.dump().items() if name in ("raw_record", "fact", "trait")}
    assert town.stage.sync(full=True).ok
    assert {name: town.stage.dump()[name] for name in before} == before


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("arrival", [("woo", "till"), ("till", "woo")], ids="-".join)
def test_an_order_that_was_lowered_after_it_was_paid_loses_nothing_by_the_refund_of_the_rest(
    town: Town, arrival: tuple[str, ...], late: bool
) -> None:
    charge = town.till.ledger.charge(10_000, receipt_email=KIM)
    number = town.buy_woo("100.00", charge)
    if not late:
        assert town.stage.sync(*arrival).ok
        assert town.worth() == ("100.00", 1)
    town.later()
    (sold,) = town.woo.shop.orders[number]["line_items"]
    town.woo.shop.update(number, line_items=[{"id": sold["id"], "total": "80.00"}])
    town.till.ledger.refund(charge, 2_000)
    for name in arrival:
        assert town.stage.sync(name).ok
    assert town.worth() == ("80.00", 1)
