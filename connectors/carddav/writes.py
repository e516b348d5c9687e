"""Writing cards: each is read, changed where it must be, and put back only if it is still the one that was read.

A new card's address and UID are functions of our key, and it is put with ``If-None-Match: *``: whatever becomes of the
answer, the same create can never make a second card. An update is put with ``If-Match`` and the ETag of the card that
was read just before, so what somebody writes in between is refused by the server, never overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.carddav.books import Books
from connectors.carddav.lives import Live, new, uid_of
from connectors.carddav.mapping import CONTACTS, TARGET, kind
from connectors.carddav.properties import KEY, KEY_LINE, PROPERTIES, SCHEMA, changed, everyone, values
from connectors.core import vcards
from connectors.core.protocols import Target
from connectors.core.vcards import Card
from mapping.compare import same
from mapping.contract import Change, Fields, Op, Outcome, Remote, RemoteId, Schema, Status, Step
from mapping.errors import (
    AuthError,
    ConcordError,
    ConflictError,
    ContractError,
    ForbiddenError,
    GoneError,
    TransientError,
    UnknownOutcomeError,
)

STOPPED = (AuthError, TransientError)
"""What stops every request, not only this one. Leave to write is given card by card, so its lack is no such thing."""

ROUNDS = 3
"""How often a card that changes under us is read again where nobody asked for a certain version of it."""

SEARCHED_BY_TEXT = frozenset({"email", "uid", KEY})
"""Others are compared here: a server cannot know that two telephone numbers in two formats are one."""

CHANGED = "conflict: it changed there since it was read"


@dataclass(frozen=True, slots=True)
class Put:
    """A card that was written: the change, where to, what, and the ETag if the server told one."""

    change: Change
    id: str
    card: Card
    etag: str
    created: bool


class CardDavWrites:
    """The ``Writes`` capability: the one target ``contacts``."""

    def __init__(self, books: Books, now: Callable[[], datetime]) -> None:
        self._books, self._now = books, now
        self._home = ""

    def targets(self) -> Sequence[Target]:
        """People."""
        return (TARGET,)

    def describe(self, target: str) -> Schema:
        """What a card can say; nothing is asked of the server."""
        return SCHEMA

    def provision(self, target: str, dry_run: bool) -> Sequence[Step]:
        """Nothing has to be made. Raises ConfigError where nobody said which book new cards go to."""
        self._books.for_new_cards()
        return ()

    def find(self, target: str, field: str, values: Sequence[str]) -> Mapping[str, Sequence[Remote]]:
        """The people's cards that have one of the values, every email and number counted; in the order of their
        addresses, since nothing says which is the oldest."""
        about = PROPERTIES.get(field)
        if about is None or not values:
            return {}
        found: dict[str, list[Remote]] = {}
        texts = values if field in SEARCHED_BY_TEXT else ()
        for id_, resource in self._books.search({about.line: texts}):
            live = Live.of(id_, resource)
            if live.card is None or kind(live.card) != "individual":
                continue
            held = [one for one in everyone(live.card, field) if one]
            for value in dict.fromkeys(values):
                if any(same(about.field, value, one) for one in held):
                    found.setdefault(value, []).append(live.remote())
        return {value: found[value] for value in values if value in found}

    def fetch(self, target: str, ids: Sequence[RemoteId]) -> Mapping[RemoteId, Remote]:
        """The cards that are there. One that cannot be read has no values, but it is not gone."""
        found = self._books.cards(dict.fromkeys(ids))
        return {one: Live.of(one, found[one]).remote() for one in ids if one in found}

    def write(self, target: str, batch: Sequence[Change]) -> Sequence[Outcome]:
        """One outcome a change. A card that is no longer as ``expect`` says is a conflict, unless it shows all that
        was to be written already."""
        done: dict[str, Outcome] = {}
        puts: list[Put] = []
        if target != CONTACTS:
            raise ContractError(f"{target} are nothing that is written to")
        known = self._lives(batch)
        try:
            for change in batch:
                result = self._written(change, known.get(change.key))
                if isinstance(result, Put):
                    puts.append(result)
                else:
                    done[change.key] = result
        except STOPPED as stopped:
            if not puts and all(one.status in (Status.FAILED, Status.UNCHANGED) for one in done.values()):
                raise
            # Part of the batch is committed: the rest was not sent, and is looked for and sent again like a lost one.
            told = {*done, *(put.change.key for put in puts)}
            left = [change for change in batch if change.key not in told]
            done |= {
                one.key: Outcome(one.key, Status.UNKNOWN, one.remote_id, error=f"not sent: {stopped}") for one in left
            }
        done |= {outcome.key: outcome for outcome in self._confirmed(puts)}
        return [done[change.key] for change in batch]

    # -- finding the cards

    def _lives(self, batch: Sequence[Change]) -> dict[str, Live]:
        """The card that each change is about, by the change's key; none for those that must be created."""
        known = {change.key: str(change.remote_id) for change in batch if change.remote_id}
        found = self._books.cards(dict.fromkeys(known.values()))
        there = {key: Live.of(id_, found[id_]) for key, id_ in known.items() if id_ in found}
        fresh = {change.external_id: change.key for change in batch if not change.remote_id and change.external_id}
        if fresh:
            self._home = self._home or self._books.for_new_cards()
            for external_id, live in self._ours(list(fresh)).items():
                there[fresh[external_id]] = live
        return there

    def _ours(self, external_ids: Sequence[str]) -> dict[str, Live]:
        """The cards that carry our keys, or the UIDs that Concord gives to the cards it creates for them."""
        uids = {uid_of(one): one for one in external_ids}
        found: dict[str, Live] = {}
        for id_, resource in self._books.search({KEY_LINE: external_ids, "UID": list(uids)}):
            live = Live.of(id_, resource)
            key, uid = (live.card.text(KEY_LINE), live.card.text("UID")) if live.card else ("", "")
            if key in external_ids:
                found[key] = live
            elif uid in uids:
                found.setdefault(uids[uid], live)
        return found

    # -- one change

    def _written(self, change: Change, live: Live | None) -> Outcome | Put:
        try:
            if change.op is Op.ARCHIVE:
                return self._archived(change, live)
            if change.op in (Op.ASSOCIATE, Op.DISSOCIATE):
                status = Status.FAILED if change.refs else Status.UNCHANGED
                return Outcome(change.key, status, change.remote_id, error="a card is associated with nothing")
            if change.remote_id is None and not change.external_id:
                return _failed(change, "there is neither a record id nor a key of ours to write it by")
            return self._put(change, live)
        except UnknownOutcomeError as lost:
            return Outcome(change.key, Status.UNKNOWN, change.remote_id, error=str(lost))
        except ConflictError:
            return _failed(change, CHANGED)
        except GoneError:
            return _failed(change, "it is no longer there")
        except (ForbiddenError, ContractError) as refused:
            return _failed(change, str(refused))

    def _archived(self, change: Change, live: Live | None) -> Outcome:
        if live is None:
            return Outcome(change.key, Status.UNCHANGED, change.remote_id)
        book, _, name = live.id.rpartition("/")
        self._books.dav.delete(f"{book}/", name, expect=change.expect)
        return Outcome(change.key, Status.UPDATED, change.remote_id)

    def _put(self, change: Change, live: Live | None) -> Outcome | Put:
        """Writes the card, reading it anew as long as it changes meanwhile and no certain version was asked for.

        Raises ConflictError.
        """
        created = live is None and change.remote_id is None
        for _ in range(ROUNDS):
            if live is None and change.remote_id is not None:
                raise GoneError()
            base = live.card if live else new(change.external_id)
            if base is None:
                return _failed(change, "the card there cannot be read, so it cannot be changed without harm")
            try:
                card = self._edited(change, base)
            except ValueError as wrong:
                return _failed(change, str(wrong))
            if live is not None and card is base:
                return Outcome(
                    change.key, Status.UNCHANGED, RemoteId(live.id), _told(change, values(card)), live.etag or None
                )
            if live is not None and change.expect and live.etag != change.expect:
                raise ConflictError()
            id_ = live.id if live else f"{self._home}{uid_of(change.external_id)}.vcf"
            book, _, name = id_.rpartition("/")
            try:
                etag = self._books.dav.put(f"{book}/", name, vcards.write(card), expect=live.etag if live else "")
                return Put(change, id_, card, etag, created)
            except ConflictError as conflict:
                again = self._again(change, id_)
                if again is None or (live is not None and again.etag == live.etag):
                    # Nobody changed it: the server means something else, such as a card that is too large for it.
                    return _failed(change, f"the server refuses it: {conflict}")
                live = again
        raise ConflictError()

    def _again(self, change: Change, id_: str) -> Live | None:
        """The card that stands where one was to be written; for a new one also the card that has its UID elsewhere.

        A card at the address of ours that is not ours is none.
        """
        found = self._books.cards([id_])
        if id_ in found:
            live = Live.of(id_, found[id_])
            if change.remote_id or live.card is None or live.card.text("UID") == uid_of(change.external_id):
                return live
            return live if live.card.text(KEY_LINE) == change.external_id else None
        if change.remote_id:
            raise GoneError()
        return self._ours([change.external_id]).get(change.external_id)

    def _edited(self, change: Change, card: Card) -> Card:
        """The card as the change wants it, the very same where it is so already. Raises ValueError."""
        ours = {KEY: change.external_id} if change.external_id else {}
        edited = changed(card, {**ours, **change.set}, change.clear)
        if not edited.text("FN"):
            raise ValueError("fn: every card has a name, and nobody said one")
        revised = edited.first("REV")
        if edited is card or revised is None:
            return edited
        return edited.replacing(revised, revised.holding(self._now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")))

    # -- what came of it

    def _confirmed(self, puts: Sequence[Put]) -> list[Outcome]:
        """The outcomes, with the values that the server holds now: some write cards in their own way.

        Where somebody has changed the card since, what we put is what was acknowledged.
        """
        try:
            found = self._books.cards([put.id for put in puts]) if puts else {}
        except ConcordError:
            # They were acknowledged; that they cannot be looked at now takes nothing back.
            found = {}
        outcomes = []
        for put in puts:
            live = Live.of(put.id, found.get(put.id))
            etag = "" if put.etag.startswith("W/") else put.etag  # a proxy's, for which no condition would ever hold
            theirs = live.card is not None and etag in ("", live.etag)
            shown = values(live.card if theirs and live.card else put.card)
            version = live.etag if theirs else etag
            status = Status.CREATED if put.created else Status.UPDATED
            outcomes.append(
                Outcome(put.change.key, status, RemoteId(put.id), _told(put.change, shown), version or None)
            )
        return outcomes


def _told(change: Change, shown: Fields) -> dict[str, object]:
    return {name: shown.get(name, "") for name in (*change.set, *change.clear)}


def _failed(change: Change, why: str) -> Outcome:
    return Outcome(change.key, Status.FAILED, change.remote_id, error=why)
