"""IMAP: the mail of one mailbox, whatever server it lies on."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from connectors.core import mail
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.streams import sliced
from connectors.imap import mapping
from connectors.imap.login import ImapConfig
from connectors.imap.reads import Reader, Wish
from connectors.imap.session import Folder, Server
from mapping.contract import Account, Deletes, Slice
from mapping.errors import ConfigError, TransientError

NOT_MAIL = frozenset({"\\drafts", "\\junk", "\\trash"})
VIEWS = frozenset({"\\all", "\\flagged", "\\important"})
"""Folders that show what lies in others (RFC 6154, 8457)."""
BY_NAME = {
    "\\drafts": ("drafts", "draft", "templates"),
    "\\junk": ("junk", "junk e-mail", "junk email", "spam", "bulk mail"),
    "\\trash": ("trash", "deleted items", "deleted messages", "bin"),
    "\\sent": ("sent", "sent items", "sent messages", "sent mail"),
}
"""What folders are mostly called, for servers that do not say what they are for."""
USES = frozenset({*NOT_MAIL, *VIEWS, "\\sent", "\\archive", "\\inbox"})


class ImapConnector:
    """One connection: the mailbox of one login."""

    writes = None
    hooks = None

    def __init__(self, config: ImapConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config = config
        self._server = Server(config, runtime, tokens)
        self._folders: dict[str, Folder] = {}

    def check(self) -> Account:
        """The login at that server. Raises AuthError, and ConfigError for a folder that is not there."""
        self._slices()
        return Account(
            f"{self._config.host}/{self._config.username}", f"{self._config.username} at {self._config.host}"
        )

    def streams(self) -> Sequence[Stream]:
        """The one stream. Whether the server tells of deletions is known once somebody has logged in."""
        return [
            replace(
                sliced("messages", (mail.EMAIL,), mapping.SCHEMA, self._slices, self._reader),
                ids=lambda slice_: self._reader(slice_).ids(slice_),
                deletes=Deletes.SWEEP if self._server.tells is False else Deletes.NATIVE,
            )
        ]

    def _slices(self) -> Sequence[Slice]:
        folders, others = self._server.ask(lambda session: (session.folders(), session.others()))
        chosen = _choose(_told(folders), others, self._config.include, self._config.exclude)
        self._folders = {each.name: each for each in chosen}
        return [Slice(each.name, each.name) for each in chosen]

    def _reader(self, slice_: Slice) -> Reader:
        if slice_.key not in self._folders:
            self._slices()
        if slice_.key not in self._folders:
            # Its records wait for the sweep that finds the slice missing: that it is gone is no word on each of them.
            raise TransientError("a folder is gone since it was listed")
        folder, config = self._folders[slice_.key], self._config
        wish = Wish(config.bodies, config.attachments, config.since, config.page_size)
        return Reader(self._server, folder, wish, config.address, "\\sent" in folder.uses)


def _told(folders: Sequence[Folder]) -> Sequence[Folder]:
    """The folders with what they are for: as the server says, or by their names where it says so of none."""
    if any(each.uses & (NOT_MAIL | VIEWS | {"\\sent"}) for each in folders):
        return folders
    uses = {name: use for use, names in BY_NAME.items() for name in names}
    found = []
    for each in folders:
        last = each.name.rpartition(each.delimiter)[2] if each.delimiter else each.name
        more = uses.get(last.casefold())
        found.append(Folder(each.name, each.delimiter, each.uses | {more}) if more else each)
    return found


def _choose(
    folders: Sequence[Folder], others: Collection[str], include: Sequence[str], exclude: Sequence[str]
) -> Sequence[Folder]:
    """The folders that are read.

    Where nothing is asked for: the one that holds all mail, so that nothing is read once a label; or else all of the
    account's own but for drafts, junk, trash and views, for people file away what matters, and a mail moved to another
    folder lies there alone. Raises ConfigError for a name that no folder has: a renamed one must not fall silent.
    """
    named = {wanted: [each for each in folders if _is(each, wanted)] for wanted in (*include, *exclude)}
    missing = [wanted for wanted, found in named.items() if not found and wanted.casefold() not in USES]
    if missing:
        known = ", ".join(sorted(each.name for each in folders)) or "none"
        raise ConfigError(f"there is no folder '{missing[0]}'; the mailbox has: {known}")
    unwanted = {each.name for wanted in exclude for each in named[wanted]}
    if include:
        chosen = {each.name for wanted in include for each in named[wanted]}
        return [each for each in folders if each.name in chosen - unwanted]
    own = [each for each in folders if not each.name.startswith(tuple(others))] if others else list(folders)
    everything = [each for each in own if "\\all" in each.uses]
    chosen_ = everything or [each for each in own if not each.uses & (NOT_MAIL | VIEWS)]
    return [each for each in chosen_ if each.name not in unwanted]


def _is(folder: Folder, wanted: str) -> bool:
    pattern = re.escape(wanted.casefold()).replace(r"\*", ".*")
    return wanted.casefold() in folder.uses or re.fullmatch(pattern, folder.name.casefold(), re.DOTALL) is not None


VENDOR = Vendor("imap", "IMAP mail", ImapConfig, ImapConnector, streams=("messages",))
