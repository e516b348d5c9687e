"""What a stream gave, as tests look at it."""

from __future__ import annotations

from mapping.contract import Cursor, Page, RawRecord, Tombstone


class Haul:
    """The pages of one read."""

    def __init__(self, pages: list[Page]) -> None:
        self.pages = pages

    @property
    def cursor(self) -> Cursor:
        """Where it stopped."""
        cursor = self.pages[-1].cursor
        assert cursor
        return cursor

    @property
    def records(self) -> list[RawRecord]:
        """Every record, in the order in which it came."""
        return [record for page in self.pages for record in page.records]

    @property
    def ids(self) -> list[str]:
        """The ids of the records."""
        return [str(record.remote_id) for record in self.records]

    @property
    def tombstones(self) -> list[Tombstone]:
        """Every tombstone."""
        return [stone for page in self.pages for stone in page.tombstones]

    @property
    def gone(self) -> list[str]:
        """The ids of the tombstones."""
        return [str(stone.remote_id) for stone in self.tombstones]
