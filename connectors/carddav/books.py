"""The address books of an account: which are read, and their cards as records.

A record's id is the whole path of its card: a name such as ``kim.vcf`` may lie in two books, and whoever writes to a
card knows nothing but its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from connectors.carddav.mapping import body
from connectors.core.dav import Dav, Resource, Service
from connectors.core.dav_discovery import Collection, Discovery
from connectors.core.dav_reading import CollectionReader
from connectors.core.multistatus import Tag
from mapping.contract import Cursor, Page, RawRecord, RemoteId, Slice
from mapping.errors import ConfigError, ContractError, ForbiddenError, GoneError, RecordError

CARDDAV = Service(
    name="carddav",
    namespace="urn:ietf:params:xml:ns:carddav",
    home="addressbook-home-set",
    collection="addressbook",
    multiget="addressbook-multiget",
    query="addressbook-query",
    data="address-data",
    media_type="text/vcard",
)
"""RFC 6352, read 2026-11-23."""


@dataclass(frozen=True)
class Books:
    """The books that a connection reads: ``wanted`` by name (all where empty), and where new cards go."""

    dav: Dav
    wanted: Sequence[str]
    new_cards_in: str
    page_size: int

    def slices(self) -> Sequence[Slice]:
        """The books as slices: path and name."""
        return self._reader.slices()

    def for_new_cards(self) -> str:
        """The path of the book in which cards are created. Raises ConfigError where none is named and there are
        several, or the one that is named is not there."""
        books = self._choose(Discovery(self.dav).collections())
        known = ", ".join(one.name for one in books) or "none"
        found = [one for one in books if not self.new_cards_in or self.new_cards_in in _names(one)]
        if self.new_cards_in and not found:
            raise ConfigError(f"new_cards_in: no address book '{self.new_cards_in}' is read; there are: {known}")
        if len(found) != 1:
            raise ConfigError(f"new_cards_in: name the address book for new cards; there are: {known}")
        return found[0].path

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """What changed since the cursor; see ``CollectionReader.read``."""
        for page in self._reader.read(slice_, cursor):
            yield replace(
                page,
                records=[_full(one) for one in page.records],
                tombstones=[replace(one, remote_id=RemoteId(one.slice + one.remote_id)) for one in page.tombstones],
                errors=[RecordError(str(one), remote_id=slice_.key + one.remote_id) for one in page.errors],
            )

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The cards of these ids that are there and can be read."""
        names = [RemoteId(_split(one)[1]) for one in ids]
        return [_full(one) for one in self._reader.get(slice_, names)]

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """Every card's id."""
        for names in self._reader.ids(slice_):
            yield [RemoteId(slice_.key + name) for name in names]

    def cards(self, ids: Iterable[str]) -> dict[str, Resource | None]:
        """The cards of these ids as they are now, None for one that is there and cannot be read; the rest is gone."""
        by_book: dict[str, list[str]] = {}
        for one in ids:
            book, name = _split(one)
            by_book.setdefault(book, []).append(name)
        found: dict[str, Resource | None] = {}
        for book, names in by_book.items():
            try:
                fetched = self.dav.fetch(book, names)
            except GoneError:
                continue
            found |= {book + name: one for name, one in fetched.resources.items()}
            found |= {book + error.remote_id: None for error in fetched.errors}
        return found

    def search(self, wanted: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Resource | None]]:
        """The cards, with their ids and in the order of them, that may have a property of one of the names with one of
        its texts in it, or at all where there are no texts; the caller compares. Where the server cannot search, all
        cards. A page of them is held at a time, since cards carry photos.
        """
        for book in self.slices():
            try:
                names = self.dav.query(book.key, _filter(wanted))
            except (ForbiddenError, ContractError):
                # A server may refuse a filter (RFC 6352 section 8.6: 403, supported-filter), or know no such report.
                names = self.dav.listing(book.key)
            ids = [book.key + name for name in sorted(names)]
            for start in range(0, len(ids), self.page_size):
                yield from sorted(self.cards(ids[start : start + self.page_size]).items())

    @cached_property
    def _reader(self) -> CollectionReader:
        # One for all reads: from the listing of books it remembers which have sync tokens, and need not ask again.
        return CollectionReader(self.dav, _shape, self.page_size, self._choose)

    def _choose(self, found: Sequence[Collection]) -> Sequence[Collection]:
        """Raises ConfigError for a name that no book has: a book that was renamed must not fall silent."""
        for name in self.wanted:
            if not any(name in _names(one) for one in found):
                known = ", ".join(one.name for one in found) or "none"
                raise ConfigError(f"there is no address book '{name}'; the account has: {known}")
        return [one for one in found if not self.wanted or _names(one) & set(self.wanted)]


def _names(book: Collection) -> set[str]:
    """What a person may call it: its name, or the last part of its address."""
    return {book.name, unquote(book.path.rstrip("/").rpartition("/")[2])}


def _split(id_: str) -> tuple[str, str]:
    book, slash, name = id_.rpartition("/")
    return book + slash, name


def _full(record: RawRecord) -> RawRecord:
    return record._replace(remote_id=RemoteId(record.slice + record.remote_id))


def _shape(data: str) -> Mapping[str, Any]:
    return body(data)


def _filter(wanted: Mapping[str, Sequence[str]]) -> Tag:
    """A filter for each text: Xandikos wants all texts of one filter to match, whatever its ``test`` says (seen
    2026-11-23 in 0.4.10)."""
    at, text = CARDDAV.tag("prop-filter"), CARDDAV.tag("text-match")
    how = {"collation": "i;unicode-casemap", "match-type": "contains"}
    inner: list[Tag] = []
    for line, texts in wanted.items():
        inner += [Tag(at, inner=(Tag(text, one, attributes=how),), attributes={"name": line}) for one in texts]
        if not texts:
            inner.append(Tag(at, attributes={"name": line}))
    return Tag(CARDDAV.tag("filter"), inner=inner, attributes={"test": "anyof"})
