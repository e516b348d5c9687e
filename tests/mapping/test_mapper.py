"""Mapping: canonical entities out of raw records, one bad record at a time, and always a form that the model takes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.coercion import COERCERS
from mapping.errors import ConfigError, RecordError
from mapping.mapper import Entity, Mapper
from mapping.model import MODELS, PROFILES, Kind
from mapping.rules import EntityRules, ParticipantRules


def person(fields: Mapping[str, str], **more: Any) -> EntityRules:
    return EntityRules("contact", Kind.PERSON, fields, **more)


def one(rules: EntityRules, body: Mapping[str, Any], **options: Any) -> Entity:
    (entity,) = Mapper([rules], **options).map(body)
    return entity


def values(fields: Mapping[str, str], body: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    return one(person(fields), body, **options).values


@pytest.mark.parametrize(
    ("rules", "overrides", "words"),
    [
        ([person({"emial": "x"})], {}, ["rule 'contact'", "no field 'emial'", "'email'", "'x'"]),
        ([person({"address.town": "x"})], {}, ["address.town"]),
        ([person({"email": "lowr(x)"})], {}, ["rule 'contact', email", "lowr(x)", "lower()"]),
        ([person({"email": "x", "phone": "a[", "nmae": "y"})], {}, ["phone", "nmae"]),
        ([person({"email": "x"})], {"contacts": {}}, ["no rule 'contacts'", "did you mean 'contact'?"]),
        ([person({"email": "x"})], {"contact": {"emial": "y"}}, ["emial"]),
        ([person({"email": "x"}), person({"email": "x"})], {}, ["used twice"]),
        ([person({"email": "x"}, each="items")], {}, ["each needs a part"]),
        ([person({"email": "x"}, when="a[")], {}, ["when"]),
        ([person({"email": "x"}, participants=(ParticipantRules("a"),))], {}, ["only facts have"]),
        ([EntityRules("order", Kind.ORDER, {"number": "id"})], {}, ["needs the field key"]),
        ([EntityRules("order", Kind.ORDER, {"key": "id", "participants": "x"})], {}, ["no field 'participants'"]),
    ],
)
def test_a_mistake_in_the_rules_is_told_before_anything_is_read(
    rules: list[EntityRules], overrides: dict[str, dict[str, str]], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        Mapper(rules, overrides=overrides)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"given_name": "x"}, {"x": ["hunter2"]}),
        ({"email": "x"}, {"x": {"value": "hunter2"}}),
        ({"tags": "x"}, {"x": {"a": "hunter2"}}),
        ({"address": "x"}, {"x": "hunter2"}),
        ({"address": "x"}, {"x": {"hunter2": "y"}}),
        ({"custom": "x"}, {"x": "hunter2"}),
        ({"address.locality": "x"}, {"x": ["hunter2"]}),
        ({"name": "upper(x)"}, {"x": ["hunter2"]}),
    ],
)
def test_a_wrong_structure_costs_the_record_and_names_the_field_not_the_value(
    fields: dict[str, str], body: dict[str, Any]
) -> None:
    with pytest.raises(RecordError) as caught:
        values(fields, body)
    assert f"rule 'contact', field '{next(iter(fields))}'" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_fact_without_its_required_fields_costs_the_record() -> None:
    rules = EntityRules("mail", Kind.ACTIVITY, {"key": "id", "activity": "kind"})
    with pytest.raises(RecordError, match=r"field 'key'.*required"):
        one(rules, {"kind": "email"})
    with pytest.raises(RecordError, match=r"field 'activity'.*cannot be read") as caught:
        one(rules, {"id": 1, "kind": "hunter2"})
    assert "hunter2" not in str(caught.value)
    consent = EntityRules("c", Kind.CONSENT, {"key": "id", "purpose": "'marketing_email'", "granted": "yes"})
    with pytest.raises(RecordError, match="granted"):
        one(consent, {"id": 1, "yes": "perhaps"})
    assert one(consent, {"id": 1, "yes": "no"}).values["granted"] is False


def test_two_different_entities_may_not_share_a_part() -> None:
    mapper = Mapper([person({"name": "name"}, each="people", part="id")])
    with pytest.raises(RecordError, match="same part"):
        mapper.map({"people": [{"id": 1, "name": "Jane"}, {"id": 1, "name": "Joe"}]})
    with pytest.raises(RecordError, match="part has no value"):
        mapper.map({"people": [{"name": "Jane"}]})
    assert len(mapper.map({"people": [{"id": 1, "name": "Jane"}, {"id": 1, "name": "Jane"}]})) == 1


def test_what_cannot_be_read_is_kept_beside_the_field_and_costs_nothing_else() -> None:
    found = values(
        {
            "email": "e",
            "phone": "p",
            "emails": "es",
            "created_at": "c",
            "stage": "s",
            "address.country": "k",
            "name": "n",
        },
        {
            "e": "no mail",
            "p": "123",
            "es": ["ann@example.com", "??"],
            "c": "soon",
            "s": "VIP",
            "k": "Narnia",
            "n": "Jane Doe",
        },
        default_country="GB",
    )
    assert found == {
        "name": "Jane Doe",
        "given_name": "Jane",
        "family_name": "Doe",
        "email": "ann@example.com",
        "custom": {
            "email_as_given": "no mail",
            "phone_as_given": "123",
            "emails_as_given": ["??"],
            "created_at_as_given": "soon",
            "stage_as_given": "VIP",
            "country_as_given": "Narnia",
        },
    }


def test_empty_values_are_absent_and_false_is_not_empty() -> None:
    found = values(
        {"name": "n", "tags": "t", "email": "e", "custom.x": "x", "custom": "c", "email_consent": "f", "address": "a"},
        {
            "n": " \x00 ",
            "t": ["", None],
            "e": None,
            "x": {"y": [""]},
            "c": {"a": None, "b": ""},
            "f": 0,
            "a": {"street": ""},
        },
    )
    assert found == {"email_consent": False}


def test_one_email_is_primary_and_the_others_are_not_it() -> None:
    fields = {"email": "e", "emails": "es"}
    assert values(fields, {"es": ["B@example.com", "b@example.com", "c@example.com"]}) == {
        "email": "b@example.com",
        "emails": ["c@example.com"],
    }
    assert values(fields, {"e": "ann@example.com", "es": "Ann@example.com"}) == {"email": "ann@example.com"}


def test_a_placeholder_is_no_email_and_stands_beside() -> None:
    fields = {"email": "e", "emails": "es"}
    assert values(fields, {"e": "NoEmail@noemail.com"}) == {"custom": {"email_as_given": "NoEmail@noemail.com"}}
    assert values(fields, {"e": "test@test.com", "es": ["none@none.com", "ann@example.com"]}) == {
        "email": "ann@example.com",
        "custom": {"email_as_given": "test@test.com", "emails_as_given": ["none@none.com"]},
    }
    assert values(fields, {"e": "info@shop.example"}) == {"email": "info@shop.example"}, "a role has a mailbox"


def test_a_phone_is_dialled_in_the_country_of_its_own_address() -> None:
    fields = {"phone": "p", "address.country": "c"}
    assert values(fields, {"p": "(415) 555-2671", "c": "USA"}, default_country="GB")["phone"] == "+14155552671"
    assert values(fields, {"p": "020 7183 8750"}, default_country="gb")["phone"] == "+442071838750"
    whole = {"phone": "p", "address": "a"}
    assert (
        values(whole, {"p": "(415) 555-2671", "a": {"country": "us"}}, default_country="GB")["phone"] == "+14155552671"
    )


def test_names_are_made_whole_from_either_side_and_an_address_is_no_name() -> None:
    fields = {"name": "n", "given_name": "g", "family_name": "f"}
    assert values(fields, {"n": "jane@example.com"}) == {"custom": {"name_as_given": "jane@example.com"}}
    assert values(fields, {"n": "Doe, Jane"})["given_name"] == "Jane"
    assert values(fields, {"g": "Jane", "f": "Doe"})["name"] == "Jane Doe"
    assert values(fields, {"n": "JD", "g": "Jane", "f": "Doe"})["name"] == "JD"


def test_a_dotted_target_lies_over_the_whole_and_overrides_over_defaults() -> None:
    rules = person({"address": "a", "address.locality": "town", "custom": "rest", "custom.x": "x", "email": "e"})
    body = {
        "a": {"street": "1 High St", "locality": "Bath"},
        "town": "Wells",
        "rest": {"x": 1, "y": 2},
        "x": 9,
        "e": "a@b.co",
    }
    assert one(rules, body).values == {
        "address": {"locality": "Wells", "street": "1 High St"},
        "custom": {"x": 9, "y": 2},
        "email": "a@b.co",
    }
    changed = one(rules, body, overrides={"contact": {"email": "", "custom.x": "", "nickname": "'Jo'"}}).values
    assert changed["nickname"] == "Jo"
    assert "email" not in changed
    assert changed["custom"] == {"x": 1, "y": 2}


def test_defaults_fill_only_what_came_out_empty() -> None:
    rules = EntityRules(
        "o", Kind.ORDER, {"key": "id", "currency": "cur"}, defaults={"currency": "'EUR'", "status": "'open'"}
    )
    assert one(rules, {"id": 1, "cur": "usd"}).values == {"key": "1", "currency": "USD", "status": "open"}
    assert one(rules, {"id": 1}).values["currency"] == "EUR"


def test_one_record_may_say_several_things() -> None:
    lead = EntityRules(
        "lead",
        Kind.ACTIVITY,
        {"key": "join(':', ['lead', id])", "activity": "'lead'", "at": "created"},
        participants=(ParticipantRules("lead", email="email", name="name"),),
    )
    guest = person(
        {"name": "name", "email": "email || value"}, each="guests", part="email || value", when="email || value"
    )
    mapper = Mapper([lead, guest], creates_customers=False)
    body = {
        "id": 5,
        "created": "2026-05-01",
        "email": "J@example.com",
        "guests": [{"email": "a@b.co", "name": "A"}, "c@d.co", {}],
    }
    found = mapper.map(body)
    assert [(entity.part, entity.kind, entity.founding) for entity in found] == [
        ("lead", Kind.ACTIVITY, False),
        ("contact:a@b.co", Kind.PERSON, False),
        ("contact:c@d.co", Kind.PERSON, False),
    ]
    assert found[0].values["participants"] == [{"role": "lead", "email": "j@example.com"}]
    assert mapper.map({"id": 5})[0].values == {"key": "lead:5", "activity": "lead"}


def test_an_item_sees_the_whole_record() -> None:
    rules = person({"name": "name", "ids": "join(':', ['team', _record.team, id])"}, each="people", part="id")
    assert one(rules, {"team": "red", "people": [{"id": 1, "name": "Jane"}]}).values["ids"] == ["team:red:1"]


def test_participants_are_named_once_and_nobody_is_invented() -> None:
    rules = EntityRules(
        "meeting",
        Kind.ACTIVITY,
        {"key": "uid", "activity": "'meeting'"},
        participants=(
            ParticipantRules("organizer", email="organizer"),
            ParticipantRules(
                "attendee", each="to", name="name", email="email || value", phone="tel", ids=("ids",), answer="a"
            ),
        ),
    )
    to = [
        "Jane Doe <Jane@Example.com>",
        {"email": "jane@example.com", "name": "jane@example.com", "a": "yes"},
        {"name": "Meeting Room 1"},
        {"email": "broken", "a": "yes"},
        {"tel": "020 7183 8750", "ids": ["crm:1", "crm:", None]},
        {},
        {"a": "no"},
    ]
    (entity,) = Mapper([rules], default_country="GB").map({"uid": "u", "to": to})
    assert entity.values["participants"] == [
        {"role": "attendee", "name": "Jane Doe", "email": "jane@example.com", "answer": "yes"},
        {"role": "attendee", "name": "Meeting Room 1"},
        {"role": "attendee", "name": "broken", "answer": "yes"},
        {"role": "attendee", "phone": "+442071838750", "ids": ["crm:1"]},
    ]
    with pytest.raises(RecordError, match="participant attendee"):
        Mapper([rules]).map({"uid": "u", "to": [{"name": ["hunter2"]}]})


def test_long_keys_stay_apart_and_short() -> None:
    rules = EntityRules("n", Kind.ACTIVITY, {"key": "k", "activity": "'note'"})
    first, second = (one(rules, {"k": "x" * 1000 + end}).values["key"] for end in "ab")
    assert first != second
    assert len(first) <= 400


def test_the_version_follows_everything_that_shapes_the_values() -> None:
    rules = [person({"email": "e"})]
    versions = [
        Mapper(rules).version,
        Mapper([person({"email": "f"})]).version,
        Mapper(rules, overrides={"contact": {"email": "f"}}).version,
        Mapper(rules, default_country="GB").version,
        Mapper(rules, creates_customers=False).version,
    ]
    assert len(set(versions)) == len(versions)
    assert Mapper([person({"email": "e"})]).version == versions[0]
    assert Mapper([person(MappingProxyType({"email": "e"}))]).version == versions[0]


def test_the_properties_that_rules_read_are_known() -> None:
    rules = EntityRules(
        "deal",
        Kind.DEAL,
        {"key": "id", "total": "properties.amount || properties.value"},
        participants=(
            ParticipantRules("contact", each="associations.contacts", ids=("join(':', ['x', id, _record.portal])",)),
        ),
    )
    mapper = Mapper([rules])
    assert mapper.reads() == {"id", "properties", "associations", "portal"}
    assert mapper.reads("properties") == {"amount", "value"}


NO_TEXT = frozenset({"address", "custom", "lines", "refunds", "answers"})


@pytest.mark.parametrize(
    "text", [" " * 60_000 + "<", "<" * 60_000, '"' * 60_000 + ">", "a." * 30_000 + "@>", "1" * 60_000]
)
def test_no_text_makes_mapping_slow(text: str) -> None:
    before = time.process_time()
    for kind, mapper in EVERYTHING.items():
        body = {field: text for field in COERCERS[kind] if field not in NO_TEXT}
        mapper.map({**body, "activity": "email", "granted": True, "who": [text, {"value": text}]})
    assert time.process_time() - before < 1


RAW = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(st.characters(), max_size=12),
    st.sampled_from(
        ["a@b.co", "+442071838750", "2026-05-01T08:00:00.5+02:00", "05.06.2026", "1.234,50", "yes", "de", "EUR", "lead",
         "email", "out", "--03-07", "Doe, Jane", "x:1", "1e3", "https://example.com/x"]
    ),
)  # fmt: skip
LINE = st.dictionaries(st.sampled_from(["title", "sku", "quantity", "price"]), RAW, max_size=4)
ADDRESS = st.dictionaries(st.sampled_from(["street", "locality", "country"]), RAW, max_size=3)
DOCUMENTS = st.dictionaries(
    st.sampled_from(sorted({field for fields in COERCERS.values() for field in fields} | {"who"})),
    RAW | st.lists(RAW | LINE, max_size=3) | ADDRESS,
    max_size=12,
)


def everything(kind: Kind) -> Mapper:
    """A rule that reads every field of the kind from the property of its name."""
    who = (
        () if kind in PROFILES else (ParticipantRules("who", each="who", email="value", name="value", ids=("value",)),)
    )
    return Mapper([EntityRules("all", kind, {field: f'"{field}"' for field in COERCERS[kind]}, participants=who)])


EVERYTHING = {kind: everything(kind) for kind in Kind}


@given(DOCUMENTS, st.sampled_from(list(Kind)))
def test_whatever_comes_in_what_goes_out_is_what_the_model_would_give(document: dict[str, Any], kind: Kind) -> None:
    body = {"key": "k", "activity": "email", "purpose": "p", "granted": True, "survey": "nps", **document}
    try:
        (entity,) = EVERYTHING[kind].map(body)
    except RecordError:
        return
    model = MODELS[kind].model_validate(entity.values)
    assert model.model_dump(mode="json", exclude_unset=True) == entity.values
    assert orjson.loads(orjson.dumps(entity.values)) == entity.values
    assert not any(value in (None, "", [], {}) for value in entity.values.values() if value is not False and value != 0)


@given(DOCUMENTS, st.sampled_from(list(Kind)))
def test_canonical_values_are_mapped_to_themselves(document: dict[str, Any], kind: Kind) -> None:
    body = {"key": "k", "activity": "email", "purpose": "p", "granted": True, "survey": "nps", **document}
    body.pop("who", None)
    try:
        (entity,) = EVERYTHING[kind].map(body)
    except RecordError:
        return
    (again,) = EVERYTHING[kind].map(entity.values)
    assert again.values == entity.values


def test_what_money_is_linked_by_is_of_one_account_as_keys_are_and_another_services_keys_are_not() -> None:
    names = ("payments", "bills", "pays", "aliases")
    body = {"key": "shop:order:1", "names": ["shop:transaction:2", "stripe:charge:ch_1"]}
    for kind in (Kind.ORDER, Kind.INVOICE, Kind.PAYMENT):
        mine = [name for name in names if name in MODELS[kind].model_fields]
        rule = EntityRules("money", kind, {"key": "key", **dict.fromkeys(mine, "names")})
        found = one(rule, body, system=("shop", "shop.4f1c")).values
        assert found["key"] == "shop.4f1c:order:1"
        assert all(found[name] == ["shop.4f1c:transaction:2", "stripe:charge:ch_1"] for name in mine)
