"""Gmail: the messages of one mailbox, or of every mailbox that a service account may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from pydantic import Field, model_validator

from connectors.core import mail
from connectors.core.budget import Budget, Limit
from connectors.core.google import Google
from connectors.core.google_login import GoogleConfig, Login
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.streams import sliced
from connectors.gmail import mapping
from connectors.gmail.reads import Mailbox, Wish
from mapping.contract import Account, Slice

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
METADATA_SCOPE = "https://www.googleapis.com/auth/gmail.metadata"
WISHED = ("include", "exclude", "bodies", "attachments", "since", "page_size")


class GmailConfig(GoogleConfig):
    """How a connection logs in to Gmail, and what it reads."""

    include: tuple[str, ...] = Field((), description="Labels to read, by name; without any, all mail.")
    exclude: tuple[str, ...] = Field((), description="Labels not to read, by name; they win over the others.")
    since: date | None = Field(None, description="The day from which on received messages are read.")
    bodies: bool = Field(False, description="Whether to take the first 2,000 characters of each message's text along.")
    attachments: bool = Field(
        False, description="Whether to take the names of attachments along, never their contents."
    )
    metadata_scope: bool = Field(False, description="Whether the login has the scope gmail.metadata only.")
    page_size: int = Field(50, ge=1, le=100, description="Messages asked for at a time, in one batch request.")
    messages_per_minute: int = Field(280, ge=1, description="Messages that the project may read a minute and mailbox.")
    base_url: str = Field("https://gmail.googleapis.com", description="Address of the API.")

    @model_validator(mode="after")
    def _asks_for_what_the_scope_allows(self) -> GmailConfig:
        if self.metadata_scope and (self.bodies or self.attachments or self.since):
            raise ValueError("the scope gmail.metadata allows no bodies, no attachments and no since")
        return self


class GmailConnector:
    """One connection: a mailbox, or those of a company."""

    writes = None
    hooks = None

    def __init__(self, config: GmailConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        self._login = Login(config, runtime, tokens, METADATA_SCOPE if config.metadata_scope else SCOPE)
        self._mailboxes = {user: self._mailbox(user) for user in self._login.users}

    def check(self) -> Account:
        """The mailbox, or the service account once one mailbox could be opened. Raises AuthError or ForbiddenError."""
        return self._login.account(lambda user: self._mailboxes[user].ask())

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        messages = sliced("messages", (mail.EMAIL,), mapping.SCHEMA, self._slices, self._of)
        return [replace(messages, window=None) if self._config.metadata_scope else messages]

    def _slices(self) -> Sequence[Slice]:
        mailboxes = self._mailboxes.items()
        addresses = [user or mailbox.address or mailbox.ask() for user, mailbox in mailboxes]
        return [Slice(address, address) for address in addresses]

    def _of(self, slice_: Slice) -> Mailbox:
        return self._mailboxes[slice_.key] if slice_.key in self._mailboxes else self._mailboxes[self._login.users[0]]

    def _mailbox(self, user: str) -> Mailbox:
        config = self._config
        budget = Budget(Limit(config.messages_per_minute, 60.0, "messages a minute", match=r"/messages/[^/]+$"))
        google = Google(
            self._runtime, config.base_url, self._login.auth(user), batch_path="/batch/gmail/v1", budget=budget
        )
        return Mailbox(google, Wish(**{name: getattr(config, name) for name in WISHED}, strict=not user))


VENDOR = Vendor("gmail", "Gmail", GmailConfig, GmailConnector, streams=("messages",))
