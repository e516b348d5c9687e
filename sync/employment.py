"""People and their organizations, worked out from golden records when somebody asks (mapping/employment.py), and when a
plan is made or applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mapping.companies import own_domain
from mapping.employment import Employers, domains_of, emails_of
from mapping.model import Kind
from state import customers
from state.database import Database
from sync.picture import name_of_customer
from sync.reports import BelongsView

LOOKED_AT = 5_000
"""How many people are looked at that mention an organization."""
SHOWN = 20
"""How many of an organization's people are told."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The organization of a person, by its customer's id and in words: ``Bolt GmbH (email at bolt.de)``."""

    organization: str
    words: str


@dataclass(slots=True)
class Workplaces:
    """The organizations of people as they were when first asked: one index, for as long as a plan is made or applied.
    ``names``: an organization's id to what it is called, once ``ready``."""

    db: Database
    names: dict[str, str] = field(default_factory=dict)
    _known: Employers | None = None

    def ready(self) -> Employers:
        """The index, made once. It reads all organizations."""
        if self._known is None:
            self._known = Employers.of(self._organizations())
        return self._known

    def of(self, values: Mapping[str, Any]) -> Workplace | None:
        """Where the person with these golden values works, if anything says so."""
        found = self.ready().employer(values)
        return Workplace(found.organization, f"{self.name(found.organization)} ({found.why})") if found else None

    def name(self, organization: str) -> str:
        """What it is called, else its id."""
        return self.names.get(organization) or organization

    def _organizations(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for batch in customers.every(self.db, str(Kind.ORGANIZATION)):
            for one in batch:
                self.names[one.customer_id] = name_of_customer(one.values)
                yield one.customer_id, one.values


@dataclass(frozen=True, slots=True)
class Employment:
    """Whom a customer belongs to, and who belongs to it."""

    db: Database

    def told(self, kind: str, id_: str, values: Mapping[str, Any]) -> list[BelongsView]:
        """Of a person the organization, where there is one; of an organization some of its people."""
        if kind == Kind.PERSON:
            return list(self._organization(values))
        return list(self._people(id_, values)) if kind == Kind.ORGANIZATION else []

    def _organization(self, values: Mapping[str, Any]) -> Iterator[BelongsView]:
        works = any(own_domain(email.rpartition("@")[2]) for email in emails_of(values))
        if not works and not values.get("company"):
            return
        places = Workplaces(self.db)
        found = places.ready().employer(values)
        if found is not None:
            yield BelongsView(found.organization, places.names[found.organization], found.why)

    def _people(self, id_: str, values: Mapping[str, Any]) -> Iterator[BelongsView]:
        texts = [f"@{host}" for host in domains_of(values)] + [f".{host}" for host in domains_of(values)]
        texts += [str(values[name]) for name in ("name", "legal_name") if values.get(name)]
        if not texts:
            return
        known = Workplaces(self.db).ready()
        with self.db.read() as c:
            some = customers.mentioning(c, str(Kind.PERSON), texts, LOOKED_AT)
        count = 0
        for one in some:
            found = known.employer(one.values)
            if found is not None and found.organization == id_:
                yield BelongsView(one.customer_id, name_of_customer(one.values), found.why)
                count += 1
                if count == SHOWN:
                    return
