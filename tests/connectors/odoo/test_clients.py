"""The stand-in is honest: clients that others wrote, unchanged, work against it and meet its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import odoolib
import odoorpc
import pytest
from odoolib.tools import AuthenticationError, JsonRPCException

from connectors.odoo.sandbox import OdooSandbox, serve
from tests.connectors.rig import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=[16, 18, 19])
def sandbox(request: pytest.FixtureRequest, clock: Clock) -> Iterator[OdooSandbox]:
    with serve(version=request.param, now=clock.now) as server:
        yield server


@pytest.fixture
def newest(clock: Clock) -> Iterator[OdooSandbox]:
    with serve(version=19, now=clock.now) as server:
        yield server


def port(sandbox: OdooSandbox) -> int:
    return urlsplit(sandbox.url).port or 0


def logged_in(sandbox: OdooSandbox) -> Any:
    client = odoorpc.ODOO("127.0.0.1", port=port(sandbox))
    client.login(sandbox.database.name, sandbox.user, sandbox.password)
    return client


def connected(sandbox: OdooSandbox, protocol: str, secret: str = "") -> Any:
    return odoolib.get_connection(
        hostname="127.0.0.1",
        protocol=protocol,
        port=port(sandbox),
        database=sandbox.database.name,
        login=sandbox.user,
        password=secret or sandbox.api_key,
    )


@pytest.mark.proof("official client", "odoo-client-lib")
@pytest.mark.parametrize("protocol", ["jsonrpc", "json2"])
class TestTheOfficialClient:
    def test_a_wrong_secret_is_an_authentication_error(self, newest: OdooSandbox, protocol: str) -> None:
        connection = connected(newest, protocol, "wrong")
        if protocol == "json2":
            assert connection.check_login() is False
        with pytest.raises(AuthenticationError):
            connection.get_model("res.partner").search(domain=[])

    def test_errors_come_as_its_exceptions(self, newest: OdooSandbox, protocol: str) -> None:
        connection = connected(newest, protocol)
        kind = JsonRPCException if protocol == "jsonrpc" else ValueError
        newest.database.forbidden.add("sale.order")
        partners = connection.get_model("res.partner")
        cases: list[tuple[Callable[[], Any], str]] = [
            (lambda: partners.search_count(domain=[["nonsense", "=", 1]]), "ValueError"),
            (lambda: partners.search_count(domain=[], bogus=1), "bogus"),
            (lambda: partners.write([999], {"name": "x"}), "MissingError"),
            (lambda: partners.create({"type": "contact"}), "ValidationError"),
            (lambda: partners.invent(), "invent"),
            (lambda: connection.get_model("sale.order").search_count(domain=[]), "AccessError"),
            (lambda: connection.get_model("no.model").search_count(domain=[]), "no.model"),
        ]
        for call, name in cases:
            with pytest.raises((kind, KeyError) if "invent" in name else kind) as refused:
                call()
            assert name in str(refused.value)

    def test_a_partner_is_created_found_changed_and_deleted(self, newest: OdooSandbox, protocol: str) -> None:
        connection = connected(newest, protocol)
        connection.check_login()
        partners = connection.get_model("res.partner")
        made = partners.create({"name": "Ada", "email": "ada@example.com", "country_id": 1})
        id_ = made[0] if isinstance(made, list) else made
        assert partners.search(domain=[["email", "=ilike", "ADA@%"]]) == [id_]
        read = partners.read([id_], ["name", "country_id", "phone", "child_ids"])
        (one,) = read if isinstance(read, list) else [read]
        assert one == {"id": id_, "name": "Ada", "country_id": [1, "Belgium"], "phone": False, "child_ids": []}
        assert partners.write([id_], {"name": "Ada Castro"}) is True
        found = partners.search_read(domain=[["id", "=", id_]], fields=["name"])
        assert found == [{"id": id_, "name": "Ada Castro"}]
        assert partners.unlink([id_]) is True
        assert partners.search_count(domain=[["id", "=", id_]]) == 0


@pytest.mark.proof("official client", "odoorpc")
class TestOdooRpc:
    """Not the vendor's own, but the one that most programs use (OCA)."""

    def test_a_wrong_password_is_refused(self, sandbox: OdooSandbox) -> None:
        client = odoorpc.ODOO("127.0.0.1", port=port(sandbox))
        with pytest.raises(odoorpc.error.RPCError, match="Wrong login"):
            client.login(sandbox.database.name, sandbox.user, "wrong")
        with pytest.raises(odoorpc.error.RPCError, match="does not exist"):
            client.login("nowhere", sandbox.user, sandbox.password)

    def test_errors_come_as_its_exceptions(self, sandbox: OdooSandbox) -> None:
        client = logged_in(sandbox)
        sandbox.database.forbidden.add("crm.lead")
        for model, method, args, name in (
            ("res.partner", "search", ([["nonsense", "=", 1]],), "ValueError"),
            ("res.partner", "search", ([["name", "near", 1]],), "ValueError"),
            ("res.partner", "_search", ([],), "AccessError"),
            ("res.partner", "write", ([999], {"name": "x"}), "MissingError"),
            ("res.partner", "create", ({"type": "nobody"},), "ValueError"),
            ("crm.lead", "search", ([],), "AccessError"),
            ("no.model", "search", ([],), "UserError"),
        ):
            with pytest.raises(odoorpc.error.RPCError) as refused:
                client.execute(model, method, *args)
            assert refused.value.info["data"]["name"].endswith(name)

    def test_a_posted_invoice_cannot_be_deleted(self, sandbox: OdooSandbox) -> None:
        client = logged_in(sandbox)
        move = client.env["account.move"].create({"move_type": "out_invoice", "amount_total": 5})
        client.env["account.move"].action_post([move])
        with pytest.raises(odoorpc.error.RPCError) as refused:
            client.env["account.move"].unlink([move])
        assert refused.value.info["data"]["name"] == "odoo.exceptions.UserError"
        assert client.env["account.move"].browse(move).name.startswith("INV/")

    def test_records_are_browsed_changed_and_deleted(self, sandbox: OdooSandbox) -> None:
        client = logged_in(sandbox)
        assert client.version == f"{sandbox.database.version}.0"
        assert client.db.list() == [sandbox.database.name]
        assert client.env.user.login == "admin"
        partners = client.env["res.partner"]
        firm = partners.create({"name": "Firm", "is_company": True, "country_id": 1})
        ada, bea = partners.create([{"name": "Ada", "parent_id": firm}, {"name": "Bea", "parent_id": firm}])
        record = partners.browse(ada)
        assert (record.parent_id.country_id.code, record.display_name) == ("BE", "Firm, Ada")
        assert sorted(each.name for each in partners.browse(firm).child_ids) == ["Ada", "Bea"]
        record.email = "ada@example.com"
        assert partners.read([ada], ["email"])[0]["email"] == "ada@example.com"
        assert partners.unlink([ada, bea]) is True
        assert partners.read([ada], ["name"]) == []

    def test_meetings_and_orders_carry_their_lines(self, sandbox: OdooSandbox) -> None:
        client = logged_in(sandbox)
        ada = client.env["res.partner"].create({"name": "Ada", "email": "ada@example.com"})
        times = {"start": "2026-05-04 08:00:00", "stop": "2026-05-04 09:00:00"}
        event = client.env["calendar.event"].create({"name": "Tea", "partner_ids": [(6, 0, [ada])], **times})
        (attendee,) = client.env["calendar.event"].browse(event).attendee_ids
        client.env["calendar.attendee"].do_accept([attendee.id])
        (read,) = client.env["calendar.attendee"].read([attendee.id], ["state", "email", "common_name"])
        assert (read["state"], read["email"], read["common_name"]) == ("accepted", "ada@example.com", "Ada")
        line = {"name": "Chair", "product_uom_qty": 3, "price_unit": 5}
        order = client.env["sale.order"].create({"partner_id": ada, "order_line": [(0, 0, line)]})
        (held,) = client.env["sale.order"].read([order], ["amount_total", "state", "order_line"])
        assert (held["amount_total"], held["state"], len(held["order_line"])) == (15.0, "draft", 1)
