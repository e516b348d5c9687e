"""What a whole entity needs beyond its single fields: one primary email, names and their parts, unique participants."""

from __future__ import annotations

from typing import Any

from mapping import normalize

Values = dict[str, Any]


def finish_person(values: Values, odd: Values) -> None:
    """Fills the name from its parts or the parts from the name, and settles primary and other emails and phones."""
    name, given, family = values.get("name"), values.get("given_name"), values.get("family_name")
    if name is not None and "@" in name:
        # An address in the place of a name would pass for one everywhere.
        odd["name"] = values.pop("name")
        name = None
    if name is None:
        if given is not None or family is not None:
            middle = values.get("additional_name")
            if given and family and not middle:
                values["name"] = f"{given} {family}"
            else:
                values["name"] = " ".join(part for part in (given, middle, family) if part)
    elif given is None and family is None:
        first, last = normalize.name_parts(name)
        if first:
            values["given_name"] = first
        if last:
            values["family_name"] = last
    _settle(values)


def finish_organization(values: Values, odd: Values) -> None:
    """Settles primary and other emails and phones; the domain comes from the website when nothing else names it."""
    if "domain" not in values and "website" in values:
        domain = normalize.domain(values["website"])
        if domain:
            values["domain"] = domain
    _settle(values)


def finish_fact(values: Values, odd: Values) -> None:
    """A fact without participants has no empty list of them."""
    if "participants" in values and not values["participants"]:
        del values["participants"]


def _settle(values: Values) -> None:
    """The first of ``emails`` becomes the primary when there is none; the primary does not stand among the others."""
    if "emails" in values:
        _promote(values, "email", "emails")
    if "phones" in values:
        _promote(values, "phone", "phones")
    if "ids" in values:
        values["ids"] = [known for known in values["ids"] if not known.endswith(":")]
        if not values["ids"]:
            del values["ids"]


def _promote(values: Values, primary: str, others: str) -> None:
    listed = values.pop(others)
    first = values.setdefault(primary, listed[0])
    rest = [value for value in listed if value != first]
    if rest:
        values[others] = rest
