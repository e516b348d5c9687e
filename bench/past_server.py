"""A local server of contacts of three years, listed by when they last changed: pages are made as they are asked for.

``/contacts?since=&until=&cursor=`` gives those of a window, everything without one; the cursor is the number of the
next contact. ``/pages`` tells how many pages of windows were asked for.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from bench.crm_server import CITIES, FAMILY, GIVEN, serve

BEGINNING, END = datetime(2022, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
ROW = (
    '{"id":"%07d","updated_at":"%s","properties":{"first_name":"%s","last_name":"%s","email":"%s",'
    '"phone":"+44 7%03d %06d","company":"%s & Sons","job_title":"Buyer","city":"%s","country":"GB","lifecycle":"%s"}}'
)


class Past:
    """So many contacts, each a while after the one before it, in pages of ``size``."""

    def __init__(self, records: int, size: int) -> None:
        self.records, self.size = records, size
        self.step = (END - BEGINNING) / records

    def first(self, moment: datetime) -> int:
        """The number of the first contact that changed then or later."""
        return max(0, min(self.records, -((BEGINNING - moment) // self.step)))

    def row(self, number: int) -> str:
        """One contact; every twentieth repeats the email of another, so that there is somebody to resolve."""
        given, family = GIVEN[number * 7 % 14], FAMILY[number * 5 % 12]
        person = number - 7 if number % 20 == 0 and number > 7 else number
        at = (BEGINNING + number * self.step).isoformat(timespec="microseconds")
        email = f"{given}.{family}.{person}@mail{number % 50}.example".lower()
        city, stage = CITIES[number % 6], "customer" if number % 3 else "lead"
        return ROW % (number, at, given, family, email, 700 + number % 200, number % 1_000_000, family, city, stage)

    def page(self, start: int, end: int) -> bytes:
        """The contacts from one number to before another, as many as a page holds."""
        last = min(start + self.size, end)
        following = f'"{last}"' if last < end else "null"
        return f'{{"results":[{",".join(map(self.row, range(start, last)))}],"next":{following}}}'.encode()


def main() -> None:
    """Serves until killed; prints the address it listens on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    options = parser.parse_args()
    past = Past(options.records, options.size)
    asked: list[None] = []

    def answer(path: str) -> bytes:
        address = urlsplit(path)
        if address.path == "/pages":
            return str(len(asked)).encode()
        query = parse_qs(address.query)
        start, end = 0, past.records
        if "since" in query:
            asked.append(None)
            start, end = (past.first(datetime.fromisoformat(query[name][0])) for name in ("since", "until"))
        return past.page(max(start, int(query.get("cursor", ["0"])[0] or 0)), end)

    serve(answer)


if __name__ == "__main__":
    main()
