"""What connectors say of themselves before anybody logs in, and what of a connection's entry contradicts that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from config.checks import nearest, of_stranger
from config.connection import TIMELINE
from config.keys import KeyPath
from mapping.errors import ConfigError
from mapping.model import Kind
from mapping.vocabulary import strangers


@dataclass(frozen=True, slots=True)
class Writable:
    """One object that can be written: the kinds of record it takes, and the properties that its own rules write."""

    kinds: frozenset[Kind]
    properties: frozenset[str]


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be read and written. None stands for what only the account can tell, and nothing is refused by it."""

    streams: Collection[str] | None = None
    objects: Mapping[str, Writable] | None = None
    writes: bool = True


Offers = Callable[[str], Offer | None]
"""What a connector offers, by its name; None for one that is not known."""


class Mistake(NamedTuple):
    """One mistake in the entry of a connection, its place counted from there."""

    path: KeyPath
    message: str
    expected: str = ""
    nearest: str = ""


def mistakes(connector: str, entry: Mapping[str, Any], offer: Offer) -> Iterator[Mistake]:
    """What of a connection's entry, as it stands in the file, the connector does not offer.

    What has the wrong form is passed over: the models tell that.
    """
    if offer.streams is not None:
        known = sorted(offer.streams)
        yield from (_unknown(connector, "stream", ("streams", key), known) for key in _keys(entry, "streams", known))
    if not offer.writes:
        if entry.get("push"):
            yield Mistake(("push",), f"this connection ({connector}) can only be read", "no push:")
    elif offer.objects is not None:
        allowed = [*sorted(offer.objects), TIMELINE]
        yield from (_unknown(connector, "target", ("push", key), allowed) for key in _keys(entry, "push", allowed))
        for name, target in _part(entry, "push").items():
            if name in offer.objects and isinstance(target, dict):
                yield from _of_target(("push", name), target, offer.objects[name])


def _part(entry: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    found = entry.get(part)
    return found if isinstance(found, dict) else {}


def _keys(entry: Mapping[str, Any], part: str, known: Collection[str]) -> list[str]:
    return [key for key in _part(entry, part) if key not in known]


def _unknown(connector: str, what: str, path: KeyPath, known: Collection[str]) -> Mistake:
    expected = f"one of {', '.join(known)}" if known else ""
    return Mistake(path, f"{connector} has no such {what}", expected, nearest(str(path[-1]), known))


def _of_target(at: KeyPath, target: Mapping[str, Any], offered: Writable) -> Iterator[Mistake]:
    rules = _part(target, "fields")
    for name, rule in rules.items():
        path = (*at, "fields", name, "from") if isinstance(rule, dict) else (*at, "fields", name)
        text = rule.get("from") if isinstance(rule, dict) else rule
        yield from _of_rule(path, text, offered.kinds)
    match_on = target.get("match_on")
    written = sorted(offered.properties.union(rules) - {name for name, rule in rules.items() if rule is None})
    if isinstance(match_on, str) and match_on and match_on not in written:
        expected = f"one of {', '.join(written)}" if written else "a property under fields:"
        message = f"no rule writes the property {match_on}, so nothing would be found by it"
        yield Mistake((*at, "match_on"), message, expected, nearest(match_on, written))


def _of_rule(path: KeyPath, text: Any, kinds: Collection[Kind]) -> Iterator[Mistake]:
    try:
        found = list(strangers(text, sorted(kinds))) if isinstance(text, str) else []
    except ConfigError:
        return  # it cannot be parsed, which is told of it already
    yield from (Mistake(path, *of_stranger(one)) for one in found)
