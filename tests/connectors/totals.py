"""What every customer of a whole shop bought, as a hub has it: to be laid beside the shop's own answers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.sync.hubs import Stage

CUSTOMERS, ORDERS = 5_000, 20_000

Totals = Mapping[str, tuple[int, Decimal]]
"""How many orders, and their sum, by the shop's number of the customer."""


def purchases() -> Iterator[tuple[int, int, int]]:
    """Who buys, at which price in pence, and how many: the same each time, some buy often and some never."""
    chance = random.Random(2026)
    for _ in range(ORDERS):
        yield int(CUSTOMERS * chance.random() ** 2), chance.randrange(99, 50_000), chance.randrange(1, 5)


def add(totals: dict[str, tuple[int, Decimal]], customer: str, amount: Decimal) -> None:
    """One more order."""
    count, total = totals.get(customer, (0, Decimal(0)))
    totals[customer] = count + 1, total + amount


class Ledger:
    """A hub that reads one shop."""

    def __init__(self, folder: Path, database_url: str, connector: str, config: Mapping[str, Any]) -> None:
        (folder / "s").mkdir()
        self.stage = Stage(folder, database_url)
        self.stage.settings["connections"] = {"real": {"connector": connector, "config": dict(config)}}
        self.stage.configure()

    def close(self) -> None:
        """Lets go of the database."""
        self.stage.close()

    def totals(self) -> tuple[Totals, int]:
        """After a sync: the orders by the customer that they name as the buyer, and how many customers there are."""
        report = self.stage.sync()
        assert [each.message for each in report.streams if each.status != "ok"] == []
        found: dict[str, tuple[int, Decimal]] = {}
        for row in self.stage.rows("entity"):
            if row["kind"] != "order":
                continue
            told = json.loads(row["values"]) if isinstance(row["values"], str) else row["values"]
            (buyer,) = (each for each in told["participants"] if each["role"] == "buyer")
            add(found, buyer["ids"][0].rpartition(":")[2], Decimal(told["total"]))
        return found, len(self.stage.hub.find_customers("", CUSTOMERS * 2))

    def worth(self) -> Totals:
        """What the traits say of each customer who bought: how many orders count, and what they came to."""
        orders = [json.loads(row["values"]) for row in self.stage.rows("fact") if row["kind"] == "order"]
        (currency,) = {order["currency"] for order in orders}
        self.stage.configure(hub={"currency": currency})
        self.stage.hub.resolve()
        traits = {row["customer_id"]: json.loads(row["values"]) for row in self.stage.rows("trait")}
        home = {row["entity_id"]: row["customer_id"] for row in self.stage.rows("membership")}
        found: dict[str, tuple[int, Decimal]] = {}
        for row in self.stage.rows("entity"):
            told = traits.get(home.get(row["id"], ""))
            if row["kind"] == "person" and told is not None:
                (known,) = json.loads(row["values"])["ids"]
                found[known.rpartition(":")[2]] = told["order_count"], Decimal(told["lifetime_value"])
        return found

    def timelines(self, emails: Iterator[str]) -> Iterator[tuple[str, int]]:
        """For each address the one customer who has it: the address, and how many orders stand in the timeline."""
        for email in emails:
            (one,) = self.stage.hub.find_customers(email, 2)
            facts = self.stage.hub.timeline(one.id, 10_000)
            yield email, sum(":order:" in fact.key for fact in facts)
