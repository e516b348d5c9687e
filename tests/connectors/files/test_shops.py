"""Shopify and Stripe exports become people, consents, orders and payments."""

from __future__ import annotations

import pytest

from tests.connectors.files.support import Folder

CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address City,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,"
    "Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags,"
    "Birth date (customer.metafields.facts.birth_date),Shoe (customer.metafields.custom.shoe)\n"
)
ORDERS = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem sku,Billing Name,Billing Street,Billing City,Billing Zip,Billing Country,Billing Phone,"
    "Cancelled at,Refunded Amount,Id,Tags,Source\n"
)


def order(
    name: str, lines: list[str], *, identity: str = "", email: str = "kim@plum.example", subtotal: str = "30.00"
) -> str:
    head = (
        f"{name},{email},paid,2026-05-01 10:00:05 +0200,fulfilled,2026-05-02 09:00:00 +0200,no,EUR,{subtotal},5.00,"
        f"6.00,35.00,MAY,0.00,Post,2026-05-01 10:00:00 +0200,{lines[0]},Kim Plum,Laan 2,Ede,'6711 AA,NL,'+31612345678,,"
        f"2.50,{identity},,web\n"
    )
    return head + "".join(f"{name},{email},,,,,,,,,,,,,,,{line},,,,,,,,,,,\n" for line in lines[1:])


def test_a_customer_becomes_a_person_with_both_consents(folder: Folder) -> None:
    folder.put(
        "customers.csv",
        "\ufeff"
        + CUSTOMERS
        + "'7001,Saar,'t Hooft,saar@plum.example,yes,Plum BV,Laan 2,Ede,NL,'6711 AA,'+31612345678,,"
        'no,99.50,3,"calls\nback",no,"vip, wholesale",1990-02-03,41\n',
    )
    person = folder.one("shopify_customers", "person")
    assert person["given_name"] == "Saar"
    assert person["family_name"] == "'t Hooft"  # her own apostrophe, not the spreadsheet's
    assert person["phone"] == "+31612345678"
    assert person["address"]["postal_code"] == "6711 AA"
    assert person["ids"] == ["shopify:customer:7001"]
    assert person["birth_date"] == "1990-02-03"
    assert person["tags"] == ["vip", "wholesale"]
    assert person["stage"] == "customer"
    assert person["notes"] == "calls\nback"
    assert person["custom"]["Shoe (customer.metafields.custom.shoe)"] == "41"
    assert folder.one("shopify_customers", "marketing_email")["granted"] is True
    sms = folder.one("shopify_customers", "marketing_sms")
    assert (sms["granted"], sms["purpose"]) == (False, "marketing_sms")
    assert sms["participants"][0]["ids"] == ["shopify:customer:7001"]


def test_the_older_customer_layout_without_ids_goes_by_email(folder: Folder) -> None:
    folder.put(
        "customers_export.csv",
        "First Name,Last Name,Email,Accepts Email Marketing,Company,Address1,Address2,City,Province,Province Code,"
        "Country,Country Code,Zip,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt\n"
        "Bo,Berg,BO@berg.example,no,,Storgata 1,2nd floor,Oslo,,,Norway,NO,'0155,,no,0.00,0,,,no\n",
    )
    (record,) = folder.read("shopify_customers").records
    assert record.remote_id == "bo@berg.example"
    person = folder.one("shopify_customers", "person", "NO")
    assert person["address"] == {
        "street": "Storgata 1, 2nd floor",
        "locality": "Oslo",
        "postal_code": "0155",
        "country": "NO",
    }
    assert "stage" not in person


def test_the_lines_of_an_order_are_gathered_and_a_row_without_an_order_costs_itself_only(folder: Folder) -> None:
    orphan = "#999,,,,,,,,,,,,,,,,1,Lost cup,5.00,,,,,,,,,,,,\n"
    blank_name = ",,,,,,,,,,,,,,,,1,Saucer,5.00,S-2,,,,,,,,,,,\n"
    folder.put(
        "orders.csv",
        ORDERS
        + orphan
        + order("#1001", ["2,Cup,10.00,C-1", "1,Spoon,5.00,S-1"], identity="5001")
        + blank_name
        + order("#1002", ["3,Cup,10.00,C-1"], identity="5002"),
    )
    read = folder.read("shopify_orders")
    assert read.errors == ["orders.csv:2: a line item without the order that it belongs to"]
    assert [record.remote_id for record in read.records] == ["5001", "5002"]
    first = next(e.values for e in folder.entities("shopify_orders") if e.part == "order")
    assert first["key"] == "shopify:order:5001"
    assert first["number"] == "#1001"
    assert first["at"] == "2026-05-01T08:00:00Z"
    assert first["refunded"] == "2.5"
    assert [line["title"] for line in first["lines"]] == ["Cup", "Spoon", "Saucer"]
    assert first["participants"][0]["email"] == "kim@plum.example"
    assert first["custom"]["Fulfillment Status"] == "fulfilled"


def test_duplicate_order_rows_count_once_unless_the_subtotal_says_otherwise(folder: Folder) -> None:
    twice = order("#1", ["1,Cup,10.00,C-1", "1,Lid,10.00,L-1", "1,Lid,10.00,L-1"], identity="1", subtotal="20.00")
    meant = order("#2", ["1,Cup,10.00,C-1", "1,Lid,10.00,L-1", "1,Lid,10.00,L-1"], identity="2", subtotal="30.00")
    first_row = order("#3", ["3,Cup,10.00,C-1"], identity="3")
    folder.put("orders.csv", ORDERS + twice + meant + first_row + first_row)
    bodies = {body["Id"]: body for body in folder.read("shopify_orders").bodies}
    assert {key: len(body["lines"]) for key, body in bodies.items()} == {"1": 2, "2": 3, "3": 1}


def test_a_buyer_who_left_only_a_name_is_known_by_the_order(folder: Folder) -> None:
    folder.put("orders.csv", ORDERS + order("#7", ["1,Cup,30.00,C"], email="").replace("'+31612345678", ""))
    buyer = folder.one("shopify_orders", "buyer")
    fact = folder.one("shopify_orders", "order")
    assert buyer["ids"] == fact["participants"][0]["ids"] == ["shopify:order:#7"]


def test_two_shops_do_not_share_ids_when_the_system_is_named(folder: Folder) -> None:
    folder.config["system"] = "north"
    folder.put("orders.csv", ORDERS + order("#7", ["1,Cup,30.00,C"]))
    assert folder.one("shopify_orders", "order")["key"] == "shopify.north:order:#7"


def test_no_card_data_of_a_stripe_payment_is_kept(folder: Folder) -> None:
    folder.put(
        "payments.csv",
        "id,Description,Seller Message,Created date (UTC),Amount,Amount Refunded,Currency,Converted Amount,Status,"
        "Statement Descriptor,Customer ID,Customer Description,Customer Email,Captured,Card ID,Card Last4,Card Brand,"
        "Card Name,table (metadata)\n"
        'ch_1,Dinner,Payment complete.,2026-05-01 18:30,"1.234,50",0.00,eur,1234.50,Paid,PLUM,cus_9,,kim@plum.example,'
        "true,card_1,4242,Visa,Kim Plum,12\n"
        "ch_2,,,2026-05-01 19:00,8.00,8.00,usd,8.00,Refunded,,,,,true,card_2,1111,Visa,,\n"
        ",,,2026-05-01 19:00,8.00,0,usd,8.00,Paid,,,,,true,,,,,\n",
    )
    read = folder.read("stripe_payments")
    assert "4242" not in str(read.bodies)
    assert "Visa" not in str(read.bodies)
    assert read.errors == ["payments.csv:4: the column 'id' is empty"]
    payments = [e.values for e in folder.entities("stripe_payments") if e.part == "payment"]
    assert payments[0]["key"] == "stripe:charge:ch_1"
    assert payments[0]["total"] == "1234.50"
    assert payments[0]["currency"] == "EUR"
    assert payments[0]["at"] == "2026-05-01T18:30:00Z"
    assert payments[0]["participants"] == [
        {"role": "payer", "email": "kim@plum.example", "ids": ["stripe:customer:cus_9"]}
    ]
    assert payments[0]["custom"]["table (metadata)"] == "12"
    assert payments[1]["status"] == "refunded"
    assert [e.values["email"] for e in folder.entities("stripe_payments") if e.part == "payer"] == ["kim@plum.example"]


def test_a_stripe_payment_says_whether_money_came_and_what_else_it_is_known_by(folder: Folder) -> None:
    folder.config["system"] = "north"
    folder.put(
        "payments.csv",
        "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Customer Email,Captured,Mode,PaymentIntent ID,"
        "Invoice ID\n"
        "ch_1,2026-05-01 18:30,10.00,0,eur,Paid,kim@plum.example,true,Live,pi_1,in_1\n"
        "ch_2,2026-05-01 18:30,10.00,0,eur,Failed,kim@plum.example,false,Test,,\n"
        "pi_3,2026-05-01 18:30,10.00,0,eur,Canceled,kim@plum.example,false,Live,,\n",
    )
    came, failed, never = (e.values for e in folder.entities("stripe_payments") if e.part == "payment")
    assert (came["key"], came["aliases"], came["pays"]) == (
        "stripe:charge:ch_1",
        ["stripe:payment_intent:pi_1"],
        ["stripe:invoice:in_1"],
    )
    assert "failed" not in came
    assert "test" not in came
    assert (failed["failed"], failed["test"], "aliases" in failed) == (True, True, False)
    assert (never["key"], never["failed"]) == ("stripe:payment_intent:pi_3", True)


@pytest.mark.parametrize(
    ("cell", "keys"),
    [
        ("ch_3NqFxbKZ1example", ["stripe:charge:ch_3NqFxbKZ1example"]),
        ("pi_3NqFxbKZ1example + py_3NqFxbKZ1example",
         ["stripe:payment_intent:pi_3NqFxbKZ1example", "stripe:charge:py_3NqFxbKZ1example"]),
        ("c25048437719.1", None),
        ("batch_12345678", None),
    ],
)  # fmt: skip
def test_an_order_names_a_payment_only_by_what_is_surely_one_of_stripes_ids(
    folder: Folder, cell: str, keys: list[str] | None
) -> None:
    header = ORDERS.replace("\n", ",Payment Reference\n", 1)
    folder.put("orders.csv", header + order("#7", ["1,Cup,30.00,C"]).rstrip("\n") + f",{cell}\n")
    fact = folder.one("shopify_orders", "order")
    assert fact.get("payments") == keys
    assert fact["custom"]["Payment Reference"] == cell


def test_a_bad_line_inside_an_order_costs_that_line_only(folder: Folder) -> None:
    whole = order("#1", ["1,Cup,10.00,C-1", "1,Lid,10.00,L-1", "1,Saucer,10.00,S-1"], identity="1").splitlines(True)
    whole[1] = whole[1].replace("\n", ",,,,extra\n")
    folder.put("orders.csv", ORDERS + "".join(whole))
    read = folder.read("shopify_orders")
    assert read.errors == ["orders.csv:3: more cells than columns"]
    assert [line["Lineitem name"] for line in read.bodies[0]["lines"]] == ["Cup", "Saucer"]


def test_no_order_is_cut_in_two_where_reading_resumes(folder: Folder) -> None:
    lines = ["1,Cup,10.00,C-1", "1,Lid,10.00,L-1"]
    folder.put("orders.csv", ORDERS + "".join(order(f"#{n}", lines, identity=str(n)) for n in range(1_100)))
    pages = list(folder.pages("shopify_orders"))
    whole = [record for page in pages for record in page.records]
    assert [len(page.records) for page in pages] == [500, 500, 100]
    assert {len(record.body["lines"]) for record in whole} == {2}
    for stop in (1, 2):
        rest = folder.read("shopify_orders", pages[stop - 1].cursor).records
        assert [record for page in pages[:stop] for record in page.records] + rest == whole
