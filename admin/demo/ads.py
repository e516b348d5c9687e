"""The lead form at Meta: it hands out the leads of ninety days, among them some that came after the last export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from random import Random

from admin.demo import marketing
from admin.demo.people import TODAY, TOLD, Person
from admin.demo.standins import Part

NOW = datetime.combine(TODAY, time(8), tzinfo=UTC)
KEPT = timedelta(days=89)
FRESH = 8
FIRST_FRESH = 1_984_220_000_000_000
PREFIXED = ("id", "ad_id", "adset_id", "campaign_id", "form_id")
"""Columns with a letter in front of the number, as the export has them."""
NAMED = ("ad_name", "adset_name", "campaign_name", "platform")
ANSWERS = (*marketing.QUESTIONS, "full_name", "email", "phone_number")


def part(rng: Random, exported: Sequence[tuple[int, Mapping[str, object]]], people: Sequence[Person]) -> Part:
    """The leads that Meta still hands out, and those that came after the export."""
    found = leads(rng, exported, people)
    forms = {marketing.FORM: (marketing.FORM_NAME, marketing.QUESTIONS)}
    contents = {"now": lambda: NOW, "forms": forms, "leads": found}
    return Part("a stand-in for Meta Lead Ads", {"leads": len(found)}, contents, {"forms": [marketing.FORM]})


def leads(
    rng: Random, exported: Sequence[tuple[int, Mapping[str, object]]], people: Sequence[Person]
) -> list[dict[str, object]]:
    """The leads as the API shows them: those of the export that are young enough, and the fresh ones."""
    rows = [row for person, row in exported if person >= 0]
    return [lead for row in [*rows, *_fresh(rng, people)] if _at(lead := _shown(row)) >= NOW - KEPT]


def _fresh(rng: Random, people: Sequence[Person]) -> Iterator[dict[str, object]]:
    """Customers of the shop who asked for a fitting since."""
    buyers = [person for person in people[TOLD:] if person.traces.buys and not person.traces.lead]
    for place, person in enumerate(rng.sample(buyers, k=min(FRESH, len(buyers)))):
        yield marketing.lead(rng, FIRST_FRESH + place, replace(person, since=TODAY - timedelta(days=rng.randint(1, 9))))


def _shown(row: Mapping[str, object]) -> dict[str, object]:
    """A row of the export as the API has it: no prefixes, times in UTC, answers apart."""
    sent = datetime.fromisoformat(str(row["created_time"])).astimezone(UTC)
    answers = {name: str(row[name]).removeprefix("p:") for name in ANSWERS}
    return {
        **{name: str(row[name]).partition(":")[2] for name in PREFIXED},
        **{name: row[name] for name in NAMED},
        "created_time": f"{sent:%Y-%m-%dT%H:%M:%S}+0000",
        "is_organic": False,
        "field_data": [{"name": name, "values": [value]} for name, value in answers.items()],
    }


def _at(lead: Mapping[str, object]) -> datetime:
    return datetime.fromisoformat(str(lead["created_time"]))
