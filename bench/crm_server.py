"""A local server of contact records for the benches: pages of JSON by cursor, made beforehand, served as they are."""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import orjson

GIVEN = ("Ada", "Ben", "Chloe", "Dev", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Liam", "Mina", "Noor")
FAMILY = ("Archer", "Bose", "Costa", "Dietz", "Evans", "Fontaine", "Gupta", "Hall", "Ivanova", "Jansen", "Kim", "Lopez")
CITIES = ("Leeds", "Bristol", "York", "Derby", "Exeter", "Truro")


def contact(number: int, chance: random.Random) -> dict[str, object]:
    """One contact; every twentieth repeats the email of another, so that there is somebody to resolve."""
    given, family = chance.choice(GIVEN), chance.choice(FAMILY)
    person = number - 7 if number % 20 == 0 and number > 7 else number
    return {
        "id": f"{number:07d}",
        "updated_at": f"2026-{1 + number % 9:02d}-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00Z",
        "properties": {
            "first_name": given,
            "last_name": family,
            "email": f"{given}.{family}.{person}@mail{number % 50}.example".lower(),
            "phone": f"+44 7{700 + number % 200:03d} {number % 1_000_000:06d}",
            "company": f"{family} & Sons",
            "job_title": "Buyer",
            "city": CITIES[number % len(CITIES)],
            "country": "GB",
            "lifecycle": "customer" if number % 3 else "lead",
        },
    }


def pages(records: int, size: int) -> list[bytes]:
    """Every page as the bytes that go over the wire; ``next`` is the number of the page after it."""
    chance = random.Random(7)
    rows = [contact(number, chance) for number in range(records)]
    found = []
    for start in range(0, records, size):
        following = str(start // size + 1) if start + size < records else None
        found.append(orjson.dumps({"results": rows[start : start + size], "next": following}))
    return found


def serve(answer: Callable[[str], bytes]) -> None:
    """Serves the JSON of each path until killed; prints the address it listens on."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = answer(self.path)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            self.wfile.write(head + body)

        def handle(self) -> None:
            """Answers until the client is gone, or was killed."""
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def main() -> None:
    """Serves until killed; prints the address it listens on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    options = parser.parse_args()
    bodies = pages(options.records, options.size)

    def answer(path: str) -> bytes:
        return bodies[int(parse_qs(urlsplit(path).query).get("cursor", ["0"])[0] or 0)]

    serve(answer)


if __name__ == "__main__":
    main()
