"""A Google Ads account in memory: its lead forms' submissions, and the queries (GAQL) that it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from connectors.core.protocols import utc_now

RETENTION = timedelta(days=60)
_QUERY = re.compile(
    r"SELECT (?P<fields>[\w., ]+) FROM (?P<resource>\w+)(?: WHERE (?P<where>.+?))?"
    r"(?: ORDER BY (?P<order>[\w.]+)(?P<down> DESC)?)?(?: LIMIT (?P<limit>\d+))?"
)
_CONDITION = re.compile(r"(?P<field>[\w.]+) (?:(?P<sign>>=|<=|=|<|>) '(?P<value>[^']*)'|IN \((?P<list>[^)]*)\))")
_SIGNS: Mapping[str, Callable[[str, str], bool]] = {
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "=": lambda left, right: left == right,
}


class QueryError(Exception):
    """The query is refused; the argument is the code of Google's ``queryError``."""


@dataclass
class Submission:
    """One lead. ``answers`` are to Google's own questions by their type, ``custom`` to the advertiser's by their text.

    ``garbled`` lets the API hand it out with answers that nobody can read.
    """

    id: str
    at: datetime
    answers: Mapping[str, str]
    custom: Mapping[str, str] = field(default_factory=dict)
    campaign: str = "Spring trial"
    ad_group: str = "Brand"
    form: str = "Trial form"
    gclid: str = ""
    garbled: bool = False


@dataclass
class AdsAccount:
    """One customer. ``zone`` is its clock, by which times are written and compared; ``retention`` is for how long
    submissions are handed out, None for ever."""

    id: str
    name: str = "Acme"
    manager: bool = False
    now: Callable[[], datetime] = utc_now
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Amsterdam"))
    retention: timedelta | None = RETENTION
    submissions: dict[str, Submission] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def submit(self, answers: Mapping[str, str], at: datetime | None = None, **more: Any) -> Submission:
        """A lead comes in."""
        number = f"{9_000_000_000 + next(self._numbers) * 7}"
        made = Submission(number, at or self.now(), answers, **{"gclid": f"Cj0KCQ-{number}", **more})
        self.submissions[number] = made
        return made

    def query(self, text: str) -> list[dict[str, Any]]:
        """The rows of an answer, each with the selected fields only. Raises QueryError."""
        found = _QUERY.fullmatch(" ".join(text.split()))
        if found is None:
            raise QueryError("UNEXPECTED_END_OF_QUERY")
        rows = {"lead_form_submission_data": self._leads, "customer": self._customer}.get(found["resource"])
        if rows is None:
            raise QueryError("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE")
        conditions = [_CONDITION.fullmatch(each) for each in (found["where"] or "").split(" AND ") if each]
        if None in conditions:
            raise QueryError("BAD_OPERATOR")
        listed = [row for row in rows() if all(_holds(row, each) for each in conditions if each)]
        if found["order"]:
            listed.sort(key=lambda row: str(_at(row, found["order"])), reverse=bool(found["down"]))
        fields = [name.strip() for name in found["fields"].split(",")]
        return [_selected(row, fields) for row in listed[: int(found["limit"] or len(listed) or 1)]]

    def _customer(self) -> Iterator[dict[str, Any]]:
        told = {"id": self.id, "descriptive_name": self.name, "manager": self.manager, "time_zone": str(self.zone)}
        yield {"customer": {"resource_name": f"customers/{self.id}", **told}}

    def _leads(self) -> Iterator[dict[str, Any]]:
        oldest = self.now() - self.retention if self.retention else None
        for lead in self.submissions.values():
            if oldest is None or lead.at >= oldest:
                yield self._row(lead)

    def _row(self, lead: Submission) -> dict[str, Any]:
        root, ids = f"customers/{self.id}", {name: str(_number(name)) for name in (lead.form, lead.campaign)}
        group = str(_number(lead.ad_group))
        told = {
            "resource_name": f"{root}/leadFormSubmissionData/{lead.id}",
            "id": lead.id,
            "asset": f"{root}/assets/{ids[lead.form]}",
            "campaign": f"{root}/campaigns/{ids[lead.campaign]}",
            "ad_group": f"{root}/adGroups/{group}",
            "ad_group_ad": f"{root}/adGroupAds/{group}~{_number(lead.ad_group + lead.form)}",
            "gclid": lead.gclid,
            "submission_date_time": lead.at.astimezone(self.zone).isoformat(sep=" ", timespec="seconds"),
            "lead_form_submission_fields": [
                {"fieldValue": value} if lead.garbled else {"fieldType": kind, "fieldValue": value}
                for kind, value in lead.answers.items()
            ],
            "custom_lead_form_submission_fields": [
                {"fieldValue": value} if lead.garbled else {"questionText": text, "fieldValue": value}
                for text, value in lead.custom.items()
            ],
        }
        return {
            "lead_form_submission_data": told,
            "asset": {"resource_name": told["asset"], "name": lead.form},
            "campaign": {"resource_name": told["campaign"], "name": lead.campaign},
            "ad_group": {"resource_name": told["ad_group"], "name": lead.ad_group},
        }


def _number(name: str) -> int:
    return sum((at + 1) * ord(letter) for at, letter in enumerate(name)) + 10_000


def _at(row: Mapping[str, Any], path: str) -> Any:
    resource, _, name = path.partition(".")
    if name not in row.get(resource, {}):
        raise QueryError("UNRECOGNIZED_FIELD")
    return row[resource][name]


def _holds(row: Mapping[str, Any], condition: re.Match[str]) -> bool:
    value = str(_at(row, condition["field"]))
    if condition["list"] is not None:
        return value in re.findall(r"'([^']*)'", condition["list"])
    if condition["field"].endswith("date_time"):
        value = value[: len(condition["value"])]  # by the account's clock, whose offset is written but not compared
    return _SIGNS[condition["sign"]](value, condition["value"])


def _selected(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for path in fields:
        value, (resource, _, name) = _at(row, path), path.partition(".")
        part = shown.setdefault(_camel(resource), {"resourceName": row[resource]["resource_name"]})
        if value not in ("", []):
            part[_camel(name)] = value
    return shown


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
