"""Two companies and their people: what they are associated with over there, and hands at work there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.memory.api import Api
from sync.reports import PlannedChange
from tests.sync.hubs import Stage, changes, members

PUSH: Mapping[str, Any] = {"people": {"match_on": "email"}, "companies": {}}
STREAMS = ("people", "companies")


def works(stage: Stage) -> dict[str, list[str]]:
    """Who is associated with which companies over there, by given name."""
    firms = {f"companies:{i}": str(row.values["name"]) for i, row in stage.crm.records("companies").items()}
    people = [row for row in stage.crm.records("people").values() if not row.archived]
    return {
        str(row.values.get("given_name")): sorted(firms.get(end, "nobody") for end in row.refs.get("company", ()))
        for row in people
    }


def remote(stage: Stage, object_: str, field: str, value: str) -> str:
    (found,) = [str(i) for i, row in stage.crm.records(object_).items() if row.values.get(field) == value]
    return found


def ann(stage: Stage) -> str:
    return remote(stage, "people", "given_name", "Ann")


def by_hand(stage: Stage, name: str, company: str) -> None:
    """A person associates two records over there."""
    ends = {"company": [f"companies:{remote(stage, 'companies', 'name', company)}"]}
    Api(stage.crm).link("people", remote(stage, "people", "given_name", name), ends, add=True)


def change(stage: Stage, title: str) -> PlannedChange:
    (found,) = [one for one in changes(stage.hub.plan()) if one.title == title]
    return found


def organization(stage: Stage, record: str) -> str:
    (found,) = [one.id for one in stage.customers() if f"shop/companies {record}" in members(one)]
    return found


def reached_by_mail(stage: Stage) -> None:
    """Both companies have an address, too: a golden record has one domain, and as many emails as there are."""
    for name, email in (("bolt", "hello@bolt.de"), ("acme", "hello@acme.co.uk")):
        stage.shop.change("companies", name, {"email": email})
