"""The shop's mailbox, live in Gmail: some of the workshop's talks, which went to both, and questions about orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from random import Random

from admin.demo import mail
from admin.demo.people import TODAY, TOLD, Person
from admin.demo.standins import Part

ADDRESS = "winkel@kettingwerk.example"
SHOP = ("Kettingwerk Winkel", ADDRESS)
SHARED = 0.25
"""The share of the workshop's talks that the shop has too."""
QUESTIONS = 90
SUBJECTS = {
    "nl": ("Waar blijft mijn pakket?", "Maat ruilen", "Levertijd bakfiets"),
    "de": ("Wo ist mein Paket?", "Größe tauschen", "Lieferzeit Lastenrad"),
    "fr": ("Où est mon colis ?", "Échange de taille", "Délai de livraison"),
    "en": ("Where is my parcel?", "Exchange for another size"),
    "es": ("¿Dónde está mi paquete?", "Cambio de talla"),
    "pl": ("Gdzie jest moja paczka?", "Wymiana rozmiaru"),
}
Letter = tuple[bytes, Sequence[str], datetime]


def part(rng: Random, workshop: Sequence[tuple[datetime, str]], people: Sequence[Person]) -> Part:
    """The mailbox, with those of the workshop's messages that the shop has too."""
    found = letters(rng, workshop, people)
    config = {"page_size": 100, "messages_per_minute": 100_000}
    return Part(
        "a stand-in for Gmail, the shop's mailbox", {"messages": len(found)}, {"mail": {ADDRESS: found}}, config
    )


def letters(rng: Random, workshop: Sequence[tuple[datetime, str]], people: Sequence[Person]) -> list[Letter]:
    """Every message, the labels that it has in Gmail, and when it came; the oldest first."""
    found = [*_shared(rng, workshop), *_questions(rng, people)]
    return [_letter(at, text) for at, text in sorted(found, key=lambda each: each[0])]


def _shared(rng: Random, workshop: Sequence[tuple[datetime, str]]) -> Iterator[tuple[datetime, str]]:
    """Whole talks: the same messages under the same Message-ID."""
    chosen: dict[str, bool] = {}
    for at, text in workshop:
        talk = text.partition("Message-ID: <")[2].partition(".")[0]  # the number of whoever began it
        if talk.isdigit() and chosen.setdefault(talk, rng.random() < SHARED or int(talk) < TOLD):
            yield at, text


def _questions(rng: Random, people: Sequence[Person]) -> Iterator[tuple[datetime, str]]:
    """What buyers ask the shop only, most of it answered."""
    buyers = [person for person in people[TOLD:] if person.traces.buys]
    for person in rng.sample(buyers, k=min(QUESTIONS, len(buyers))):
        day = person.since + timedelta(days=rng.randrange(max((TODAY - person.since).days, 1)))
        at = datetime.combine(day, time(rng.randint(7, 22), rng.randint(0, 59), rng.randint(0, 59)), tzinfo=UTC)
        them = (f"{person.given} {person.family_name(day)}", person.emails[0])
        subject = rng.choice(SUBJECTS[person.country.language])
        first = f"<winkel.{person.number:05d}.a@{them[1].partition('@')[2]}>"
        yield at, mail.message(rng, at, first, them, SHOP, subject, label="Inbox")
        if rng.random() < 0.85:
            at += timedelta(hours=rng.randint(1, 20))
            answer = f"<winkel.{person.number:05d}.b@kettingwerk.example>"
            yield at, mail.message(rng, at, answer, SHOP, them, f"Re: {subject}", label="Sent", reply_to=first)


def _letter(at: datetime, text: str) -> Letter:
    """Gmail keeps as labels what Takeout writes into the first header."""
    takeout, _, rest = text.partition("\n")
    return rest.encode(), ("SENT",) if ": Sent" in takeout else ("INBOX",), at
