"""A desk for each test: address books of its own on a real server, a proxy that can fail, connectors before both."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import count
from typing import Any

import httpx
import vobject

from connectors.carddav.connector import CardDavConfig, CardDavConnector, build
from connectors.carddav.mapping import CONTACTS, ENVELOPE
from connectors.core.protocols import Stream, Writes
from mapping.contract import Fields, RemoteId
from tests.connectors.carddav.books import AddressBooks, card
from tests.connectors.contract import Clock, Key, Lack, Tokens
from tests.servers.calendars import CalendarServer
from tests.servers.proxy import Proxy

WRONG_PASSWORD = "wrong-pw-27182"
NUMBERS = count(1)
TRANSPORT = httpx.HTTPTransport(verify=False)  # certificates take 40 ms to load, and every test makes many connectors
READ_ALONE = {"note": "note", "title": "title", "fn": "fn"}


class Desk:
    """Two address books of names that no other test has, and connectors that read no others."""

    stream = target = CONTACTS
    page_size = 2
    envelope = ENVELOPE
    text_field = "note"
    clearable = "title"
    refused: Fields = {"bday": "yesterday"}  # noqa: RUF012 - never changed

    def __init__(self, server: CalendarServer) -> None:
        self.server = server
        self.clock = Clock()
        self.books = AddressBooks(server)
        self.names = [f"book {next(NUMBERS)}" for _ in range(2)]
        self.paths = [self.books.make(name) for name in self.names]
        self.proxy = Proxy(server.url)
        self.proxy.start()
        without = () if server.user else (Lack.CREDENTIALS,)
        self.lacks: Collection[Lack] = {Lack.WINDOW, Lack.LENGTH, Lack.BAD_RECORDS, *without}
        self.secrets = (server.password, WRONG_PASSWORD) if server.user else ()

    def close(self) -> None:
        """Removes the address books."""
        self.proxy.stop()
        self.books.close()

    def settings(self, password: str = "") -> dict[str, Any]:
        """The ``config`` of a connection to this desk."""
        login = {"username": self.server.user, "password": password or self.server.password}
        return {
            "url": self.proxy.url,
            "address_books": self.names,
            "new_cards_in": self.names[0],
            "page_size": self.page_size,
            **(login if self.server.user else {}),
        }

    def connector(self, password: str = "", **config: Any) -> CardDavConnector:
        runtime = replace(self.clock.runtime(), transport=TRANSPORT)
        return build(CardDavConfig.model_validate({**self.settings(password), **config}), runtime, Tokens())

    def contacts(self, **config: Any) -> Stream:
        """The one stream of a new connector."""
        (found,) = self.connector(**config).streams()
        return found

    def writes(self, **config: Any) -> Writes:
        """The writes of a new connector."""
        found = self.connector(**config).writes
        assert found is not None
        return found

    def stranger(self) -> CardDavConnector:
        return self.connector(WRONG_PASSWORD)

    def rate_limit(self, retry_after: float | None) -> None:
        self.proxy.faults.fail(429, retry_after=retry_after)

    def server_error(self) -> None:
        self.proxy.faults.fail(500)

    def truncate(self) -> None:
        self.proxy.faults.truncate()

    def lose_answer(self) -> None:
        self.proxy.faults.drop_answer(method="PUT")

    # -- as a reader's rig

    def put(self, number: int) -> Key:
        book = self.paths[number % 2]
        id_ = f"{book}kim-{number:04}.vcf"
        lines = (f"EMAIL;TYPE=HOME:kim.{number}@plum.example", f"TEL;TYPE=CELL:+44 20 7946 {number % 10_000:04}")
        self.books.put(id_, card(f"kim-{number}", *lines, name=f"Kim Plum {number}"))
        return book, RemoteId(id_)

    def change(self, key: Key) -> None:
        self._replace(key[1], "NOTE", f"changed {next(NUMBERS)}")

    def delete(self, key: Key) -> None:
        self.books.delete(key[1])

    def put_bad(self) -> Key:
        raise AssertionError("the servers take readable cards only")

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        for path in self.paths:
            self.books.rebuild(path)

    # -- as a writer's rig

    def values(self, number: int) -> Fields:
        return {
            "fn": f"Ada Castro {number}",
            "n_given": "Ada",
            "n_family": f"Castro {number}",
            "email": f"Ada.{number}@Example.com",
            "tel": f"+44 20 7946 {number % 1000:04}",
            "title": "Buyer",
            "org": "Plum; Pear, & Sons",
            "adr_locality": "Leeds",
        }

    def plant(self, values: Fields) -> RemoteId:
        number = next(NUMBERS)
        id_ = f"{self.paths[0]}planted-{number:06}.vcf"
        lines = (f"EMAIL:{values['email']}", f"TEL:{values['tel']}", f"TITLE:{values['title']}")
        self.books.put(id_, card(f"planted-{number}", *lines, name=str(values["fn"])))
        return RemoteId(id_)

    def remote(self) -> Mapping[RemoteId, Fields]:
        """What another parser reads of the cards."""
        found: dict[RemoteId, Fields] = {}
        for book in self.paths:
            for id_, text in self.books.cards(book).items():
                contents = vobject.readOne(text).contents
                found[RemoteId(id_)] = {
                    name: contents[line][0].value for name, line in READ_ALONE.items() if line in contents
                }
        return found

    def touch(self, remote_id: RemoteId) -> None:
        self._replace(remote_id, "TITLE", "touched")

    def remove(self, remote_id: RemoteId) -> None:
        self.books.delete(remote_id)

    def neighbour(self, role: str) -> str:
        raise AssertionError("cards are associated with nothing")

    def links(self, remote_id: RemoteId, role: str) -> Collection[str]:
        raise AssertionError("cards are associated with nothing")

    def _replace(self, id_: str, name: str, value: str) -> None:
        lines = [line for line in self.books.get(id_).split("\r\n") if not line.startswith(name)]
        self.books.put(id_, "\r\n".join([*lines[:-2], f"{name}:{value}", *lines[-2:]]))
