"""What a plan says of where a value comes from, for people."""

from __future__ import annotations

import pytest

from tests.sync.hubs import Stage, changes, person


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("given_name", "only, from shop/people"),
        ('lookup(stage, `{"lead": "a very long word", "customer": "another very long word"}`)', "from stage"),
        ("join(' ', [family_name, given_name])", "from family_name, given_name"),
        ("join(' ', [address.locality, given_name])", "from address.locality, given_name"),
        ("'a fixed word'", "'a fixed word'"),
    ],
)
def test_an_expression_is_told_by_the_fields_that_it_reads(stage: Stage, expression: str, told: str) -> None:
    stage.configure("crm", push={"people": {"match_on": "email", "fields": {"job_title": expression}}})
    ann = person("Ann Lee", email="ann@home.example", stage="lead", city="Hull")
    stage.shop.put("people", ann)
    stage.sync()
    (change,) = changes(stage.hub.plan())
    assert {field.field: field.why for field in change.fields}["job_title"] == told
