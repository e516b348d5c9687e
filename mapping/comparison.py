"""What a record is compared by, normalised once: small, without I/O, and kept beside the record until it changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from sys import intern
from typing import Any, NamedTuple

from mapping.companies import company, disposable, own_domain
from mapping.identity import EMAIL, PHONE, Protection
from mapping.model import Kind
from mapping.names import name_parts
from mapping.normalize import domain, email_key, placeholder_email, role_mailbox
from mapping.postal import postcode, street
from mapping.spellings import letters
from mapping.wordlists import FEMALE_TITLES, MALE_TITLES

VERSION = "3"
"""Raised whenever a normal form changes: comparisons made by another version are made again."""

_GENERATION = re.compile(r"\b(jr|junior|jnr|sr|senior|snr|ii|iii|iv)\b")
_ELDER = {"jr": "jr", "junior": "jr", "jnr": "jr", "ii": "jr", "sr": "sr", "senior": "sr", "snr": "sr"}
_MALE, _FEMALE = frozenset(MALE_TITLES.split()), frozenset(FEMALE_TITLES.split())
_NOT_KEPT = re.compile(r"[^A-Z0-9]")


class Comparison(NamedTuple):
    """A record as it is compared with others. Texts are in plain lower-case letters; what is not known is empty.

    ``emails`` are keys (``email_key``), ``phones`` E.164, ``ids`` ``system:value``; blocked values, role mailboxes,
    placeholders and echoes of our own words are left out already. ``birth`` is ISO, ``--MM-DD`` without a year.
    ``source`` names the stream the record came from. ``unique`` are those of ``ids`` (and ``tax:…``) whose system the
    stream declares to name one person and no other, and ``verified_birth`` says the same of the birth date;
    ``deduplicated`` is true where the stream holds nobody twice.
    """

    kind: str = Kind.PERSON.value
    given: str = ""
    family: str = ""
    middle: str = ""
    generation: str = ""
    sex: str = ""
    birth: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    tax: str = ""
    number: str = ""
    street: str = ""
    unit: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    company: str = ""
    domains: tuple[str, ...] = ()
    source: str = ""
    unique: tuple[str, ...] = ()
    verified_birth: bool = False
    deduplicated: bool = False

    @property
    def named(self) -> bool:
        """Whether the record says a name at all."""
        return bool(self.given or self.family)

    @property
    def speaks(self) -> bool:
        """Whether the record says anything that others could be like it by. What we wrote ourselves and read back does
        not: all that it knows are our own words and its id."""
        known = (self.emails, self.phones, self.birth, self.tax, self.street, self.company, self.domains)
        return self.named or any(known)


def dump(one: Comparison) -> dict[str, Any]:
    """The comparison as plain JSON values, without what is empty; ``load`` gives it back."""
    return {
        name: value
        for name, value, usual in zip(Comparison._fields, one, Comparison._field_defaults.values(), strict=True)
        if value != usual
    }


_USUAL = Comparison()._asdict()
_SEVERAL = tuple(name for name, usual in _USUAL.items() if usual == ())


def load(stored: Mapping[str, Any]) -> Comparison:
    """What ``dump`` made. Raises TypeError for a field that does not exist."""
    whole = {**_USUAL, **stored}
    if len(whole) > len(_USUAL):
        raise TypeError(f"a comparison has no {', '.join(sorted(whole.keys() - _USUAL.keys()))}")
    for name in _SEVERAL:
        if name in stored:
            whole[name] = tuple(stored[name])
    return Comparison._make(whole.values())


@dataclass(frozen=True, slots=True)
class Origin:
    """What a stream says of its records. ``unique`` are systems (``tax``, ``loyalty``) that name one person alone."""

    source: str = ""
    unique: frozenset[str] = frozenset()
    deduplicated: bool = False


NOWHERE, USUAL = Origin(), Protection()


def comparison(
    kind: str,
    values: Mapping[str, Any],
    echo: AbstractSet[str] = frozenset(),
    protection: Protection = USUAL,
    origin: Origin = NOWHERE,
) -> Comparison:
    """What a profile's canonical values are compared by; fields in ``echo`` are our own words and count for nothing."""
    if echo:
        values = {name: value for name, value in values.items() if name not in echo}
    emails = _emails(values, protection)
    ids = tuple(sorted({one for one in values.get("ids", ()) if not protection.bars("id", one)}))
    tax = _NOT_KEPT.sub("", str(values.get("tax_id") or "").upper())
    place = values.get("address") or {}
    where = street(place.get("street") or "") if place else street("")
    given, family, middle, generation = _names(kind, values)
    return Comparison(
        kind=kind,
        given=given,
        family=family,
        middle=middle,
        generation=generation,
        sex=_sex(values),
        birth=str(values.get("birth_date") or ""),
        emails=emails,
        phones=_phones(values, protection),
        ids=ids,
        tax=tax,
        number=where.number,
        street=where.name,
        unit=where.unit,
        postcode=postcode(place.get("postal_code") or ""),
        city=letters(place.get("locality") or ""),
        region=letters(place.get("region") or ""),
        country=(place.get("country") or "").lower(),
        company=company(_company(kind, values)),
        domains=_domains(kind, values, emails, protection),
        source=origin.source,
        unique=_unique(ids, tax, origin) if origin.unique else (),
        verified_birth="birth_date" in origin.unique,
        deduplicated=origin.deduplicated,
    )


def _unique(ids: tuple[str, ...], tax: str, origin: Origin) -> tuple[str, ...]:
    found = tuple(one for one in ids if one.partition(":")[0] in origin.unique)
    return (*found, f"tax:{tax}") if tax and "tax" in origin.unique else found


def _emails(values: Mapping[str, Any], protection: Protection) -> tuple[str, ...]:
    found = []
    for address in (values.get("email"), *values.get("emails", ())):
        if address:
            key = email_key(address)
            if not protection.bars(EMAIL, key) and not disposable(key.rpartition("@")[2]):
                found.append(key)
    return tuple(sorted(set(found))) if len(found) > 1 else tuple(found)


def _phones(values: Mapping[str, Any], protection: Protection) -> tuple[str, ...]:
    found = {one for one in (values.get("phone"), *values.get("phones", ())) if one}
    return tuple(sorted(one for one in found if not protection.bars(PHONE, one)))


def _names(kind: str, values: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Given and family name, further given names, and Junior or Senior."""
    if kind != Kind.PERSON:
        return "", "", "", ""
    given, family, full = (values.get(name) or "" for name in ("given_name", "family_name", "name"))
    if not (given and family) and full:
        first, last = name_parts(full)
        given, family = given or first, family or last
    said = letters(f"{values.get('honorific_suffix') or ''} {full or family}")
    found = _GENERATION.search(said) if " " in said else None
    generation = _ELDER.get(found[1], found[1]) if found else ""
    words = letters(given).split()
    more = letters(values.get("additional_name") or "").split()
    last_words = [word for word in letters(family).split() if not (generation and _GENERATION.fullmatch(word))]
    # Few names are held by many: one text for all of them.
    first, last = intern(words[0]) if words else "", intern(" ".join(last_words))
    return first, last, " ".join(words[1:] + more), generation


def _sex(values: Mapping[str, Any]) -> str:
    title = (values.get("honorific_prefix") or "").lower().strip(" .")
    return "m" if title in _MALE else "f" if title in _FEMALE else ""


def _company(kind: str, values: Mapping[str, Any]) -> str:
    if kind == Kind.PERSON:
        return str(values.get("company") or "")
    return str(values.get("legal_name") or values.get("name") or "")


def _domains(kind: str, values: Mapping[str, Any], emails: tuple[str, ...], protection: Protection) -> tuple[str, ...]:
    """The companies' domains, those of role mailboxes too: ``info@`` names nobody, but tells where somebody works."""
    hosts = [address.rpartition("@")[2] for address in emails]
    for address in (values.get("email"), *values.get("emails", ())):
        if address and role_mailbox(address) and not placeholder_email(address) and address not in protection.blocked:
            host = address.rpartition("@")[2]
            if host not in protection.internal:
                hosts.append(host)
    if kind == Kind.ORGANIZATION:
        hosts.extend(host for name in ("domain", "website") if (host := domain(values.get(name) or "")))
    found = {own for host in hosts if (own := own_domain(host))}
    return tuple(sorted(found)) if len(found) > 1 else tuple(found)
