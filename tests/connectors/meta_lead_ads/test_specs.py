"""What connector and stand-in say to each other fits Meta's published specifications of its objects."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.core.sandbox import Exchange
from connectors.meta_lead_ads.mapping import FIGURES, LEAD_FIELDS
from mapping.contract import RemoteId, Slice
from tests.connectors.meta_lead_ads.desk import Desk

SHARED = Path(os.environ.get("CONCORD_SHARED") or Path(__file__).resolve().parents[3] / ".." / "shared")
SPECS = SHARED / "specs" / "meta"
GENERAL = frozenset({"fields", "limit", "after", "appsecret_proof", "access_token", "filtering"})
"""Parameters that every node or edge takes, and the filter that the guide to leads describes."""
NODES = {"3": "Page", "4": "LeadgenForm", "5": "Lead", "act_": "AdAccount"}
"""The stand-in's ids tell what they are of."""
NOT_DESCRIBED = frozenset({"User"})
SCALARS: Mapping[str, type | tuple[type, ...]] = {"string": str, "bool": bool, "unsigned int": int, "datetime": str}

pytestmark = [
    pytest.mark.proof("contract", "Meta's object specifications of 2026-04-15"),
    pytest.mark.skipif(not SPECS.is_dir(), reason="the shared folder with Meta's specifications is not here"),
]


@cache
def spec(name: str) -> Mapping[str, Any]:
    """One object's specification: its fields by name, its edges by method and name."""
    told = json.loads((SPECS / f"{name}.json").read_text(encoding="utf-8"))
    return {
        "fields": {field["name"]: field["type"] for field in told["fields"]},
        "edges": {(api["method"], api.get("endpoint", "")): api for api in told["apis"]},
    }


def problems(exchange: Exchange) -> Iterator[str]:
    """What of a call and its answer no specification knows."""
    node = exchange.request.params.get("node") or exchange.request.path.split("/")[2]
    edge = "/".join(exchange.request.path.split("/")[3:])
    kind = next((name for prefix, name in NODES.items() if node.startswith(prefix)), "User")
    if kind in NOT_DESCRIBED:
        return
    found, known = kind, GENERAL
    if edge:
        api = spec(kind)["edges"].get((exchange.request.method, edge))
        if api is None:
            yield f"{kind} has no edge {edge}"
            return
        found, known = api["return"], GENERAL | {each["name"] for each in api["params"]}
    yield from (f"{kind}/{edge} takes no {name}" for name in exchange.request.query if name not in known)
    asked = re.sub(r"\{[^}]*\}", "", exchange.request.query.get("fields", [""])[0]).split(",")
    yield from (f"{found} has no field {name}" for name in asked if name not in spec(found)["fields"])
    if exchange.reply.status == 200:
        for each in exchange.reply.body["data"] if edge else [exchange.reply.body]:
            yield from misfits(found, each)


def misfits(kind: str, told: Mapping[str, Any]) -> Iterator[str]:
    """What of an object is not as its specification says."""
    fields = spec(kind)["fields"]
    for name, value in told.items():
        if name not in fields:
            yield f"{kind} has no field {name}"
            continue
        type_ = fields[name]
        inner = re.fullmatch(r"list<(\w+)>", type_)
        if inner and not isinstance(value, list):
            yield f"{kind}.{name} is a list"
        elif inner and (SPECS / f"{inner.group(1)}.json").exists():
            for each in value:
                yield from misfits(inner.group(1), each)
        elif type_ in SCALARS and not isinstance(value, SCALARS[type_]):
            yield f"{kind}.{name} is {type_}"
        if type_ == "datetime":
            datetime.fromisoformat(value)


def test_every_call_and_every_answer_fits_the_specifications(desk: Desk) -> None:
    leads = [desk.submit(number) for number in range(5)]
    desk.business.spend("63", "Spring", desk.clock.now().date().isoformat(), "12.50", 1000, 30)
    config: dict[str, Any] = {"ad_accounts": [desk.business.account], "page_size": 2, "pages": [desk.page]}
    connector = desk.connector(**config)
    connector.check()
    stream, campaigns = connector.streams()
    (form,) = stream.slices()
    cursor = list(stream.read(form, None))[-1].cursor
    list(stream.read(form, cursor))
    assert stream.window
    assert stream.get
    assert campaigns.window
    list(stream.window(form, datetime.fromtimestamp(0).astimezone(), desk.clock.now(), None))
    assert len(stream.get(form, [*map(RemoteId, leads), RemoteId("577")])) == 5
    for account in campaigns.slices():
        list(campaigns.read(account, list(campaigns.read(account, None))[-1].cursor))
        list(campaigns.window(account, desk.clock.now(), desk.clock.now(), None))
    kinds = {each.request.path.split("/")[-1] for each in desk.server.exchanges}
    assert kinds >= {"me", "leadgen_forms", "leads", "insights", desk.page, leads[0]}
    assert [problem for each in desk.server.exchanges for problem in problems(each)] == []
    assert form == Slice(desk.form.id, "Tasting")


def test_every_field_that_is_asked_for_is_a_field_of_the_object() -> None:
    assert set(LEAD_FIELDS) <= set(spec("Lead")["fields"])
    assert set(FIGURES) <= set(spec("AdsInsights")["fields"])
