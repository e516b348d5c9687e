"""Values in their one canonical form: emails, phones, names, countries, instants. All of it pure and bounded."""

from __future__ import annotations

import re

from mapping.countries import country
from mapping.emails import domain, email, email_key, mailbox, names_nobody, placeholder_email, role_mailbox
from mapping.moments import birthday, day, instant, to_utc
from mapping.names import first_name, fold, last_name, name_key, name_parts
from mapping.phones import international, phone, placeholder_phone
from mapping.texts import boolean, clean, clean_json, integer, number
from mapping.wordlists import CURRENCIES

__all__ = [
    "VERSION",
    "birthday",
    "boolean",
    "clean",
    "clean_json",
    "country",
    "currency",
    "day",
    "domain",
    "email",
    "email_key",
    "first_name",
    "fold",
    "instant",
    "integer",
    "international",
    "language",
    "last_name",
    "mailbox",
    "name_key",
    "name_parts",
    "names_nobody",
    "number",
    "phone",
    "placeholder_email",
    "placeholder_phone",
    "role_mailbox",
    "to_utc",
]

VERSION = "2"
"""Raised whenever a canonical form changes: entities made by another version are mapped again."""

_CURRENCIES = frozenset(CURRENCIES.split())
_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "US$": "USD",
    "CA$": "CAD",
    "A$": "AUD",
    "₹": "INR",
    "₽": "RUB",
    "₺": "TRY",
    "₴": "UAH",
}
_LANGUAGES = {
    name: code
    for code, names in {
        "en": "english englisch anglais inglés inglese",
        "de": "german deutsch allemand alemán tedesco",
        "fr": "french französisch français francés francese",
        "es": "spanish spanisch espagnol español spagnolo",
        "it": "italian italienisch italien italiano",
        "nl": "dutch niederländisch nederlands",
        "pt": "portuguese portugiesisch português",
        "pl": "polish polnisch polski",
        "sv": "swedish schwedisch svenska",
        "da": "danish dänisch dansk",
    }.items()
    for name in names.split()
}
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?(?:[.@].{0,20})?")


def currency(text: str) -> str | None:
    """The ISO 4217 code, or None. A lone ``$`` or ``¥`` names several currencies and so none."""
    code = text.strip().upper()
    return code if code in _CURRENCIES else _SIGNS.get(code)


def language(text: str) -> str | None:
    """The BCP 47 tag in its usual case (``pt-BR``, ``zh-Hant-TW``), or None."""
    text = text.strip()
    if match := _LANGUAGE.fullmatch(text):
        script = f"-{match[2].title()}" if match[2] else ""
        return match[1].lower() + script + (f"-{match[3].upper()}" if match[3] else "")
    return _LANGUAGES.get(text.lower())
