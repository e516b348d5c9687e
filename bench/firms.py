"""Invented companies as several tools write them down: legal forms, branches, holdings, resellers of one name."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.customers import Row
from bench.people import Names
from bench.slips import misdialled, typo

_TRADES = ("Logistics", "Foods", "Tools", "Partners", "Consulting", "Systems", "Motors", "Textiles", "Media", "Bakery")
_FORMS = (
    ("Ltd", "Limited"),
    ("Inc.", "Incorporated"),
    ("GmbH", "G.m.b.H."),
    ("LLC", "L.L.C."),
    ("S.A.", "SA"),
    ("", ""),
)
_ENDINGS = ("com", "co.uk", "de", "net", "fr", "io")


@dataclass(slots=True)
class Firm:
    """One company as the truth knows it."""

    entity: int
    name: str
    form: tuple[str, str]
    hosts: list[str]
    tax: str
    phone: str
    address: dict[str, str]
    emails: list[str] = field(default_factory=list)


def firms(seed: int, count: int) -> Iterator[Row]:
    """The rows of ``count`` companies in three tools, about 2.4 a company."""
    chance = random.Random(seed)
    names = Names(chance)
    known: list[Firm] = []
    for entity in range(count):
        firm = _firm(entity, names, chance)
        if known and chance.random() < 0.06:
            _related(firm, chance.choice(known), chance)
        known.append(firm)
    for tool, share in (("crm", 0.9), ("erp", 0.8), ("helpdesk", 0.6)):
        for firm in known:
            if chance.random() < share:
                yield Row(firm.entity, tool, _record(firm, tool, chance))
            if chance.random() < 0.06:
                yield Row(firm.entity, tool, _record(firm, tool, chance))


def _firm(entity: int, names: Names, chance: random.Random) -> Firm:
    name = names.family.one(chance)
    if chance.random() < 0.85:
        name += f" {chance.choice(_TRADES)}"
    plain = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum()) or f"firm{entity}"
    hosts = [f"{plain}.{chance.choice(_ENDINGS)}"]
    if chance.random() < 0.15:
        hosts.append(f"{plain}.{chance.choice(_ENDINGS)}")
    town = names.family.one(chance)
    address = {
        "street": f"{chance.randrange(1, 300)} {names.family.one(chance)} {chance.choice(('Street', 'Road', 'Lane'))}",
        "locality": f"{town} City",
        "postal_code": f"{chance.randrange(10_000, 99_999)}",
    }
    phone = f"+1{chance.randrange(201, 989)}{chance.randrange(2_000_000, 9_999_999)}"
    tax = f"{chance.randrange(100_000_000, 999_999_999)}"
    return Firm(entity, name, chance.choice(_FORMS), hosts, tax, phone, address)


def _related(firm: Firm, other: Firm, chance: random.Random) -> None:
    """Another company that has something of this one: a namesake, a subsidiary, a neighbour."""
    kind = chance.randrange(3)
    if kind == 0:
        firm.name = other.name
    elif kind == 1:
        firm.hosts, firm.name = other.hosts, f"{other.name.split()[0]} {chance.choice(_TRADES)}"
        firm.phone = other.phone if chance.random() < 0.5 else firm.phone
    else:
        firm.address, firm.phone = other.address, other.phone if chance.random() < 0.3 else firm.phone


def _record(firm: Firm, tool: str, chance: random.Random) -> dict[str, Any]:
    form = chance.choice((*firm.form, "", firm.form[0]))
    name = typo(firm.name, chance) if chance.random() < 0.06 else firm.name
    if chance.random() < 0.07 and " " in name:
        name = name.split()[0]
    written = f"{name} {form}".strip()
    values: dict[str, Any] = {"name": chance.choice((written, written, written.upper()))}
    if chance.random() < (0.75 if tool != "erp" else 0.4):
        values["website"] = f"https://www.{chance.choice(firm.hosts)}/"
    if chance.random() < (0.8 if tool == "erp" else 0.15):
        values["tax_id"] = typo(firm.tax, chance) if chance.random() < 0.02 else firm.tax
    if chance.random() < 0.5:
        values["phone"] = misdialled(firm.phone, chance) if chance.random() < 0.03 else firm.phone
    if chance.random() < 0.35:
        values["email"] = f"{chance.choice(('accounts.payable', 'j.smith', 'orders2'))}@{firm.hosts[0]}"
    if chance.random() < (0.9 if tool == "erp" else 0.4):
        values["address"] = dict(firm.address)
    return values
