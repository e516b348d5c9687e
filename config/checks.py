"""What single values of the file must look like. Each check returns the value in its one form, or raises."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from phonenumbers import SUPPORTED_REGIONS
from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from config import schedule as schedules
from mapping.errors import ConfigError
from mapping.expressions import compile_expression
from mapping.model import PROFILES, ActivityKind, Kind, Organization, Person
from mapping.vocabulary import Stranger, strangers

GOLDEN_FIELDS = tuple(dict.fromkeys((*Person.model_fields, *Organization.model_fields)))
"""The canonical fields that survive one by one."""

TIMELINE_KINDS = (
    *(kind.value for kind in ActivityKind),
    *(kind.value for kind in Kind if kind not in PROFILES and kind not in (Kind.ACTIVITY, Kind.CAMPAIGN)),
)
"""What a timeline may hold: the kinds of activity, and the other facts."""

MASK = "***"
"""What is shown in the place of a secret."""

YAML_DIGITS = 15
"""So many decimal digits a 64-bit number keeps (IEEE 754 binary64)."""

_CONNECTION = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_DESTINATION = re.compile(r"[a-zA-Z][a-zA-Z0-9]*://\S+")
_DATABASE = re.compile(r"(?:sqlite|postgresql)(?:\+[a-z0-9_]+)?://.*", re.DOTALL)
_SQLITE_FILE = re.compile(r"(?P<start>sqlite(?:\+[a-z0-9_]+)?:///)(?P<file>[^?]+)(?P<rest>\?.*)?", re.DOTALL)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, or nothing when none is like it."""
    by_lower = {item.lower(): item for item in known}
    return next((by_lower[match] for match in get_close_matches(word.lower(), by_lower, n=1)), "")


def refuse(message: str, expected: str = "", near: str = "") -> PydanticCustomError:
    """The error to raise: what is wrong, what was expected, and the nearest right word."""
    return PydanticCustomError("concord", "{message}", {"message": message, "expected": expected, "nearest": near})


def connection_name(value: str) -> str:
    """A connection's name as written: it stands in commands and in key paths."""
    if not _CONNECTION.fullmatch(value):
        raise refuse("is no name for a connection", "a letter, then at most 62 letters, digits, '-' or '_'")
    return value


def country(value: str) -> str:
    """The country code in capitals; the empty text stays."""
    code = value.strip().upper()
    if code and code not in SUPPORTED_REGIONS:
        near = "GB" if code == "UK" else ""
        raise refuse("is no country", "an ISO 3166-1 alpha-2 code such as GB", near)
    return code


def currency(value: str) -> str:
    """The currency code in capitals; the empty text stays. Only its form is checked."""
    code = value.strip().upper()
    if code and not re.fullmatch(r"[A-Z]{3}", code):
        raise refuse("is no currency", "an ISO 4217 code such as EUR")
    return code


def exact(value: object) -> object:
    """The number as it stands in the file; one with more digits than a YAML number keeps is refused."""
    if not isinstance(value, float):
        return value
    text = repr(value)
    if len(text.replace(".", "").strip("0")) > YAML_DIGITS:
        raise refuse("has more digits than a number in YAML keeps", "the number in quotes")
    return text


def rates(value: Mapping[str, object], currency: str) -> None:
    """Refuses rates that lead nowhere: without a currency of the hub, or of that currency itself."""
    if not currency:
        raise refuse("say what a currency is worth in hub.currency, which is not set", "hub: currency: EUR")
    if currency in value:
        raise refuse(f"name {currency}, which is the hub's own currency and needs no rate", "other currencies only")


def timezone(value: str) -> str:
    """The time zone's name as the IANA database writes it."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse(
            "is no time zone", "an IANA name such as Europe/London", nearest(value, available_timezones())
        ) from None
    return value


def database(value: str, folder: Path | None) -> str:
    """The database's URL; the file of an SQLite database is made absolute from ``folder``."""
    if not _DATABASE.fullmatch(value):
        raise refuse("is no database the hub can use", "sqlite:///file or postgresql://user@host/name")
    match = _SQLITE_FILE.fullmatch(value)
    if folder is None or match is None or match["file"].startswith((":memory:", "file:")):
        return value
    return f"{match['start']}{folder / Path(match['file']).expanduser()}{match['rest'] or ''}"


def without_password(url: str) -> str:
    """The URL with its password, if any, starred out."""
    return re.sub(r"(://[^/@:]*:).*(@)", rf"\1{MASK}\2", url)


def schedule(value: str) -> str:
    """The schedule as written, once it is known to be one."""
    try:
        schedules.parse(value)
    except ValueError as error:
        raise refuse(str(error), schedules.EXPECTED) from None
    return value.strip()


def interval(value: str) -> str:
    """The interval as written, once it is known to be one."""
    try:
        schedules.interval(value)
    except ValueError as error:
        raise refuse(str(error), schedules.EXPECTED_INTERVAL) from None
    return value.strip()


def destination(value: SecretStr) -> SecretStr:
    """The address that alerts go to. Only its form is checked: which services there are, sync/alert.py knows."""
    if not _DESTINATION.fullmatch(value.get_secret_value()):
        raise refuse("is no address that alerts can go to", "one such as mailto://… or slack://…")
    return value


def timeline_kind(value: str) -> str:
    """A kind of fact that may stand in a timeline."""
    if value not in TIMELINE_KINDS:
        raise refuse("is no kind of fact", f"one of {', '.join(TIMELINE_KINDS)}", nearest(value, TIMELINE_KINDS))
    return value


def golden_field(value: str) -> str:
    """A canonical field, ``custom.<name>`` or ``default``."""
    known = ("default", *GOLDEN_FIELDS)
    if value not in known and not re.fullmatch(r"custom\.\S.*", value):
        raise refuse("is no canonical field", "a field such as phone, custom.<name>, or default", nearest(value, known))
    return value


def domain(value: str) -> str:
    """The domain in small letters, without a leading ``@``."""
    name = value.strip().lower().removeprefix("@")
    if not _DOMAIN.fullmatch(name):
        raise refuse("is no domain", "a domain such as acme.com")
    return name


def pattern(value: str) -> str:
    """The address pattern in small letters. One that would match every address is refused."""
    text = value.strip().lower()
    if not re.search(r"[^\W_]", text) or re.search(r"\s", text):
        raise refuse(
            "is no address, domain or pattern",
            "an address or domain such as someone@bank.example, bank.example or *@bank.example",
        )
    return text


def timeline(keys: Collection[str]) -> None:
    """Refuses keys of the timeline that belong to one object."""
    for key in ("fields", "match_on"):
        if key in keys:
            raise refuse(f"timeline.{key} means nothing for activities", f"{key} under the object it belongs to")


def rule_that_writes(value: str) -> str:
    """The expression as written, once every name in it is one that a golden record or a fact of some kind has."""
    for one in strangers(value, tuple(Kind)):
        raise refuse(*of_stranger(one))
    return value


def of_stranger(one: Stranger) -> tuple[str, str, str]:
    """What is wrong with a name that stands for nothing, what was expected, and the nearest right name."""
    message = f"names the {one.what} {one.name}, which is none"
    return message, f"one of {', '.join(one.known)}", nearest(one.name, one.known)


def expression(value: str) -> str:
    """The expression as written, once it is known to compile."""
    try:
        compile_expression(value)
    except ConfigError as error:
        raise refuse(str(error), "a dotted path or a JMESPath expression") from None
    return value
