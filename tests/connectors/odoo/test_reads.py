"""What is asked of Odoo, and what becomes of its rows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.odoo.connector import VENDOR, OdooConfig
from mapping.contract import RemoteId
from mapping.errors import ConfigError, ContractError
from tests.connectors.odoo.desk import JSON2, JSONRPC, KEY, WHOLE, Desk, sample


def asked(desk: Desk) -> str:
    """Everything that was sent."""
    return "\n".join(exchange.request.body.decode() for exchange in desk.server.exchanges)


def test_what_is_empty_is_left_out_and_what_is_false_stays(desk: Desk) -> None:
    desk.database.create("res.partner", name="Ada")
    (record,) = desk.read("partners").records
    assert record.body["is_company"] is False
    assert not {"email", "phone", "parent_id", "country_id", "category_id", "comment"} & record.body.keys()


def test_neither_tokens_nor_files_nor_costly_fields_are_asked_for(desk: Desk) -> None:
    desk.database.create("res.partner", name="Ada", signup_token="s3cr3t", image_1920="aGVsbG8=")
    described = desk.open().describe().fields
    desk.server.forget()
    (record,) = desk.read("partners").records
    assert "x_favourite_colour" in described
    for name in ("signup_token", "image_1920", "contact_address", "child_ids"):
        assert name not in described
        assert name not in record.body
        assert f'"{name}"' not in asked(desk)


def test_a_computed_field_is_read_where_it_is_wanted(desk: Desk) -> None:
    desk.database.create("res.partner", name="Ada", street="1 Hill", city="Leeds")
    stream = desk.open(extra_fields=["partners.contact_address"])
    (record,) = desk.read(stream).records
    assert record.body["contact_address"] == "1 Hill\nLeeds"
    assert stream.describe().fields["contact_address"].computed


def test_a_field_that_cannot_be_read_is_named(desk: Desk) -> None:
    for name in ("nonsense", "image_1920", "signup_token"):
        with pytest.raises(ConfigError, match=rf"partners\.{name}"):
            desk.open(extra_fields=[f"partners.{name}"]).describe()


def test_the_schema_says_what_odoo_says(desk: Desk) -> None:
    fields = desk.open().describe().fields
    assert (fields["email"].type, fields["phone"].type, fields["country_id"].type) == ("email", "phone", "reference")
    assert (fields["is_company"].type, fields["create_date"].type) == ("boolean", "datetime")
    assert "invoice=Invoice" in fields["type"].options
    assert not fields["email_normalized"].writable


def test_a_field_of_ones_own_is_read_and_described(desk: Desk) -> None:
    desk.database.create("res.partner", name="Ada", x_favourite_colour="green")
    (record,) = desk.read("partners").records
    assert record.body["x_favourite_colour"] == "green"


def test_lines_and_links_are_read_along_once_a_page(desk: Desk) -> None:
    partner = desk.database.create("res.partner", name="Bea")
    product = desk.database.create("product.product", name="Chair", default_code="CH-1")
    for number in range(6):
        values = sample("orders", number, partner.id)
        values["order_line"][0][2]["product_id"] = product.id
        desk.database.create("sale.order", **values)
    desk.server.forget()
    haul = desk.read(desk.open("orders", page_size=3))
    for record in haul.records:
        (line,) = record.body["joined"]["order_line"]
        assert line["joined"]["product_id"]["default_code"] == "CH-1"
        assert "display_type" not in line
    path = "json/2" if desk.database.version == JSON2 else "jsonrpc"
    models = [each.request.path + each.request.body.decode() for each in desk.server.exchanges if path in each.template]
    assert sum("sale.order.line" in each and '"in"' in each for each in models) == 2, "once a page"
    assert sum("product.product" in each for each in models) == 1, "what is known is not asked again"


def test_names_are_asked_for_in_one_language(desk: Desk) -> None:
    desk.database.create("res.partner", name="Ada")
    desk.server.forget()
    desk.read("partners")
    assert '"lang":"en_US"' in asked(desk)


def test_get_and_ids_leave_out_what_is_archived_or_gone(desk: Desk) -> None:
    ada, bea, cyn = (desk.database.create("res.partner", name=name).id for name in ("Ada", "Bea", "Cyn"))
    desk.database.write("res.partner", [bea], active=False)
    desk.database.unlink("res.partner", [cyn])
    stream = desk.open()
    assert stream.get
    assert stream.ids
    wanted = [RemoteId(str(each)) for each in (ada, bea, cyn)]
    assert [each.remote_id for each in stream.get(WHOLE, [*wanted, RemoteId("no id")])] == [str(ada)]
    assert [each for ids in stream.ids(WHOLE) for each in ids] == [str(ada)]
    assert list(stream.get(WHOLE, [])) == []


def test_windows_that_touch_miss_nothing_and_repeat_nothing(desk: Desk) -> None:
    stream = desk.open(page_size=2)
    assert stream.window
    start = desk.clock.now()
    ids = []
    for _ in range(12):
        ids.append(str(desk.database.create("res.partner", name="Ada").id))
        desk.clock.advance(0.4)
    found: list[str] = []
    for second in range(6):
        begin = start + timedelta(seconds=second)
        pages = stream.window(WHOLE, begin, begin + timedelta(seconds=1), None)
        found += [each.remote_id for page in pages for each in page.records]
    assert found == ids


def test_bills_of_suppliers_are_read_by_choice(desk: Desk) -> None:
    kinds = ("out_invoice", "out_refund", "in_invoice", "in_refund", "entry")
    ids = {kind: desk.database.create("account.move", move_type=kind).id for kind in kinds}
    assert desk.read("invoices").numbers == [ids["out_invoice"], ids["out_refund"]]
    assert desk.read(desk.open("invoices", supplier_bills=True)).numbers == [ids[kind] for kind in kinds[:4]]


def test_a_listing_that_stands_still_is_an_error(desk: Desk) -> None:
    desk.database.create("res.partner", name="Ada")
    row = {"id": 1, "name": "Ada", "write_date": "2026-05-04 09:00:00"}
    body: Any = [row] if desk.database.version == JSON2 else {"jsonrpc": "2.0", "id": 1, "result": [row]}
    stream = desk.open()
    # Let the release, the login, the fields and the newest date through; then the same row comes for ever.
    skip = 2 if desk.database.version == JSON2 else 4
    path = "search_read|fields_get" if desk.database.version == JSON2 else "jsonrpc"
    desk.server.faults.fail(200, body=body, times=10, skip=skip, path=path)
    with pytest.raises(ContractError, match="does not move past"):
        desk.read(stream)


@pytest.mark.parametrize(("version", "path"), [(JSONRPC, "jsonrpc"), (JSON2, "json/2")])
def test_the_release_decides_on_the_dialect(version: int, path: str) -> None:
    desk = Desk(version)
    try:
        desk.read("partners")
        assert desk.server.calls(path=path) > 2
        assert desk.server.calls(path="json/2") == (0 if version == JSONRPC else desk.server.calls(path="json/2"))
    finally:
        desk.close()


def test_json_rpc_can_be_asked_for_and_does_with_a_password() -> None:
    desk = Desk(JSON2)
    try:
        connector = desk.connector(dialect="jsonrpc", api_key=desk.server.password)
        assert connector.check().id.startswith("acme@127.0.0.1:")
        assert desk.server.calls(path="json/2") == 0
    finally:
        desk.close()


def test_where_json_rpc_is_gone_the_release_is_found_all_the_same() -> None:
    desk = Desk(JSON2)
    try:
        desk.server.faults.fail(404, body="<html>Not Found</html>", times=9, path="/jsonrpc")
        assert desk.connector(database="", user="").check().name.endswith("(Odoo 19.0)")
    finally:
        desk.close()


def test_json_rpc_without_a_user_says_what_is_missing() -> None:
    desk = Desk(JSONRPC)
    try:
        with pytest.raises(ConfigError, match="database and user"):
            desk.connector(user="").check()
    finally:
        desk.close()


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"server_version": "12.0", "server_version_info": [12, 0, 0, "final", 0]}, "older than 14"),
        ({"server_version": "saas~11.3", "server_version_info": ["saas~11", 3, 0, "final", 0]}, "older than 14"),
        ({"server": "something else"}, "does not say which Odoo"),
        ([], "does not say which Odoo"),
    ],
)
def test_a_server_that_is_none_of_ours_is_told(said: Any, problem: str) -> None:
    desk = Desk(JSONRPC)
    try:
        desk.server.faults.fail(200, body={"jsonrpc": "2.0", "id": 1, "result": said}, path="/jsonrpc")
        with pytest.raises(ContractError, match=problem):
            desk.connector().check()
    finally:
        desk.close()


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"url": "acme.odoo.com"}, "nothing after it"),
        ({"url": "https://acme.odoo.com/web?db=x"}, "nothing after it"),
        ({"url": "https://x", "extra_fields": ["people.credit"]}, "streams are partners"),
        ({"url": "https://x", "dialect": "xmlrpc"}, "json2"),
        ({"url": "https://x", "password": "x"}, "password"),
    ],
)
def test_a_wrong_setting_says_what_is_right(config: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        OdooConfig.model_validate({"api_key": KEY, **config})
    assert KEY not in repr(OdooConfig.model_validate({"url": "https://x", "api_key": KEY}))
    assert not VENDOR.writes


def test_the_account_is_the_place_and_not_what_a_copy_shares(desk: Desk) -> None:
    account = desk.connector().check()
    assert account.id == f"acme@{desk.server.url.removeprefix('http://')}"
    assert json.dumps(account.name).startswith('"acme (Odoo 1')
