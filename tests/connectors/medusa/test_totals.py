"""A real Medusa with 5,000 customers and 20,000 orders: what each bought is what the shop itself says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.connectors.medusa.works import Works
from tests.connectors.totals import CUSTOMERS, ORDERS, Ledger, Totals, add, purchases
from tests.servers.medusa import RELEASE

pytestmark = [pytest.mark.real, pytest.mark.proof("real server", f"Medusa {RELEASE}")]


@pytest.fixture
def ledger(tmp_path: Path, sqlite_template: Path, works: Works) -> Iterator[Ledger]:
    database = tmp_path / "concord.db"
    database.write_bytes(sqlite_template.read_bytes())
    login = {"email": works.server.user, "password": works.server.password}
    config = {"url": works.server.url, **login, "page_size": 500}
    ledger = Ledger(tmp_path, f"sqlite:///{database}", "medusa", config)
    yield ledger
    ledger.close()


def fill(works: Works) -> None:
    """By its database; every total is worked out by the shop when it is asked."""
    works.renew()
    start = datetime.now(UTC) - timedelta(days=300)
    with works.copies.writing() as c:
        people = [works.copies.customer(c, f"ada.{n}@example.com", start, f"Castro {n}") for n in range(CUSTOMERS)]
        for number, (buyer, price, quantity) in enumerate(purchases()):
            at, email = start + timedelta(minutes=number * 20), f"ada.{buyer}@example.com"
            works.copies.order(c, people[buyer], email, at, str(Decimal(price).scaleb(-2)), quantity)


def answered(works: Works) -> Totals:
    """What the shop says of each customer who bought."""
    found: dict[str, tuple[int, Decimal]] = {}
    offset, count = 0, 1
    while offset < count:
        asked = {"fields": "customer_id,total", "order": "id", "offset": offset, "limit": 500}
        told = works.backdoor.answer("/admin/orders", asked).json()
        offset, count = offset + len(told["orders"]), told["count"]
        for order in told["orders"]:
            add(found, order["customer_id"], Decimal(str(order["total"])))
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
