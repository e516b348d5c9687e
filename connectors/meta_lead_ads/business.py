"""What a company has at Meta, in memory: pages, forms, leads, an ad account, and the tokens that open them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.core.protocols import utc_now

Object = dict[str, Any]

RETENTION = timedelta(days=90)
"""How long a lead is handed out."""
STANDARD = {"full_name": "FULL_NAME", "email": "EMAIL", "phone_number": "PHONE"}
STATUSES = ("ACTIVE", "ARCHIVED", "DELETED", "DRAFT")


@dataclass
class Form:
    """A lead form. ``questions`` are key to type; ``CUSTOM`` is the advertiser's own."""

    id: str
    name: str
    page: str
    questions: Mapping[str, str]
    status: str = "ACTIVE"

    def shown(self) -> Object:
        """As the API shows it."""
        asked = [
            {"id": f"{self.id}{n}", "key": key, "label": key.replace("_", " ").title(), "type": type_}
            for n, (key, type_) in enumerate(self.questions.items())
        ]
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "locale": "en_GB",
            "page_id": self.page,
            "page": {"id": self.page},
            "questions": asked,
        }


@dataclass
class Business:
    """All of it. ``now`` dates the leads; ids are numbers in the order in which things are made.

    ``tokens`` are whom a token speaks for: a page's id, or ``user`` for the system user, who has every page in
    ``pages``. ``closed`` pages do not let anybody see their leads.
    """

    now: Callable[[], datetime] = utc_now
    user: str = "100000000000001"
    pages: dict[str, str] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    leads: dict[str, Object] = field(default_factory=dict)
    figures: dict[tuple[str, str], Object] = field(default_factory=dict)
    account: str = "act_200000000000001"
    tokens: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    subscribed: dict[str, list[str]] = field(default_factory=dict)
    retention: timedelta = RETENTION
    _made: int = 0

    def add_page(self, name: str) -> str:
        """A page with a token of its own; its id."""
        page = self._id(3)
        self.pages[page] = name
        self.tokens[f"EAAG-page-{page}"] = page
        return page

    def token_of(self, page: str) -> str:
        """The page's own token."""
        return next(token for token, holder in self.tokens.items() if holder == page)

    def add_form(self, page: str, name: str, *own: str, status: str = "ACTIVE") -> Form:
        """A form with the usual three questions and others of the advertiser's own; an archived one may have leads."""
        form = Form(self._id(4), name, page, {**STANDARD, **dict.fromkeys(own, "CUSTOM")}, status)
        self.forms[form.id] = form
        return form

    def submit(self, form: Form, answers: Mapping[str, str | Sequence[str]], **more: Any) -> str:
        """Somebody sends the form; the lead's id. Without ``more`` no advertisement brought them."""
        lead = self._id(5)
        values = {key: [value] if isinstance(value, str) else [*value] for key, value in answers.items()}
        self.leads[lead] = {
            "id": lead,
            "created_time": self.now().strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "form_id": form.id,
            "is_organic": "ad_id" not in more,
            "platform": "fb",
            "field_data": [{"name": key, "values": each} for key, each in values.items()],
            **more,
        }
        return lead

    def try_out(self, form: Form, answers: Sequence[Mapping[str, Any]] = ()) -> str:
        """A test lead; what the advertiser did not answer is filled with Meta's dummy data."""
        given = {str(each["name"]): each["values"] for each in answers}
        dummy = {key: f"<test lead: dummy data for {key}>" for key in form.questions if key not in given}
        return self.submit(form, {**given, **dummy})

    def listed(self, form: str) -> list[Object]:
        """The leads that a form still hands out, newest first."""
        horizon = (self.now() - self.retention).timestamp()
        found = [lead for lead in self.leads.values() if lead["form_id"] == form and second(lead) >= horizon]
        return sorted(found, key=lambda lead: (second(lead), lead["id"]), reverse=True)

    def spend(self, campaign: str, name: str, day: str, spend: str, impressions: int = 0, clicks: int = 0) -> None:
        """What a campaign cost on a day; told again, the figures are other ones."""
        self.figures[campaign, day] = {
            "account_id": self.account.removeprefix("act_"),
            "account_currency": "EUR",
            "campaign_id": campaign,
            "campaign_name": name,
            "objective": "OUTCOME_LEADS",
            "spend": spend,
            "impressions": str(impressions),
            "reach": str(impressions // 2),
            "clicks": str(clicks),
            "date_start": day,
            "date_stop": day,
        }

    def days(self, since: str, until: str) -> Iterator[Object]:
        """The campaigns' days in a stretch, both ends included."""
        for (_, day), row in sorted(self.figures.items(), key=lambda each: (each[0][1], each[0][0])):
            if since <= day <= until:
                yield row

    def call(self, lead: str) -> bytes:
        """The body by which Meta tells an app that a lead has come."""
        told = self.leads[lead]
        form = self.forms[told["form_id"]]
        value = {"leadgen_id": lead, "form_id": form.id, "page_id": form.page, "created_time": int(second(told))}
        entry = {"id": form.page, "time": value["created_time"], "changes": [{"field": "leadgen", "value": value}]}
        return json.dumps({"object": "page", "entry": [entry]}).encode()

    def _id(self, sort: int) -> str:
        self._made += 1
        return str(sort * 10**14 + self._made)


def second(lead: Object) -> float:
    """When a lead was made, in seconds since 1970."""
    return datetime.fromisoformat(lead["created_time"]).timestamp()


def example(now: Callable[[], datetime] = utc_now, token: str = "EAAG-system-user") -> Business:  # noqa: S107 - made up
    """A business with a page, a form, and a token of a system user."""
    business = Business(now)
    business.tokens[token] = business.user
    page = business.add_page("Plum & Co")
    business.add_form(page, "Tasting", "which_wine_do_you_like?")
    return business
