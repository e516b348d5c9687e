"""CardDAV: the contacts of any address book server, read by sync tokens and written card by card."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import Field

from connectors.carddav.books import CARDDAV, Books
from connectors.carddav.mapping import CONTACTS, RULES, TARGET
from connectors.carddav.properties import SCHEMA
from connectors.carddav.writes import CardDavWrites
from connectors.core.dav import Dav
from connectors.core.dav_discovery import Discovery
from connectors.core.dav_login import DavLogin
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from mapping.contract import Account, Deletes


class CardDavConfig(DavLogin):
    """How a connection logs in, which address books it reads, and where it puts new cards."""

    address_books: tuple[str, ...] = Field((), description="Names of the address books to read; all where empty.")
    new_cards_in: str = Field(
        "", description="Name of the address book for new cards; may be left out where there is only one."
    )
    page_size: int = Field(100, ge=1, le=1000, description="Cards asked for at a time.")


class CardDavConnector:
    """One connection to an account."""

    hooks = None

    def __init__(self, config: CardDavConfig, runtime: Runtime) -> None:
        self._config = config
        self._dav = Dav(runtime, config.url, CARDDAV, config.auth())
        self._books = Books(self._dav, config.address_books, config.new_cards_in, config.page_size)
        self.writes: CardDavWrites | None = CardDavWrites(self._books, runtime.now)

    def check(self) -> Account:
        """The principal that the login belongs to. Raises AuthError, ForbiddenError, ContractError for no CardDAV."""
        principal = Discovery(self._dav).principal()
        host = urlsplit(principal).hostname or ""
        return Account(principal, f"{self._config.username} at {host}" if self._config.username else principal)

    def streams(self) -> Sequence[Stream]:
        """The one stream."""
        return [
            Stream(
                name=CONTACTS,
                rules=RULES,
                read=self._books.read,
                describe=lambda: SCHEMA,
                slices=self._books.slices,
                ids=self._books.ids,
                get=self._books.get,
                deletes=Deletes.NATIVE,
                target=CONTACTS,
                properties_at="properties",
            )
        ]


def build(config: CardDavConfig, runtime: Runtime, tokens: TokenStore) -> CardDavConnector:
    """The connector of one connection."""
    return CardDavConnector(config, runtime)


VENDOR = Vendor(
    name="carddav",
    title="CardDAV address books",
    config=CardDavConfig,
    build=build,
    writes=True,
    streams=(CONTACTS,),
    targets=(TARGET,),
)
