"""Holding: what a reading keeps, hides or does not believe while a stream's fields wait for a decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from config.settings import StreamSettings
from connectors.core.protocols import Stream
from mapping.contract import Coverage, Page, RawRecord, Schema, Slice
from mapping.drift import COMPUTED, Contract, KnownField, State, used_by
from mapping.masked import Mask, Masked, carried
from mapping.readers import readers
from state import records, schemas
from state.database import Database
from sync.page import Reading, parse


@dataclass(slots=True)
class Keeper:
    """Gives records back what they said of fields that vanished, until a person lets it go."""

    db: Database
    connection_id: str
    stream: str
    at: str
    names: set[str] = field(default_factory=set)
    computed: bool = False

    def over(self, stream: Stream) -> Stream:
        """The stream, whose records come whole."""
        window, get = stream.window, stream.get
        return replace(
            stream,
            read=lambda slice_, cursor: self.pages(slice_, stream.read(slice_, cursor)),
            window=window and (lambda slice_, *where: self.pages(slice_, window(slice_, *where))),
            get=get and (lambda slice_, ids: self.kept(slice_, get(slice_, ids))),
        )

    def pages(self, slice_: Slice, pages: Iterator[Page]) -> Iterator[Page]:
        """The pages with their records whole."""
        for page in pages:
            yield replace(page, records=self.kept(slice_, page.records)) if self.names else page

    def kept(self, slice_: Slice, found: Sequence[RawRecord]) -> Sequence[RawRecord]:
        """The records, each with the vanished fields as they are stored."""
        full = [one.remote_id for one in found if one.coverage is Coverage.FULL]
        if not full or not self.names:
            return found
        number = records.slice_id(self.db, self.connection_id, self.stream, slice_.key, slice_.title)
        with self.db.read() as c:
            raws = records.load_raws(c, number, full, body=True)
        stored = {one: parse(raw.body) for one, raw in raws.items() if raw.body and raw.state == "live"}
        return [
            one._replace(body=carried(one.body, stored[one.remote_id], self.at, self.names, computed=self.computed))
            if one.coverage is Coverage.FULL and one.remote_id in stored
            else one
            for one in found
        ]


def under_contract(db: Database, connection_id: str, reading: Reading, mine: StreamSettings) -> Reading:
    """The reading with what its stream's fields ask for: new ones hidden, vanished ones kept, retyped ones guarded."""
    stream, mapper = reading.stream, reading.mapper
    with db.read() as c:
        fields = schemas.unsettled(c, connection_id, stream.name)
    mask = Mask(stream.properties_at)
    use = readers(stream.rules, mine.overrides, stream.properties_at) if fields else {}
    for one in fields.values():
        cover(mask, one, mine.contract, used_by(one.name, use))
    vanished = {name for name, one in fields.items() if one.state is State.VANISHED}
    if vanished:
        computed = any(fields[name].used_by == COMPUTED for name in vanished)
        keeper = Keeper(db, connection_id, stream.name, stream.properties_at, vanished, computed)
        stream = keeper.over(stream)
    if mask or mine.contract is Contract.FREEZE or stream.describe is Schema:
        mapper = Masked(mapper, mask)
    return replace(
        reading, stream=stream, mapper=mapper, version=reading.version.replace(reading.mapper.version, mapper.version)
    )


def cover(mask: Mask, one: KnownField, contract: Contract, use: str) -> None:
    """Adds to the mask what a field asks for. To hide one that no rule reads would change nothing but the version."""
    if not use:
        return
    if one.state is State.DROPPED or (one.state is State.NEW and contract is not Contract.EVOLVE):
        mask.hidden.add(one.name)
    elif one.state is State.RETYPED:
        for target in use.split(", "):
            mask.guarded[target.rpartition(".")[2]] = one.name
