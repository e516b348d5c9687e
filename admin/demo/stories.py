"""Three customers whose records say what a hub is for: who they are, what happened, how the CRM holds them now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin.cli import doors
from connectors.core.protocols import Runtime, Token
from mapping.contract import RemoteId
from mapping.money import MONEY
from sync.reports import CustomerSummary, CustomerView, TimelineItem

if TYPE_CHECKING:
    from sync.hub import Hub

LOOKED_AT = 300
EVENTS, ALL = 20, 500


@dataclass(frozen=True, slots=True)
class Story:
    """One customer whole; ``crm`` is what the CRM answered when it was asked just now, by ``object/id``. ``money`` is
    how many orders, invoices and payments there are, counted or not."""

    title: str
    customer: CustomerView
    timeline: Sequence[TimelineItem]
    crm: Mapping[str, Mapping[str, object]]
    money: int


def stories(hub: Hub, told: Sequence[tuple[str, str]]) -> list[Story]:
    """The customers named as (title, email) in ``told``, or else the most telling ones that can be found."""
    named = [(title, found[0].id) for title, email in told if (found := hub.find_customers(email, 1))]
    return [_story(hub, title, key) for title, key in (named if told else _most_telling(hub))]


def _story(hub: Hub, title: str, key: str) -> Story:
    view, items = hub.customer(key), hub.timeline(key, ALL)
    money = sum(item.kind in MONEY for item in items)
    return Story(title, view, items[:EVENTS], dict(_read_back(hub, view)), money)


def _most_telling(hub: Hub) -> Iterator[tuple[str, str]]:
    """The customer of most sources, one who was a lead before buying, and one met with few records; all different."""
    found = hub.find_customers("", LOOKED_AT)
    ranked: list[CustomerSummary] = sorted(found, key=lambda each: (-len(each.sources), -each.records, each.id))
    taken: set[str] = set()
    if ranked:
        taken.add(ranked[0].id)
        yield "Known from most places", ranked[0].id
    wanted = [("A lead who became a buyer", {"lead", "order"}), ("Met, and known by little else", {"meeting"})]
    for each in ranked:
        kinds = {item.kind for item in hub.timeline(each.id, EVENTS)} if wanted and each.id not in taken else set()
        for title, needed in wanted:
            if needed <= kinds:
                wanted.remove((title, needed))
                taken.add(each.id)
                yield title, each.id
                break


def _read_back(hub: Hub, view: CustomerView) -> Iterator[tuple[str, Mapping[str, object]]]:
    """What the destinations hold right now of this customer, asked for over HTTP through the vendor's connector."""
    for remote in view.remotes:
        settings = hub.settings.connections[remote.connection]
        connector = doors.vendors()[settings.connector].build(settings.config, Runtime(), NoTokens())
        if connector.writes is None:
            continue
        key = RemoteId(remote.remote_id)
        live = connector.writes.fetch(remote.object, [key]).get(key)
        if live is not None:
            filled = {name: value for name, value in live.fields.items() if value not in (None, "")}
            yield f"{remote.connection}/{remote.object}/{key}", filled


class NoTokens:
    """The token store of a connection that logs in with a plain access token and refreshes none."""

    def load(self) -> Token | None:
        """None."""
        return None

    def swap(self, old: Token | None, new: Token) -> bool:
        """False: nothing is kept."""
        return False

    def lock(self, seconds: float) -> bool:
        """False: there is nothing to refresh."""
        return False

    def unlock(self) -> None:
        """Nothing was locked."""
