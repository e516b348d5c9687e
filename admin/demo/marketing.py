"""What marketing exports: leads from Meta's ads, and the newsletter's audience from Mailchimp."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random

from admin.demo import mess
from admin.demo.ledger import Ledger, write_rows
from admin.demo.people import TODAY, TOLD, Person

LEADS = "leads_bikefitting_2026.xls.csv"
AUDIENCE = {status: f"{status}_members_export_1f2e3d4c5b.csv" for status in ("subscribed", "unsubscribed", "cleaned")}
QUESTIONS = ("welke_vestiging_heeft_uw_voorkeur?", "wat_voor_fiets_rijdt_u_nu?")
FORM, FORM_NAME = "884422006611", "Gratis intake bikefitting"
LEAD_COLUMNS = (
    "id",
    "created_time",
    "ad_id",
    "ad_name",
    "adset_id",
    "adset_name",
    "campaign_id",
    "campaign_name",
    "form_id",
    "form_name",
    "is_organic",
    "platform",
    *QUESTIONS,
    "full_name",
    "email",
    "phone_number",
    "inbox_url",
    "lead_status",
)
AUDIENCE_COLUMNS = (
    "Email Address",
    "First Name",
    "Last Name",
    "MEMBER_RATING",
    "OPTIN_TIME",
    "OPTIN_IP",
    "CONFIRM_TIME",
    "CONFIRM_IP",
    "LATITUDE",
    "LONGITUDE",
    "GMTOFF",
    "DSTOFF",
    "TIMEZONE",
    "CC",
    "REGION",
    "LAST_CHANGED",
    "LEID",
    "EUID",
    "NOTES",
    "TAGS",
)
EXTRA = {"subscribed": (), "unsubscribed": ("UNSUB_TIME", "UNSUB_REASON"), "cleaned": ("CLEAN_TIME",)}


def write_leads(folder: Path, rng: Random, people: Sequence[Person], ledger: Ledger) -> int:
    """Writes the lead export (UTF-16, tabs) and returns how many leads it holds, two of them made to try the form."""
    found = leads(rng, people)
    for place, (person, row) in enumerate(found):
        ledger.note(LEADS, place, str(row["id"]).removeprefix("l:"), person)
    write_rows(folder / LEADS, LEAD_COLUMNS, (row for _, row in found), encoding="utf-16", delimiter="\t")
    return len(found)


def leads(rng: Random, people: Sequence[Person]) -> list[tuple[int, dict[str, object]]]:
    """Every lead as a row of the export, with the number of the person behind it, -1 for those that try the form."""
    found: list[tuple[int, dict[str, object]]] = []
    number = 1_184_220_000_000_000
    for person in people:
        if person.traces.lead:
            number += rng.randint(10_000, 900_000_000)
            found.append((person.number, lead(rng, number, person)))
    return [*found, *((-1, _test_lead(number + 1 + made_up)) for made_up in range(2))]


def lead(rng: Random, number: int, person: Person) -> dict[str, object]:
    """The row of a lead that came on the day since when the person is known."""
    given, family = mess.name(rng, person, person.since)
    mobile = mess.wrong_digit(rng, person.mobile) if rng.random() < 0.04 else person.mobile
    at = datetime.combine(person.since, time(rng.randint(8, 23), rng.randint(0, 59)))
    placeholder = rng.random() < 0.03 and person.number >= TOLD
    return {
        **_campaign(number, f"{at:%Y-%m-%dT%H:%M:%S}+02:00", rng.choice(("fb", "ig", "ig"))),
        QUESTIONS[0]: rng.choice(("maastricht", "aachen")),
        QUESTIONS[1]: rng.choice(("stadsfiets", "e-bike", "racefiets", "geen", "gravel, zelf gebouwd")),
        "full_name": f"{given} {family}",
        "email": mess.PLACEHOLDER_EMAILS[0] if placeholder else mess.email(rng, person),
        "phone_number": f"p:{mobile}",
        "inbox_url": f"https://business.meta.example/latest/leads_center?lead={number}",
        "lead_status": rng.choice(("CREATED", "CREATED", "QUALIFIED")),
    }


def _campaign(number: int, created: str, platform: str) -> dict[str, object]:
    return {
        "id": f"l:{number}",
        "created_time": created,
        "ad_id": "ag:120210334455660321",
        "ad_name": "Fitting – video knie",
        "adset_id": "as:120210334455550321",
        "adset_name": "NL+BE+DE 30-65",
        "campaign_id": "c:120210334455440321",
        "campaign_name": "Bikefitting voorjaar 2026",
        "form_id": f"f:{FORM}",
        "form_name": FORM_NAME,
        "is_organic": "false",
        "platform": platform,
    }


def _test_lead(number: int) -> dict[str, object]:
    def dummy(question: str) -> str:
        return f"<test lead: dummy data for {question}>"

    return {
        **_campaign(number, "2026-02-01T10:00:00+02:00", "fb"),
        **{question: dummy(question) for question in QUESTIONS},
        "full_name": dummy("full_name"),
        "email": "test@meta.example",
        "phone_number": f"p:{dummy('phone_number')}",
        "lead_status": "CREATED",
    }


def write_audience(folder: Path, rng: Random, people: Sequence[Person], ledger: Ledger) -> dict[str, int]:
    """Writes the three exports of the audience and returns how many members each holds, by status."""
    rows: dict[str, list[dict[str, object]]] = {status: [] for status in AUDIENCE}
    number = 410_200_000
    seen: set[str] = set()
    for person in people:
        if not person.traces.newsletter:
            continue
        address = mess.email(rng, person)
        if address.casefold() in seen:
            continue
        seen.add(address.casefold())
        number += rng.randint(3, 4_000)
        status = "subscribed" if person.number < TOLD else rng.choices(tuple(AUDIENCE), (80, 15, 5))[0]
        key = f"{number * 2_654_435_761 % 16**10:010x}"
        ledger.note(AUDIENCE[status], len(rows[status]), key, person.number)
        rows[status].append(_member(rng, number, key, person, address, status))
    for address in mess.ROLE_MAILBOXES:
        number += 17
        key = f"{number * 2_654_435_761 % 16**10:010x}"
        ledger.note(AUDIENCE["subscribed"], len(rows["subscribed"]), key, -1)
        rows["subscribed"].append(_member(rng, number, key, None, address, "subscribed"))
    for status, members in rows.items():
        write_rows(folder / AUDIENCE[status], (*AUDIENCE_COLUMNS, *EXTRA[status]), members)
    return {status: len(members) for status, members in rows.items()}


def _member(rng: Random, number: int, key: str, person: Person | None, address: str, status: str) -> dict[str, object]:
    since = person.since if person else TODAY - timedelta(days=400)
    at = datetime.combine(since, time(rng.randint(6, 23), rng.randint(0, 59), rng.randint(0, 59)), tzinfo=UTC)
    left = min(at + timedelta(days=rng.randint(5, 400)), datetime.combine(TODAY, time(8), tzinfo=UTC))
    row: dict[str, object] = {
        "Email Address": address,
        "MEMBER_RATING": rng.randint(1, 5),
        "OPTIN_TIME": f"{at:%Y-%m-%d %H:%M:%S}",
        "CONFIRM_TIME": f"{at:%Y-%m-%d %H:%M:%S}",
        "CONFIRM_IP": f"192.0.2.{rng.randint(1, 254)}",
        "LAST_CHANGED": f"{left:%Y-%m-%d %H:%M:%S}",
        "LEID": number,
        "EUID": key,
        # Tags are quoted inside the quoted cell.
        "TAGS": rng.choice(("", '"Werkplaats"', '"VIP","Blog"', '"Bikefitting"')),
    }
    if person is not None:
        row["CC"] = person.country.code
        # Many subscribe with nothing but an address; the third story is about one of them.
        if person.number != 2 and rng.random() < 0.7:
            row["First Name"], row["Last Name"] = mess.name(rng, person, since)
    if status == "unsubscribed":
        row |= {"UNSUB_TIME": f"{left:%Y-%m-%d %H:%M:%S}", "UNSUB_REASON": rng.choice(("NORMAL", "SPAM", "te vaak"))}
    elif status == "cleaned":
        row["CLEAN_TIME"] = f"{left:%Y-%m-%d %H:%M:%S}"
    return row
