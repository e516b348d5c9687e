"""Expressions: dotted paths, JMESPath and our functions, with errors that say what to do and never show a value."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.errors import ConfigError, RecordError
from mapping.expressions import paths
from mapping.mapper import Projection, compile_expression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a..b", "cannot be read"),
        ("a[", "cannot be read"),
        ("lowr(a)", "did you mean lower()"),
        ("frobnicate(a)", "there is no function frobnicate()"),
        ("a[?frobnicate(b)]", "there is no function frobnicate()"),
        ("lower(a, b)", "lower() takes 1 arguments, not 2"),
        ("date()", "date() takes 1 to 2 arguments, not 0"),
        ("(" * 3000 + "a" + ")" * 3000, "nests too deeply"),
        ("a" * 20_000, "too long"),
    ],
)
def test_a_bad_expression_is_refused_with_a_reason(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compile_expression(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text", ["lower(secret)", "email(secret)", "sum(secret)", "max(secret)", "replace('a', 'a', 'b') && upper(secret)",
             "sort_by(secret, &a)", "date(secret)", "join('-', 'text')", "lookup('a', 'b')", "split(secret, ',')"]
)  # fmt: skip
def test_a_value_of_the_wrong_kind_costs_one_record_and_is_not_shown(text: str) -> None:
    with pytest.raises(RecordError) as caught:
        compile_expression(text)({"secret": [{"a": "hunter2"}, "hunter2"]})
    assert "hunter2" not in str(caught.value)


DOCUMENT = {
    "id": 7,
    "First Name": "Jane",
    "with.dot": "dotted",
    "address": {"city": "Bath"},
    "lines": [{"title": "Tea", "qty": 2}, {"title": "Milk", "qty": 1}],
    "empty": "",
    "none": None,
    "full": "Dr. Jane van Doe",
    "12": "twelve",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("id", 7),
        ('"First Name"', "Jane"),
        ('"with.dot"', "dotted"),
        ("address.city", "Bath"),
        ("address.city.street", None),
        ("missing.city", None),
        ("lines.0.title", "Tea"),
        ("lines[1].title", "Milk"),
        ("lines[-1].title", "Milk"),
        ("lines.9.title", None),
        ("lines[9]", None),
        ("12", "twelve"),
        ("'a text'", "a text"),
        ("`5`", 5),
        ("empty || none || id", 7),
        ("id && address.city", "Bath"),
        ("!none", True),
        ("lines[].title", ["Tea", "Milk"]),
        ("lines[1:].title", ["Milk"]),
        ("lines[1:] | [?qty == `1`].title", ["Milk"]),
        ("lines[?qty == `2`].title | [0]", "Tea"),
        ("sort_by(lines, &qty)[0].title", "Milk"),
        ("join(':', ['shop', id])", "shop:7"),
        ("join(':', ['shop', missing])", None),
        ("concat(['a', none, '', 'b'])", "a b"),
        ("lower(address.city)", "bath"),
        ("lower(missing)", None),
        ("first_name(full)", "Jane"),
        ("last_name(full)", "van Doe"),
        ("split('a, b,,c', ',')", ["a", "b", "c"]),
        ("strip_prefix('p:+44', 'p:')", "+44"),
        ("replace('a-b', '-', ' ')", "a b"),
        ('lookup(\'YES\', `{"yes": "opted_in"}`)', "opted_in"),
        ("lookup('no', `{\"yes\": 1}`)", None),
        ("number('1.234,50')", 1234.5),
        ("number('12345678901234567890.5')", "12345678901234567890.5"),
        ("number('many')", "many"),
        ("bool('ja')", True),
        ("date('01.05.2026')", "2026-05-01"),
        ("date('2026-05-01 10:00:00 +0200')", "2026-05-01T08:00:00Z"),
        ("date('05/06/2026', '%d/%m/%Y')", "2026-06-05"),
        ("date('05/06/2026')", "05/06/2026"),
        ("email(' Jane@Example.com ')", "jane@example.com"),
        ("phone('020 7183 8750', 'GB')", "+442071838750"),
        ("domain('https://www.example.com/x')", "example.com"),
    ],
)
def test_an_expression_gives(text: str, value: Any) -> None:
    assert compile_expression(text)(DOCUMENT) == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
STANDARD = [
    "a.b", "a.b.c", "a[0].b", "a[-1]", "a || b", "a && b", "!a", "a.b || c", "(a || b).c", "[a, b]", "a | b",
    "not_null(a, b)", "a[*].b", "a[].b", "a[?b].c", "{x: a, y: b.c}", "a == b", "to_string(a)", "type(a)", "@", "a.*",
]  # fmt: skip


@given(JSON, st.sampled_from(STANDARD))
def test_compiled_jmespath_means_what_jmespath_means(document: Any, text: str) -> None:
    assert compile_expression(text)(document) == jmespath.search(text, document)


def test_what_an_expression_reads_is_known() -> None:
    assert paths("'literal'") == frozenset()
    assert paths('properties.email || "Work Email"') == {("properties", "email"), ("Work Email",)}
    assert paths("lines[?paid].{t: title}") == {("lines", "title"), ("lines", "paid")}
    assert paths("join(':', ['x', customer.id])") == {("customer", "id")}


def test_a_projection_with_a_mistake_names_property_and_expression() -> None:
    with pytest.raises(ConfigError) as caught:
        Projection({"firstname": "lowr(given_name)", "lastname": "a[", "email": "email"})
    assert "property 'firstname': 'lowr(given_name)'" in str(caught.value)
    assert "property 'lastname'" in str(caught.value)


def test_a_projection_that_fails_on_a_record_names_the_property_only() -> None:
    with pytest.raises(RecordError, match=r"property 'firstname'") as caught:
        Projection({"firstname": "upper(tags)"}).project({"tags": ["hunter2"]})
    assert "hunter2" not in str(caught.value)


def test_a_projection_leaves_out_what_has_no_value_and_keeps_false_and_zero() -> None:
    projection = Projection({"a": "x", "b": "y", "c": "z", "d": "upper(n)", "e": "tags", "f": ""})
    assert projection.project({"x": 0, "y": False, "z": "", "n": "jane", "tags": []}) == {
        "a": 0,
        "b": False,
        "d": "JANE",
    }
