"""A real Vendure with 5,000 customers and 20,000 orders: what each bought is what the shop itself says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.connectors.totals import CUSTOMERS, ORDERS, Ledger, Totals, add, purchases
from tests.connectors.vendure.works import Works
from tests.servers.vendure import RELEASE

pytestmark = [pytest.mark.real, pytest.mark.proof("real server", f"Vendure {RELEASE}")]

ASKED = """query ($skip: Int!) { customers(options: { skip: $skip, take: 250, sort: { id: ASC } }) {
 totalItems items { id orders { totalItems items { totalWithTax } } } } }"""


@pytest.fixture
def ledger(tmp_path: Path, sqlite_template: Path, works: Works) -> Iterator[Ledger]:
    database = tmp_path / "concord.db"
    database.write_bytes(sqlite_template.read_bytes())
    login = {"username": works.server.user, "password": works.server.password}
    config = {"url": f"{works.server.url}admin-api", **login, "page_size": 500}
    ledger = Ledger(tmp_path, f"sqlite:///{database}", "vendure", config)
    yield ledger
    ledger.close()


def fill(works: Works) -> None:
    """By its database; every total is worked out by the shop when it is asked."""
    works.renew()
    start = datetime.now(UTC) - timedelta(days=300)
    with works.copies.writing() as c:
        people = [works.copies.customer(c, f"ada.{n}@example.com", start, f"Castro {n}") for n in range(CUSTOMERS)]
        for number, (buyer, price, quantity) in enumerate(purchases()):
            works.copies.order(c, people[buyer], start + timedelta(minutes=number * 20), price, quantity)


def answered(works: Works) -> Totals:
    """What the shop says of each customer who bought."""
    found: dict[str, tuple[int, Decimal]] = {}
    skip, total = 0, 1
    while skip < total:
        told = works.backdoor.ask(ASKED, skip=skip)["customers"]
        skip, total = skip + len(told["items"]), told["totalItems"]
        for customer in told["items"]:
            assert customer["orders"]["totalItems"] == len(customer["orders"]["items"])
            for order in customer["orders"]["items"]:
                add(found, customer["id"], Decimal(order["totalWithTax"]).scaleb(-2))
    assert total == CUSTOMERS
    return found


@pytest.mark.timeout(3_000)
def test_what_each_customer_bought_is_what_the_shop_says(works: Works, ledger: Ledger) -> None:
    fill(works)
    theirs = answered(works)
    assert sum(count for count, _ in theirs.values()) == ORDERS
    ours, customers = ledger.totals()
    assert customers == CUSTOMERS
    assert ours == theirs
    assert ledger.worth() == theirs
    wanted = {f"ada.{n}@example.com": 0 for n in range(0, CUSTOMERS, 250)}
    for buyer, _, _ in purchases():
        if f"ada.{buyer}@example.com" in wanted:
            wanted[f"ada.{buyer}@example.com"] += 1
    assert dict(ledger.timelines(iter(wanted))) == wanted
