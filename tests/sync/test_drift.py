"""Schema drift: a vendor's fields come, go and change, and nothing is lost while a person decides."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from mapping.contract import Cursor, Page, SchemaField
from mapping.errors import AuthError, ConfigError, ForbiddenError, RateLimitedError, TransientError
from sync.drifted import FieldView
from tests.sync.hubs import Stage, person, stream, values
from tests.sync.scripted import Scripted, record

ANN = {"email": "ann@x.example", "job_title": "Buyer"}
COLOUR = SchemaField("colour")


def _contract(stage: Stage, contract: str, **more: Any) -> None:
    stage.configure("shop", streams={"people": {"schema": contract, **more}})


def _field(stage: Stage, name: str) -> FieldView:
    (view,) = stage.hub.mending.fields("shop", "people")
    (found,) = [one for one in view.fields if one.field == name]
    return found


def _ann(stage: Stage) -> dict[str, Any]:
    return values(stage.customer("ann@x.example"))


@pytest.fixture
def read(stage: Stage) -> Stage:
    """The stage with Ann, read once."""
    stage.shop.put("people", person("Ann Lee", **ANN), id="1")
    assert stage.sync().ok
    return stage


def test_the_first_reading_tells_of_nothing_and_knows_every_field(read: Stage) -> None:
    (view,) = read.hub.mending.fields("shop")
    assert {one.field: (one.state, one.type) for one in view.fields}["birth_date"] == ("known", "date")
    assert read.hub.mending.drift() == []
    assert _field(read, "job_title").used_by == "person.job_title"
    assert _field(read, "job_title").samples == ("Buyer",)


def test_a_reading_of_unchanged_fields_writes_nothing_of_them(read: Stage) -> None:
    before = read.rows("stream_schema")
    read.shop.change("people", "1", {"city": "York"})
    read.sync()
    assert read.rows("stream_schema") == before
    read.clock.sleep(3 * 86_400)
    read.sync()
    again = read.rows("stream_schema")
    assert all(new["last_at"] > old["last_at"] for old, new in zip(before, again, strict=True) if old["shape"])
    assert read.rows("drift_event") == []


def test_a_new_field_is_taken_along_and_told_once(read: Stage) -> None:
    read.shop.add_field("people", COLOUR)
    read.shop.change("people", "1", {"colour": "teal"})
    report = read.sync()
    assert stream(report, "shop/people").message == "its fields changed: new: colour"
    assert "teal" not in str(report)
    assert stream(read.sync(), "shop/people").message == ""
    assert [(one.field, one.kind, one.state) for one in read.hub.mending.drift("shop")] == [("colour", "new", "known")]
    assert read.hub.status().ok
    assert _field(read, "colour").samples == ("teal",)


def test_a_frozen_stream_maps_a_new_field_only_once_it_is_accepted_and_reads_nothing_again_for_it(read: Stage) -> None:
    _contract(read, "freeze", fields={"person": {"nickname": "properties.colour"}})
    read.shop.add_field("people", COLOUR)
    read.shop.change("people", "1", {"colour": "teal", "city": "York"})
    report = stream(read.sync(), "shop/people")
    assert "new: colour" in report.message
    assert "concord schema accept shop people" in report.message
    assert (_ann(read)["address"]["locality"], _ann(read).get("nickname")) == ("York", None)
    (advice,) = read.hub.status().advice
    assert "1 new, kept and not mapped" in advice
    asked = read.shop.requests.copy()
    accepted = read.hub.mending.accept("shop", "people", ["colour"])
    assert (accepted.fields, accepted.ok) == (["colour"], True)
    assert _ann(read)["nickname"] == "teal"
    assert read.shop.requests == asked
    assert read.hub.status().ok
    assert stream(read.sync(), "shop/people").changed == 0


def test_a_frozen_stream_that_evolves_again_takes_its_new_fields_along(read: Stage) -> None:
    fields = {"person": {"nickname": "properties.colour"}}
    _contract(read, "freeze", fields=fields)
    read.shop.add_field("people", COLOUR)
    read.shop.change("people", "1", {"colour": "teal"})
    read.sync()
    _contract(read, "evolve", fields=fields)
    read.sync()
    assert _ann(read)["nickname"] == "teal"
    assert read.hub.mending.waiting() == []


def test_a_stopped_stream_is_not_read_until_somebody_accepts_and_then_nothing_is_lost(read: Stage) -> None:
    _contract(read, "stop")
    read.shop.add_field("people", COLOUR)
    read.shop.put("people", person("Bo Ray", email="bo@x.example"), id="2")
    pages = read.shop.requests["read"]
    for _ in range(2):
        report = read.sync()
        told = stream(report, "shop/people")
        assert (told.status, told.read, report.ok) == ("failed", 0, False)
        assert "new: colour" in told.message
        assert "concord schema drift shop" in told.message
        assert "concord schema accept shop people" in told.message
        assert stream(report, "crm/people").status == "ok"
    assert read.shop.requests["read"] == pages
    assert len(read.customers()) == 1
    assert not read.hub.status().ok
    read.hub.mending.accept("shop", "people")
    assert stream(read.sync(), "shop/people").new == 1
    assert len(read.customers()) == 2


@pytest.mark.parametrize("contract", ["evolve", "freeze"])
def test_a_vanished_field_that_a_rule_reads_keeps_its_values_until_somebody_lets_it_go(
    read: Stage, contract: str
) -> None:
    _contract(read, contract)
    read.shop.drop_field("people", "job_title")
    read.shop.change("people", "1", {"city": "York"})
    told = stream(read.sync(), "shop/people")
    assert "vanished: job_title (read by person.job_title)" in told.message
    assert "concord schema accept shop people" in told.message
    assert (_ann(read)["job_title"], _ann(read)["address"]["locality"]) == ("Buyer", "York")
    read.sync(full=True)
    assert _ann(read)["job_title"] == "Buyer"
    assert "vanished" in " ".join(read.hub.status().advice)
    read.hub.mending.accept("shop", "people", ["job_title"])
    assert "job_title" not in _ann(read)
    assert read.hub.status().ok
    read.sync(full=True)
    assert "job_title" not in _ann(read)


def test_a_value_that_was_emptied_is_no_vanished_field(read: Stage) -> None:
    read.shop.drop_field("people", "notes")
    read.shop.change("people", "1", {"job_title": None})
    read.sync()
    assert "job_title" not in _ann(read)


def test_a_vanished_field_that_nothing_reads_is_told_and_asks_for_nothing(stage: Stage) -> None:
    stage.shop.add_field("people", COLOUR)
    stage.shop.put("people", person("Ann Lee", **ANN))
    stage.sync()
    stage.shop.drop_field("people", "colour")
    assert stream(stage.sync(), "shop/people").message == "its fields changed: vanished: colour"
    assert stage.hub.status().ok
    stage.shop.add_field("people", COLOUR)
    assert stream(stage.sync(), "shop/people").message == "its fields changed: returned: colour"
    assert _field(stage, "colour").state == "known"


def test_a_field_that_comes_back_is_read_again(read: Stage) -> None:
    read.shop.drop_field("people", "job_title")
    read.sync()
    read.shop.add_field("people", SchemaField("job_title", length=80))
    read.shop.change("people", "1", {"job_title": "Head"})
    assert "returned: job_title" in stream(read.sync(), "shop/people").message
    assert _ann(read)["job_title"] == "Head"
    assert read.hub.status().ok


def test_a_retyped_field_clears_nothing_that_was_read_before(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", **ANN, birth_date="1990-02-03"), id="1")
    stage.shop.put("people", person("Bo Ray", email="bo@x.example"), id="2")
    stage.sync()
    stage.shop.add_field("people", SchemaField("birth_date", "string"))
    stage.shop.change("people", "1", {"birth_date": "in spring"})
    stage.shop.change("people", "2", {"birth_date": "1980-01-01"})
    told = stream(stage.sync(), "shop/people")
    assert "retyped: birth_date (date → string, read by person.birth_date)" in told.message
    assert (told.status, told.dead) == ("partial", 1)
    assert _ann(stage)["birth_date"] == "1990-02-03"
    assert values(stage.customer("bo@x.example"))["birth_date"] == "1980-01-01"
    (letter,) = stage.hub.dead_letters()
    assert "the vendor changed the type of birth_date" in letter.reason
    assert "spring" not in letter.reason
    stage.hub.mending.accept("shop", "people", ["birth_date"])
    assert stage.hub.dead_letters() == []
    assert "birth_date" not in _ann(stage)
    assert _ann(stage)["custom.birth_date_as_given"] == "in spring"


def test_options_a_length_and_what_is_required_are_told_without_their_values(read: Stage) -> None:
    read.shop.add_field("people", SchemaField("stage", "enum", options=("lead", "vip@x.example"), required=True))
    read.shop.add_field("people", SchemaField("job_title", length=40))
    _contract(read, "stop")
    told = stream(read.sync(), "shop/people")
    assert told.status == "ok"
    assert "stage (1 more option, 5 options fewer, required now, read by person.stage)" in told.message
    assert "job_title (length 80 → 40, read by person.job_title)" in told.message
    assert "vip" not in told.message
    assert "vip" not in str(read.hub.mending.drift())


@pytest.mark.parametrize(
    "error", [ForbiddenError("no scope"), RateLimitedError("busy", retry_after=3600), TransientError("away")]
)
def test_fields_that_cannot_be_asked_for_keep_nobody_from_reading(read: Stage, error: Exception) -> None:
    read.shop.change("people", "1", {"city": "York"})
    read.shop.fail(error, on="describe")
    report = stream(read.sync(), "shop/people")
    assert (report.status, report.changed) == ("ok", 1)
    assert "could not be compared" in report.message
    assert read.hub.mending.drift() == []


def test_a_login_that_is_refused_as_fields_are_asked_for_pauses_the_connection(read: Stage) -> None:
    read.shop.fail(AuthError("expired"), on="describe")
    assert stream(read.sync(), "shop/people").status == "paused"
    assert not read.hub.status().ok


def test_a_vendor_that_describes_nothing_is_known_by_its_records(stage: Stage) -> None:
    told = [record(str(n), given_name="Ann", email=f"a{n}@x.example", job_title="Buyer") for n in range(30)]
    scripted = Scripted([Page(told, cursor=Cursor("1"), complete=True)])
    stage.connectors["shop"] = scripted
    stage.sync()
    assert stage.hub.mending.drift() == []
    fewer = [record(str(n), given_name="Ann", email=f"a{n}@x.example", colour="teal") for n in range(30)]
    scripted.pages = [Page(fewer, cursor=Cursor("2"), complete=True)]
    message = stream(stage.sync(full=True), "shop/people").message
    assert "vanished: job_title (read by person.job_title)" in message
    assert "new: colour" in message
    assert {values(one)["job_title"] for one in stage.customers()} == {"Buyer"}


@pytest.mark.parametrize("contract", ["freeze", "stop"])
def test_a_field_that_only_records_show_is_held_back_from_the_page_on_that_shows_it(
    stage: Stage, contract: str
) -> None:
    scripted = Scripted([Page([record("1", email="ann@x.example")], cursor=Cursor("1"), complete=True)])
    stage.connectors["shop"] = scripted
    _contract(stage, contract, fields={"person": {"nickname": "properties.colour"}})
    stage.sync()
    new = [record("1", email="ann@x.example", city="York", colour="teal"), record("2", email="bo@x.example")]
    scripted.pages = [Page(new, cursor=Cursor("2"), complete=True)]
    report = stream(stage.sync(), "shop/people")
    assert "new: city, colour" in report.message
    assert report.status == ("failed" if contract == "stop" else "ok")
    assert ("nickname" in _ann(stage), "address" in _ann(stage)) == (False, False)
    stage.hub.mending.accept("shop", "people")
    assert stage.sync().ok
    assert (_ann(stage)["nickname"], _ann(stage)["address"]["locality"]) == ("teal", "York")
    assert len(stage.customers()) == 2


def test_a_field_that_few_records_have_is_no_news_once_all_of_them_were_read(stage: Stage) -> None:
    told = [record(str(n), email=f"a{n}@x.example") for n in range(200)]
    told[90] = record("90", email="a90@x.example", colour="teal")
    told[170] = record("170", email="a170@x.example", city="York")
    pages = [Page(told[:100], cursor=Cursor("1")), Page(told[100:], cursor=Cursor("2"), complete=True)]
    scripted = Scripted(pages)
    stage.connectors["shop"] = scripted
    assert stream(stage.sync(), "shop/people").message == ""
    before = stage.dump()
    scripted.pages = [Page([told[90], told[170]], cursor=Cursor("2"))]
    assert stream(stage.sync(), "shop/people").message == ""
    assert stage.dump() == before


def test_a_stream_that_was_read_before_anybody_looked_at_its_fields_is_known_by_what_is_stored(stage: Stage) -> None:
    told = [record(str(n), email=f"a{n}@x.example") for n in range(100)]
    told[3] = record("3", email="a3@x.example", colour="teal")
    scripted = Scripted([Page(told, cursor=Cursor("1"), complete=True)])
    stage.connectors["shop"] = scripted
    stage.sync()
    with stage.hub.db.write() as c:
        c.execute(text("DELETE FROM stream_schema"))
    _contract(stage, "freeze")
    scripted.pages = [Page([record("7", email="a7@x.example", city="York")], cursor=Cursor("2"))]
    assert stream(stage.sync(), "shop/people").message == ""
    assert _field(stage, "colour").state == "known"


def test_a_rule_that_reads_the_field_no_more_asks_for_nothing(read: Stage) -> None:
    read.shop.drop_field("people", "job_title")
    read.sync()
    assert read.hub.mending.waiting() != []
    _contract(read, "evolve", fields={"person": {"job_title": None}})
    read.sync()
    assert read.hub.mending.waiting() == []
    assert "job_title" not in _ann(read)


def test_keys_that_are_data_are_no_fields_and_hostile_names_do_no_harm(stage: Stage) -> None:
    odd = {"": 1, "a\0b": 2, "x" * 5000: 3, "bel\x07": 4, "ann@x.example": 5, "12345": 6, "naïve": 7, "\ud800": 8}
    fields = {name: SchemaField(name) for name in (*odd, *(f"field_{n}" for n in range(10_000)))}
    stage.shop.put("people", person("Ann Lee", **ANN))
    stage.sync()
    with stage.shop.holdings() as holdings:
        holdings.table("people").extra_fields.update({n: f for n, f in fields.items() if "\ud800" not in n})
    message = stream(stage.sync(), "shop/people").message
    assert len(message) < 1000
    assert "and 10,0" in message
    assert message.isprintable()
    names = [row["field"] for row in stage.rows("stream_schema") if row["connection_id"] == "shop"]
    assert len(names) > 10_000
    assert max(map(len, names)) <= 200
    assert all(name.isprintable() and name for name in names)
    assert stream(stage.sync(), "shop/people").message == ""


def test_nothing_is_accepted_that_does_not_exist_or_does_not_wait(read: Stage) -> None:
    with pytest.raises(ConfigError, match="did you mean 'job_title'"):
        read.hub.mending.accept("shop", "people", ["job_titel"])
    with pytest.raises(ConfigError, match="no stream 'peopel'"):
        read.hub.mending.accept("shop", "peopel")
    assert read.hub.mending.accept("shop", "people").fields == []
    assert read.rows("drift_event") == []
