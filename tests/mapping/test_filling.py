"""The quick way through a record says what the slow one says."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.coercion import QUICK, Coercer, is_short
from mapping.errors import RecordError
from mapping.mapper import Mapper
from mapping.model import Kind
from mapping.rules import EntityRules

FIELDS = {
    "given_name": "properties.first",
    "family_name": "properties.last",
    "email": "properties.email",
    "phone": "properties.phone",
    "company": "properties.company",
    "stage": "properties.stage",
    "language": "properties.language || language",
    "updated_at": "updated_at",
    "address.locality": "properties.city",
    "address.country": "properties.country",
    "custom.note": "properties.note",
}
MAPPER = Mapper([EntityRules("person", Kind.PERSON, FIELDS)], default_country="GB")
VALUE = st.one_of(
    st.none(),
    st.integers(-5, 5),
    st.text(max_size=6),
    st.sampled_from(
        [" ", " Ann ", "Zoë", "a\x00b", "ann@home.example", " Ann@Home.Example ", "not an address", "020 7946 0958",
         "+44 20 7946 0958", "²³", "customer", "Customer", "no stage", "GB", "Germany", "de", "x" * 300,
         "2026-05-01T08:00:00Z", [], ["x"], {"a": 1}]
    ),
)  # fmt: skip
NAMES = ("first", "last", "email", "phone", "company", "stage", "language", "city", "country", "note")


def said(body: Any) -> object:
    """What the mapper makes of it: the entities, or the error."""
    try:
        return MAPPER.map(body)
    except RecordError as error:
        return str(error)


@given(st.dictionaries(st.sampled_from(NAMES), VALUE), VALUE)
def test_an_object_that_is_looked_up_once_says_what_one_says_that_is_asked_field_by_field(
    properties: dict[str, Any], updated_at: Any
) -> None:
    body = {"properties": properties, "updated_at": updated_at}
    slow = {"properties": MappingProxyType(properties), "updated_at": updated_at}
    assert said(body) == said(slow) == said(MappingProxyType(body))


@pytest.mark.parametrize("properties", [None, [], "text", 7])
def test_where_the_object_is_none_its_fields_have_no_value(properties: Any) -> None:
    (found,) = MAPPER.map({"properties": properties, "updated_at": "2026-05-01T08:00:00Z"})
    assert found.values == {"updated_at": "2026-05-01T08:00:00Z"}


def test_what_is_remembered_of_one_record_is_told_of_the_next_and_what_cannot_be_read_is_told_each_time() -> None:
    for _ in range(2):
        (found,) = MAPPER.map({"properties": {"stage": "Customer", "country": "Germany", "language": "no such"}})
        assert found.values == {
            "stage": "customer", "address": {"country": "DE"}, "custom": {"language_as_given": "no such"}
        }  # fmt: skip


@pytest.mark.parametrize("coerce", QUICK, ids=lambda coerce: coerce.__qualname__)
@given(
    text=st.one_of(
        VALUE.filter(lambda one: isinstance(one, str)), st.text(st.characters(max_codepoint=126), max_size=20)
    )
)
def test_what_is_enough_for_a_plain_text_says_what_its_coercer_says(coerce: Coercer, text: str) -> None:
    if not is_short(text):
        return
    found = QUICK[coerce](text)
    if found:
        assert found == coerce(text, "")
