"""Any walk of deliveries, removals, tags, marks and folders made anew ends with what the mailbox holds."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import islice

import pytest

from connectors.core.protocols import Stream
from mapping.contract import Cursor, Deletes, Page, RemoteId, Slice
from mapping.errors import CursorExpiredError
from tests.connectors.imap.post import Post, letter

FOLDERS = ("INBOX", "Work")
STEPS = 40

pytestmark = pytest.mark.proof("real server", "Dovecot 2.3 of Debian 12")

Held = dict[RemoteId, list[str]]


@dataclass
class Mirror:
    """What a hub would hold of one folder, and of what it met in an enumeration that is under way: tags by message."""

    folder: Slice
    held: Held = field(default_factory=dict)
    cursor: Cursor | None = None
    met: set[RemoteId] | None = field(default_factory=set)

    def read(self, stream: Stream, pages: int | None) -> None:
        """Takes so many pages, or all there are."""
        try:
            for page in islice(stream.read(self.folder, self.cursor), pages):
                self._take(page)
        except CursorExpiredError:
            self.cursor, self.met = None, set()
            self.read(stream, pages)

    def _take(self, page: Page) -> None:
        if page.begins and self.met is None:
            self.met = set()
        for record in page.records:
            self.held[record.remote_id] = list(record.body["flags"])
            if self.met is not None:
                self.met.add(record.remote_id)
        for stone in page.tombstones:
            self.held.pop(stone.remote_id, None)
        if page.complete and self.met is not None:
            self.held, self.met = {id_: tags for id_, tags in self.held.items() if id_ in self.met}, None
        self.cursor = page.cursor

    def sweep(self, stream: Stream) -> None:
        """Asks for all ids: what is not there is gone, what is not known is fetched."""
        assert stream.ids
        assert stream.get
        there = {id_ for ids in stream.ids(self.folder) for id_ in ids}
        self.held = {id_: tags for id_, tags in self.held.items() if id_ in there}
        for record in stream.get(self.folder, sorted(there - self.held.keys())):
            self.held[record.remote_id] = list(record.body["flags"])


@dataclass
class Mailbox:
    """What the folders hold, and somebody who changes it by chance."""

    post: Post
    chance: random.Random
    there: dict[str, Held] = field(default_factory=lambda: {name: {} for name in FOLDERS})
    marked: set[RemoteId] = field(default_factory=set)
    number: int = 0

    def change(self) -> None:
        """One thing happens."""
        folder = self.chance.choice(FOLDERS)
        held = self.there[folder]
        what = self.chance.choice(["deliver", "deliver", "deliver", "expunge", "tag", "mark", "unmark", "remake"])
        if what == "deliver" or not held:
            self.number += 1
            held[self.post.deliver(letter(self.number), folder)] = []
        elif what == "remake" and folder != "INBOX" and self.chance.random() < 0.5:
            self.post.remove(folder)
            self.post.make(folder)
            held.clear()
            for _ in range(self.chance.randrange(4)):
                held[self.post.deliver(letter(self.number), folder)] = []
        else:
            id_ = self.chance.choice(list(held))
            self._touch(what, folder, id_)

    def _touch(self, what: str, folder: str, id_: RemoteId) -> None:
        if what == "expunge":
            self.post.expunge(id_, folder)
            del self.there[folder][id_]
        elif what == "tag" and "CONDSTORE" not in self.post.server.capability and self.post.server.capability:
            return  # nobody would tell
        elif what == "tag":
            tag = f"tag{self.chance.randrange(5)}"
            self.post.store(id_, tag, folder)
            self.there[folder][id_] = sorted({*self.there[folder][id_], tag})
        elif what in ("mark", "unmark"):
            self.post.store(id_, "\\Deleted", folder, "+FLAGS" if what == "mark" else "-FLAGS")
            (self.marked.add if what == "mark" else self.marked.discard)(id_)

    def seen(self, folder: str) -> Held:
        """What a reader should hold of the folder."""
        return {id_: tags for id_, tags in self.there[folder].items() if id_ not in self.marked}


@pytest.mark.parametrize("seed", range(3))
def test_a_reader_that_stops_anywhere_ends_with_what_the_mailbox_holds(post: Post, seed: int) -> None:
    post.make("Work")
    mailbox = Mailbox(post, random.Random(seed))
    mirrors = [Mirror(Slice(name, name)) for name in FOLDERS]
    for _ in range(STEPS):
        mailbox.change()
        if mailbox.chance.random() < 0.4:
            for mirror in mirrors:
                mirror.read(post.messages(), mailbox.chance.choice([1, 2, None]))
    for mirror in mirrors:
        mirror.read(post.messages(), None)
        mirror.read(post.messages(), None)  # what changed while the last enumeration was under way
        stream = post.messages()
        if stream.deletes is Deletes.SWEEP:
            mirror.sweep(stream)
        assert mirror.held == mailbox.seen(mirror.folder.key)
