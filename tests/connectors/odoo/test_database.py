"""The stand-in's database keeps Odoo's rules."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.odoo.database import Database
from connectors.odoo.database_errors import OdooError
from connectors.odoo.sandbox import serve
from tests.connectors.rig import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(clock: Clock) -> Database:
    database = Database(now=clock.now)
    database.unlink("res.partner", [row.id for row in database.rows("res.partner")])
    return database


@pytest.fixture
def people(database: Database) -> dict[str, int]:
    made: dict[str, int] = {}

    def put(name: str, **values: Any) -> None:
        made[name] = database.create("res.partner", name=name, **values).id

    put("Firm", is_company=True, country_id=1)
    put("Ada", parent_id=made["Firm"], email="ada@example.com", country_id=2, customer_rank=3)
    put("Bea", parent_id=made["Ada"], email="BEA@example.com", function="100% sure")
    put("Cyn", customer_rank=1)
    put("Old", active=False)
    return made


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ([], "Firm Ada Bea Cyn"),
        ([["active", "=", False]], "Old"),
        ([["active", "in", [True, False]]], "Firm Ada Bea Cyn Old"),
        ([["name", "=", "Ada"]], "Ada"),
        ([["name", "!=", "Ada"]], "Firm Bea Cyn"),
        ([["email", "!=", "ada@example.com"]], "Firm Bea Cyn"),
        ([["email", "=", False]], "Firm Cyn"),
        ([["email", "!=", False]], "Ada Bea"),
        ([["name", "in", ["Ada", "Cyn"]]], "Ada Cyn"),
        ([["name", "not in", ["Ada", "Cyn"]]], "Firm Bea"),
        ([["customer_rank", ">=", 1]], "Ada Cyn"),
        ([["customer_rank", ">", 1]], "Ada"),
        ([["customer_rank", "=", 0]], "Firm Bea"),
        (["|", ["name", "=", "Ada"], ["name", "=", "Bea"]], "Ada Bea"),
        (["|", "&", ["is_company", "=", True], ["name", "=", "x"], ["name", "=", "Cyn"]], "Cyn"),
        (["!", ["name", "=", "Ada"]], "Firm Bea Cyn"),
        (["!", "|", ["name", "=", "Ada"], ["name", "=", "Cyn"], ["id", ">", 0]], "Firm Bea"),
        (["&", ["is_company", "=", False], ["customer_rank", ">", 0], ["name", "like", "y"]], "Cyn"),
        ([["email", "like", "ada"]], "Ada"),
        ([["email", "like", "BEA"]], "Bea"),
        ([["email", "ilike", "bea"]], "Bea"),
        ([["email", "not ilike", "bea"]], "Firm Ada Cyn"),
        ([["email", "=ilike", "bea@%"]], "Bea"),
        ([["email", "=like", "bea@%"]], ""),
        ([["name", "=like", "_e_"]], "Bea"),
        ([["country_id.code", "=", "BE"]], "Firm"),
        ([["parent_id.country_id.code", "=", "BE"]], "Ada"),
        ([["parent_id", "=", False]], "Firm Cyn"),
        ([["parent_id", "!=", False]], "Ada Bea"),
        ([["parent_id.name", "ilike", "firm"]], "Ada"),
        ([["country_id", "=", "Belgium"]], "Firm"),
        ([["country_id", "ilike", "fra"]], "Ada"),
        ([["child_ids.email", "ilike", "bea"]], "Ada"),
        ([["child_ids", "=", False]], "Bea Cyn"),
        ([["child_ids", "any", [["name", "=", "Ada"]]]], "Firm"),
        ([["name", "=?", False]], "Firm Ada Bea Cyn"),
    ],
)
def test_a_domain_finds(database: Database, people: dict[str, int], domain: list[Any], names: str) -> None:
    assert " ".join(row.values["name"] for row in database.search("res.partner", domain)) == names


def test_families_are_followed(database: Database, people: dict[str, int]) -> None:
    def names(*term: Any) -> list[str]:
        return [row.values["name"] for row in database.search("res.partner", [term])]

    assert names("id", "child_of", people["Ada"]) == ["Ada", "Bea"]
    assert names("parent_id", "child_of", [people["Firm"]]) == ["Ada", "Bea"]
    assert names("id", "parent_of", people["Bea"]) == ["Firm", "Ada", "Bea"]


@pytest.mark.parametrize(
    "domain",
    [
        [["nonsense", "=", 1]],
        [["name", "near", "x"]],
        [["name", "="]],
        ["&", ["name", "=", "x"]],
        ["name"],
        [["contact_address", "=", "x"]],
        [["write_date", ">", "yesterday"]],
        [["parent_id.nonsense", "=", 1]],
    ],
)
def test_a_domain_that_makes_no_sense_is_refused(database: Database, domain: list[Any]) -> None:
    database.create("res.partner", name="Ada")
    with pytest.raises(OdooError) as refused:
        database.search("res.partner", domain)
    assert refused.value.name == "builtins.ValueError"


def test_rows_come_in_the_order_asked_for(database: Database, people: dict[str, int]) -> None:
    def names(order: str, **more: Any) -> str:
        return "".join(row.values["name"][0] for row in database.search("res.partner", [], order=order, **more))

    assert names("name desc") == "FCBA"
    assert names("email, id") == "BAFC", "empty ones last"
    assert names("customer_rank desc, name") == "ACBF"
    assert names("name", offset=1, limit=2) == "BC"
    with pytest.raises(OdooError):
        names("nonsense")


@pytest.mark.parametrize(("version", "again"), [(16, True), (18, True), (19, False)])
def test_a_shown_date_is_before_the_row_until_whole_seconds_are_compared(version: int, again: bool) -> None:
    """odoo/odoo#24102, and #203626 that ended it."""
    clock = Clock()
    database = Database(version=version, now=clock.now)
    clock.advance(60)
    database.create("res.partner", name="Ada")
    row = database.create("res.partner", name="Bea")
    assert row.changed is not None
    assert row.changed.microsecond
    shown = row.changed.strftime("%Y-%m-%d %H:%M:%S")

    def found(sign: str) -> bool:
        return row in database.search("res.partner", [["write_date", sign, shown]])

    assert (found(">"), found("=")) == (again, not again)
    assert found(">=")
    assert not found("<")


def test_a_write_moves_the_date_of_what_it_computes_and_of_nothing_else(database: Database, clock: Clock) -> None:
    partner = database.create("res.partner", name="Ada")
    order = database.create("sale.order", partner_id=partner.id, order_line=[(0, 0, {"name": "x", "price_unit": 2})])
    made, line = order.changed, database.rows("sale.order.line")[0].id
    clock.advance(5)
    database.write("sale.order.line", [line], name="y")
    assert order.changed == made
    database.write("sale.order.line", [line], price_unit=3)
    assert order.values["amount_total"] == 3.0
    assert order.changed is not None
    assert made is not None
    assert order.changed > made


def test_what_fails_leaves_nothing_behind(database: Database) -> None:
    for values, name in (
        ({"type": "contact"}, "ValidationError"),
        ({"name": "x", "type": "king"}, "ValueError"),
        ({"name": "x", "nonsense": 1}, "ValueError"),
        ({"name": "x", "customer_rank": "many"}, "ValueError"),
    ):
        with pytest.raises(OdooError) as refused:
            database.create("res.partner", **values)
        assert refused.value.name.endswith(name)
    with pytest.raises(OdooError):
        database.create("calendar.event", name="Tea")
    assert database.rows("res.partner") == []
    assert database.rows("calendar.event") == []


def test_what_hangs_on_a_record_goes_with_it(database: Database) -> None:
    ada, bea = (database.create("res.partner", name=name).id for name in ("Ada", "Bea"))
    times = {"start": "2026-05-04 08:00:00", "stop": "2026-05-04 09:00:00"}
    event = database.create("calendar.event", name="Tea", partner_ids=[(6, 0, [ada, bea])], **times)
    assert len(database.rows("calendar.attendee")) == 2
    database.write("calendar.event", [event.id], partner_ids=[(3, ada)])
    assert [row.values["partner_id"] for row in database.rows("calendar.attendee")] == [bea]
    database.unlink("calendar.event", [event.id, 999])
    assert database.rows("calendar.attendee") == []


def test_what_is_needed_elsewhere_stays_and_other_links_are_emptied(database: Database, clock: Clock) -> None:
    firm, ada = (database.create("res.partner", name=name) for name in ("Firm", "Ada"))
    database.write("res.partner", [ada.id], parent_id=firm.id)
    order = database.create("sale.order", partner_id=ada.id)
    with pytest.raises(OdooError) as refused:
        database.unlink("res.partner", [ada.id])
    assert refused.value.name == "odoo.exceptions.ValidationError"
    before = ada.changed
    clock.advance(5)
    database.unlink("res.partner", [firm.id])
    assert (ada.values["parent_id"], ada.changed) == (None, before)
    database.unlink("sale.order", [order.id])
    database.unlink("res.partner", [ada.id])


def test_json_2_answers_with_the_status_of_what_went_wrong(clock: Clock) -> None:
    with serve(version=19, now=clock.now) as sandbox:

        def status(path: str, body: Any, **headers: str) -> tuple[int, str]:
            sent = {"Authorization": f"bearer {sandbox.api_key}", **headers}
            answer = httpx.post(f"{sandbox.url}/json/2/{path}", json=body, headers=sent)
            kind = answer.headers["content-type"].partition(";")[0]
            return answer.status_code, answer.json()["name"].rpartition(".")[2] if "json" in kind else kind

        sandbox.database.forbidden.add("crm.lead")
        assert status("res.partner/search", {"domain": []}, Authorization="bearer x") == (401, "Unauthorized")
        assert status("res.partner/search", {"domain": []}, **{"X-Odoo-Database": "b"}) == (404, "text/html")
        assert status("no.model/search", {"domain": []}) == (404, "NotFound")
        assert status("res.partner/invent", {}) == (404, "NotFound")
        assert status("res.partner/search", {}) == (422, "UnprocessableEntity")
        assert status("res.partner/search", {"domain": [], "bogus": 1}) == (422, "UnprocessableEntity")
        assert status("res.partner/create", {"ids": [1], "vals_list": [{}]}) == (422, "UnprocessableEntity")
        assert status("res.partner/create", {"vals_list": [{}]}) == (422, "ValidationError")
        assert status("res.partner/_search", {"domain": []}) == (403, "AccessError")
        assert status("crm.lead/search", {"domain": []}) == (403, "AccessError")
        assert status("res.partner/write", {"ids": [999], "vals": {}}) == (404, "MissingError")
        assert status("res.partner/search", {"domain": [["x", "=", 1]]}) == (500, "ValueError")
        made = httpx.post(
            f"{sandbox.url}/json/2/res.partner/create",
            json={"vals_list": {"name": "Ada"}},
            headers={"Authorization": f"Bearer {sandbox.api_key}"},
        )
        assert isinstance(made.json(), list)


def test_json_rpc_answers_with_200_whatever_went_wrong(clock: Clock) -> None:
    with serve(version=18, now=clock.now) as sandbox:

        def called(service: str, method: str, *args: Any) -> Any:
            params = {"service": service, "method": method, "args": list(args)}
            answer = httpx.post(f"{sandbox.url}/jsonrpc", json={"jsonrpc": "2.0", "id": 7, "params": params})
            assert (answer.status_code, answer.json()["id"]) == (200, 7)
            return answer.json()

        login = ("acme", "admin", sandbox.password)
        assert called("common", "login", *login)["result"] == 2
        assert called("common", "authenticate", "acme", "admin", "wrong", {})["result"] is False
        for args, name in (
            (("acme", 2, "wrong", "res.partner", "search", [[]]), "AccessDenied"),
            (("b", 2, sandbox.password, "res.partner", "search", [[]]), "OperationalError"),
            (("acme", 2, sandbox.password, "no.model", "search", [[]]), "UserError"),
            (("acme", 2, sandbox.password, "res.partner", "search", []), "TypeError"),
            (("acme",), "ValueError"),
        ):
            error = called("object", "execute_kw", *args)["error"]
            assert error["data"]["name"].endswith(name)
            assert (error["code"], error["message"]) == (200, "Odoo Server Error")
        assert httpx.post(f"{sandbox.url}/jsonrpc", content=b"{").status_code == 400
        assert httpx.post(f"{sandbox.url}/json/2/res.partner/search", json={}).status_code == 404


def test_later_releases_can_shut_json_rpc(clock: Clock) -> None:
    with serve(version=19, now=clock.now, deprecated_services=False) as sandbox:
        params = {"service": "common", "method": "login", "args": ["acme", "admin", sandbox.password]}
        answer = httpx.post(f"{sandbox.url}/jsonrpc", json={"jsonrpc": "2.0", "id": 1, "params": params})
        assert answer.json()["error"]["code"] == 404
        assert httpx.get(f"{sandbox.url}/web/version").json()["version"] == "19.0"


def test_a_person_sees_what_there_is(clock: Clock) -> None:
    with serve(now=clock.now) as sandbox:
        sandbox.database.create("res.partner", name="<Ada>", email="ada@example.com")
        page = httpx.get(sandbox.url).text
    assert "&lt;Ada&gt;" in page
    assert "res.partner" in page
