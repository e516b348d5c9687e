"""The workshop's mailbox, as Gmail's Takeout hands it out: one mbox file."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from email.header import Header
from email.utils import format_datetime, formataddr
from pathlib import Path
from random import Random

from admin.demo.meetings import COLLEAGUES
from admin.demo.people import TODAY, Person

FILE = "mail.mbox"
US = ("Kettingwerk", "werkplaats@kettingwerk.example")
SUBJECTS = {
    "nl": (
        "Vraag over mijn bestelling",
        "Afspraak verzetten?",
        "Piep in de voorrem",
        "Factuur graag – naam klopt niet",
    ),
    "de": ("Frage zur Bestellung", "Termin für große Inspektion", "Schloss klemmt", "Rückgabe"),
    "fr": ("Question sur ma commande", "Rendez-vous à déplacer", "Vélo électrique : bruit étrange"),
    "en": ("Question about my order", "Can I move my fitting?", "Squeaky brake"),
    "es": ("Pregunta sobre mi pedido", "¿Hacéis envíos a España?"),
    "pl": ("Pytanie o zamówienie", "Część zamienna – dostępność"),
}
BODY = "Dag,\n\nkan iemand hier even naar kijken? Ik kom anders zaterdag langs.\n\nFrom the bike lane,\n{name}\n"


def write_mail(folder: Path, rng: Random, people: Sequence[Person]) -> int:
    """Writes the mailbox and returns how many messages it holds."""
    found = messages(rng, people)
    with (folder / FILE).open("wb") as file:
        for at, text in found:
            file.write(f"From 1{at:%y%j%H%M%S}@xxx {at:%a %b %d %H:%M:%S +0000 %Y}\n".encode())
            # A body line that begins with "From " would begin a new message.
            head, _, body = text.partition("\n\n")
            file.write(f"{head}\n\n".encode() + body.replace("\nFrom ", "\n>From ").encode() + b"\n\n")
    return len(found)


def messages(rng: Random, people: Sequence[Person]) -> list[tuple[datetime, str]]:
    """Every message and when it was sent, the oldest first; the first header has the labels."""
    return sorted([*_talks(rng, people), *_house_mail(rng)], key=lambda each: each[0])


def _talks(rng: Random, people: Sequence[Person]) -> Iterator[tuple[datetime, str]]:
    """A question from each who writes, most of them with our answer, some with a third mail."""
    for person in people:
        if not person.traces.writes:
            continue
        subject = rng.choice(SUBJECTS[person.country.language])
        span = max((TODAY - person.since).days, 1)
        at = datetime.combine(
            person.since + timedelta(days=rng.randrange(span)),
            time(rng.randint(6, 22), rng.randint(0, 59), rng.randint(0, 59)),
            tzinfo=UTC,
        )
        name = f"{person.given} {person.family_name(at.date())}" if rng.random() < 0.85 else ""
        them = (name, rng.choice(person.emails))
        first = f"<{person.number:05d}.a@{them[1].partition('@')[2]}>"
        yield at, message(rng, at, first, them, US, subject, label="Inbox")
        if rng.random() < 0.8:
            at += timedelta(hours=rng.randint(1, 30))
            answer = f"<{person.number:05d}.b@kettingwerk.example>"
            yield at, message(rng, at, answer, US, them, f"Re: {subject}", label="Sent", reply_to=first)
            if rng.random() < 0.4:
                at += timedelta(hours=rng.randint(1, 30))
                last = f"<{person.number:05d}.c@{them[1].partition('@')[2]}>"
                yield at, message(rng, at, last, them, US, f"Re: {subject}", label="Inbox", reply_to=answer)


def _house_mail(rng: Random) -> Iterator[tuple[datetime, str]]:
    """Mail among colleagues and from the bank: neither may ever reach a customer's timeline."""
    for place in range(20):
        at = datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(days=place * 13, minutes=rng.randint(0, 300))
        key = f"<intern.{place:03d}@kettingwerk.example>"
        yield at, message(rng, at, key, COLLEAGUES[0], COLLEAGUES[1], "Rooster volgende week", label="Inbox")
    for place in range(6):
        at = datetime(2026, 3, 2, 7, tzinfo=UTC) + timedelta(days=place * 30)
        key = f"<saldo.{place}@maasbank.example>"
        yield at, message(rng, at, key, ("MaasBank", "zakelijk@maasbank.example"), US, "Uw afschrift", label="Inbox")


def message(
    rng: Random,
    at: datetime,
    key: str,
    sender: tuple[str, str],
    receiver: tuple[str, str],
    subject: str,
    *,
    label: str,
    reply_to: str = "",
) -> str:
    """One message with that Message-ID, in some of the encodings that mail comes in."""
    headers = [
        f"X-Gmail-Labels: {label},Opened",
        f"Message-ID: {key}",
        f"Date: {format_datetime(at)}",
        f"From: {formataddr(sender)}",
        f"To: {formataddr(receiver)}",
        f"Subject: {Header(subject, 'utf-8', maxlinelen=60).encode() if not subject.isascii() else subject}",
    ]
    if reply_to:
        headers += [f"In-Reply-To: {reply_to}", f"References: {reply_to}"]
    body = BODY.format(name=sender[0] or "groet")
    if rng.random() < 0.2:
        headers += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"]
        body = base64.encodebytes(body.encode()).decode()
    else:
        headers += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    return "\n".join(headers) + "\n\n" + body
