"""Which organization a person belongs to: by the domain of an email of theirs, or by the company that they name.

A link is a function of golden records alone, so it follows every merge and split by itself and is stored nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mapping.companies import company, own_domain
from mapping.normalize import domain


class Employer(NamedTuple):
    """An organization, and by what a person belongs to it: ``email at acme.com``, ``company Acme Ltd``."""

    organization: str
    why: str


def domains_of(values: Mapping[str, Any]) -> Iterator[str]:
    """The domains that are an organization's own: none of a free provider."""
    hosts = [domain(str(values.get(name) or "")) for name in ("domain", "website")]
    hosts += [email.rpartition("@")[2] for email in emails_of(values)]
    yield from dict.fromkeys(own for host in hosts if host and (own := own_domain(host)))


def emails_of(values: Mapping[str, Any]) -> Iterator[str]:
    """Its emails, the primary one first."""
    yield from (str(one).casefold() for one in (values.get("email"), *values.get("emails", ())) if one)


def names_of(values: Mapping[str, Any]) -> Iterator[str]:
    """What an organization is called, without its legal form."""
    yield from dict.fromkeys(
        found for name in ("legal_name", "name") if (found := company(str(values.get(name) or "")))
    )


@dataclass(slots=True)
class Employers:
    """Organizations by what is theirs alone. What two of them claim links nobody."""

    domains: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, organizations: Iterable[tuple[str, Mapping[str, Any]]]) -> Employers:
        """Those of (customer, golden values)."""
        found = cls()
        for id_, values in organizations:
            for claims, known in ((domains_of(values), found.domains), (names_of(values), found.names)):
                for claim in claims:
                    known[claim] = id_ if known.get(claim, id_) == id_ else ""
        return found

    def employer(self, values: Mapping[str, Any]) -> Employer | None:
        """Whose the person with these golden values is: by the primary email, then by the company's name, then by other
        emails; None where nothing says, or where several organizations could be meant."""
        first, *others = [*emails_of(values), ""]
        named = str(values.get("company") or "")
        for found, why in (
            (self._at(first), f"email at {first.rpartition('@')[2]}"),
            (self.names.get(company(named), "") if named else "", f"company {named}"),
            *((self._at(email), f"email at {email.rpartition('@')[2]}") for email in others),
        ):
            if found:
                return Employer(found, why)
        return None

    def _at(self, email: str) -> str:
        host = email.rpartition("@")[2]
        return self.domains.get(own_domain(host), "") if host else ""
