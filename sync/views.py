"""What people ask of the hub: is all well, who is this, what happened with them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapping.counts import many
from mapping.errors import GoneError
from mapping.judgements import SAME
from mapping.money import NO_AMOUNT, NO_CURRENCY
from mapping.timeline import days, describe
from state import (
    alerts,
    customers,
    dead_letters,
    facts,
    identities,
    matching,
    outbox,
    plans,
    records,
    shadows,
    sizes,
    traits,
)
from state.connections import ConnectionRow, Connections
from state.database import Database, stamp
from state.dead_letters import LetterRow
from state.runs import RunRow, Runs, RunStatus
from state.traits import StoredTraits
from sync import worries
from sync.backfill_views import advice as backfill_advice
from sync.employment import Employment
from sync.ending import sentence
from sync.reports import (
    ConnectionStatus,
    CustomerSummary,
    CustomerView,
    DeadLetterView,
    MemberView,
    RemoteView,
    StatusReport,
    TimelineItem,
    TraitView,
    ValueView,
)
from sync.schedule import overdue

NEVER_READ = "{name} was never read: run concord sync"
NO_CUSTOMER = "There is no customer {asked!r}; concord customers find looks by name, email or phone."


@dataclass(frozen=True, slots=True)
class Views:
    """Reads, and never writes."""

    db: Database

    def names(self) -> dict[str, str]:
        """Connection id to its name."""
        return {row.id: row.name for row in Connections(self.db).all()}

    def status(
        self, hub: str, configured: Sequence[str], resting: Container[str] = (), paused: Container[str] = ()
    ) -> StatusReport:
        """Whether all is well, and if not, what to do. Of those ``resting`` nobody expects to be read, and of those
        ``paused`` nobody that a schedule is kept."""
        rows = [row for row in Connections(self.db).all() if row.name in configured]
        latest = _latest(Runs(self.db).recent(limit=500, kind="pull"))
        pushes = _latest(Runs(self.db).recent(limit=200, kind="push"))
        with self.db.read() as c:
            live, known_facts = customers.counts(c)
            waiting = identities.queue_length(c)
            attempts = outbox.counts(c)
            counted = {row.id: records.live_records(c, row.id) for row in rows}
            missing = traits.missing(c)
            aside = matching.quarantine_sizes(c)
        letters = {row.id: dead_letters.count(self.db, connection_id=row.id) for row in rows}
        advice: list[str] = []
        lines = [_line(row, latest, counted[row.id], letters[row.id], advice) for row in rows]
        unread = {one.name for one in lines if not one.last_ok and one.state == "new"}
        known = {row.name for row in rows}
        for name in configured:
            if name not in known:
                lines.append(ConnectionStatus(name, "", "", "new", "", 0, 0, "not read yet"))
                unread.add(name)
        for run in pushes.values():
            if run.status in (RunStatus.FAILED, RunStatus.PARTIAL, RunStatus.INTERRUPTED):
                advice.append(
                    f"the last push of {run.stream} ended as {run.status.value}: see why with concord runs show"
                    f" {run.id}, then make a new plan"
                )
        advice += worries.failed_sweeps(self.db, {row.id: row.name for row in rows})
        bad = {one.name for one in lines if one.state not in ("ok", "partial", "new")}
        advice += worries.failing(self.db, bad)
        late = sorted({one.connection for one in overdue(self.db) if one.connection not in paused})
        if late:
            advice.append(f"overdue: {', '.join(late)}; start concord serve, or see its log for what holds it up")
        advice += backfill_advice(self.db, {row.id: row.name for row in rows})
        with self.db.read() as c:
            advice += [unheard(one) for one in alerts.undelivered(c)]
        occupied = sizes.occupied(self.db)
        advice += worries.room(occupied, self.db)
        if any(letters.values()):
            advice.append(f"records that could not be taken: {sum(letters.values())}; see concord dead-letters")
        if attempts.get("parked"):
            advice.append(
                f"{many(attempts['parked'], 'create')} could not be confirmed: look at the destination, then concord"
                " dead-letters replay those that are not there"
            )
        if aside:
            advice.append(
                f"{sum(aside.values())} records hang together by scores beyond identity.max_component, so none of them"
                " is merged by score: see what they share, and block it in identity.block"
            )
        with self.db.read() as c:
            left = [(row.name, hash_[:12]) for row in rows for hash_ in plans.left(c, row.id)]
        advice += [f"a plan for {name} waits for you: concord plan --show {hash_}" for name, hash_ in left]
        advice += [NEVER_READ.format(name=name) for name in configured if name in unread and name not in resting]
        advice += [left_out(what, count) for what, count in sorted(missing.items())]
        last_backup, old = worries.old_backup(self.db)
        advice += old
        return StatusReport(
            hub,
            self.db.place,
            lines,
            live,
            known_facts,
            waiting,
            attempts.get("parked", 0),
            sum(letters.values()),
            advice,
            occupied.bytes + occupied.log,
            occupied.disk,
            last_backup,
        )

    def find(self, query: str, limit: int, number: str | None) -> list[CustomerSummary]:
        """Customers by id, email, phone or name. ``number`` is the query in E.164, where it is a phone number."""
        names = self.names()
        with self.db.read() as c:
            found = customers.find(c, query, limit, number)
            members = customers.members(c, [one.customer_id for one in found])
        return [_summary(one, [m for m in members if m.customer_id == one.customer_id], names) for one in found]

    def customer(self, asked: str) -> CustomerView:
        """One customer whole; an id of before a merge leads to the survivor. Raises GoneError when there is none."""
        names = self.names()
        with self.db.read() as c:
            id_ = identities.survivors(c, [asked]).get(asked)
            golden = customers.load(c, [id_]).get(id_) if id_ else None
            if id_ is None or golden is None:
                raise GoneError(NO_CUSTOMER.format(asked=asked))
            members = customers.members(c, [id_])
            links = identities.links_of(c, [m.entity_id for m in members])
            held = shadows.of_subject(c, "customer", [id_])
            stored = traits.load(c, [id_]).get(id_)
            seen = (
                facts.sources(c, sorted({key for one in stored.provenance.values() for key in one[3]}))
                if stored
                else {}
            )
        places = {m.entity_id: m for m in members}
        written = {(one.connection_id, one.remote_id) for one in held}
        values = [_value(name, value, golden.provenance, places, names) for name, value in _flat(golden.values)]
        return CustomerView(
            id=id_,
            asked=asked,
            kind=golden.kind,
            values=values,
            members=[_member(m, links, places, names, written) for m in members],
            remotes=[_remote(one, names) for one in held],
            traits=_traits(stored, seen, names) if stored else (),
            left_out=stored.missing if stored else (),
            belongs=Employment(self.db).told(golden.kind, id_, golden.values),
        )

    def timeline(self, asked: str, limit: int) -> list[TimelineItem]:
        """What happened with a customer, newest first. Raises GoneError when there is none."""
        names = self.names()
        with self.db.read() as c:
            id_ = identities.survivors(c, [asked]).get(asked)
            if id_ is None:
                raise GoneError(NO_CUSTOMER.format(asked=asked))
            found = facts.concerning(c, id_)[:limit]
            sources = facts.sources(c, [fact.key for fact, _ in found])
        return [
            TimelineItem(
                fact.key, _when(fact), fact.activity or fact.kind, role, describe(fact.values, fact.kind),
                [f"{names.get(connection, connection)}/{stream}" for connection, stream in sources.get(fact.key, [])],
            )
            for fact, role in found
        ]  # fmt: skip


def left_out(what: str, count: int) -> str:
    """What to do about amounts that no trait counts; ``what`` they lack, or the currency that has no rate."""
    who = many(count, "customer")
    if what == NO_AMOUNT:
        return f"orders, invoices or payments of {who} name no amount: their traits leave them out"
    if what == NO_CURRENCY:
        return f"amounts of {who} name no currency and are left out of their traits: set hub.currency"
    return f"amounts in {what} of {who} are left out of their traits: give rates.{what} a rate for their days"


def unheard(one: alerts.Waiting) -> str:
    """What to do about alerts that do not arrive."""
    told = f"{one.messages:,} alerts have" if one.messages > 1 else "an alert has"
    return f"{told} not reached {one.destination}: {one.problem}; mend it and run concord alerts test"


def _when(fact: facts.StoredFact) -> str:
    """The instant, or the date where the fact is of a whole day."""
    whole = days(fact.values)
    return whole[0].isoformat() if whole else fact.at or ""


def _latest(rows: Sequence[RunRow]) -> dict[tuple[str, str], RunRow]:
    """The newest run of each stream of each connection."""
    found: dict[tuple[str, str], RunRow] = {}
    for row in rows:
        found.setdefault((row.connection_id or "", row.stream or ""), row)
    return found


def _line(
    row: ConnectionRow, latest: Mapping[tuple[str, str], RunRow], live: int, letters: int, advice: list[str]
) -> ConnectionStatus:
    mine = [run for (connection_id, _), run in latest.items() if connection_id == row.id and not worries.rested(run)]
    good = [stamp(run.ended_at) for run in mine if run.ended_at and run.status in (RunStatus.OK, RunStatus.PARTIAL)]
    state, hint = "ok", ""
    newest = max((run.id for run in mine), default=0)
    bad = [
        run
        for run in mine
        if run.status in worries.ENDED_BADLY
        and (run.stream or run.id == newest)  # a run of no stream could not even begin: any later one mends it
    ]
    if row.paused is not None:
        state, hint = "paused", row.pause_reason or ""
        advice.append(f"{row.name} is paused: {sentence(hint)} Mend it and run concord check {row.name}")
    elif bad:
        state, hint = bad[0].status.value, sentence(bad[0].error or "it was cut off")
        place = f"{row.name}/{bad[0].stream}" if bad[0].stream else row.name
        advice.append(f"{place}: {hint}" + ("" if "concord " in hint else f" Then run concord sync {row.name}"))
    elif any(run.status is RunStatus.PARTIAL for run in mine):
        state = "partial"
    elif not mine:
        state, hint = "new", "not read yet"
    return ConnectionStatus(
        row.name,
        row.connector,
        row.account_name or row.account_id or "",
        state,
        max(good, default=""),
        live,
        letters,
        hint,
    )


def _summary(one: customers.Golden, mine: Sequence[customers.MemberRow], names: Mapping[str, str]) -> CustomerSummary:
    values = one.values
    sources = sorted({f"{names.get(m.connection_id, m.connection_id)}/{m.stream}" for m in mine})
    return CustomerSummary(
        one.customer_id, one.kind, values.get("name") or "", values.get("email") or "", values.get("phone") or "",
        sources, len({(m.connection_id, m.stream, m.slice, m.remote_id) for m in mine}),
    )  # fmt: skip


def _flat(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The golden fields in order, and at the end the keys of ``custom`` one by one."""
    found = [(name, value) for name, value in values.items() if name != "custom"]
    return found + [(f"custom.{key}", one) for key, one in values.get("custom", {}).items()]


def _value(
    name: str,
    value: Any,
    provenance: Mapping[str, Any],
    places: Mapping[int, customers.MemberRow],
    names: Mapping[str, str],
) -> ValueView:
    entity_id, rule, since = provenance.get(name, (0, "", ""))
    place = places.get(entity_id)
    if place is None:
        return ValueView(name, value, "", "", "", rule, since)
    return ValueView(
        name, value, names.get(place.connection_id, place.connection_id), place.stream, place.remote_id, rule, since
    )


def _traits(
    stored: StoredTraits, seen: Mapping[str, Sequence[tuple[str, str]]], names: Mapping[str, str]
) -> list[TraitView]:
    found = []
    for name, value in stored.values.items():
        rule, since, count, keys = stored.provenance[name]
        places = {f"{names.get(i, i)}/{stream}" for key in keys for i, stream in seen.get(key, ())}
        found.append(TraitView(name, value, rule, since, count, keys, sorted(places)))
    return found


WORDS = {
    "scored": "alike by score as",
    "same_email": "same email as",
    "same_phone_and_name": "same phone and an agreeing name as",
    "same_id": "same id as",
    "written_by_us": "written by us for",
    "judged_same": "somebody said that it is one with",
}


def _member(
    m: customers.MemberRow,
    links: Sequence[tuple[int, int, str, list[str]]],
    places: Mapping[int, customers.MemberRow],
    names: Mapping[str, str],
    written: Container[tuple[str, str]],
) -> MemberView:
    words = WORDS if (m.connection_id, m.remote_id) in written else {**WORDS, "written_by_us": "written by us into"}
    reasons = []
    for a, b, rule, evidence in links:
        if m.entity_id in (a, b):
            other = places.get(b if m.entity_id == a else a)
            if other is not None:
                where = f"{names.get(other.connection_id, other.connection_id)}/{other.stream} {other.remote_id}"
                value = f"(judgement {evidence[0]})" if rule == SAME else " ".join(evidence)
                reasons.append(f"{words.get(rule, rule)} {where} {value}".strip())
    return MemberView(
        names.get(m.connection_id, m.connection_id), m.stream, m.slice, m.remote_id, m.part, "; ".join(reasons)
    )


def _remote(one: shadows.Shadow, names: Mapping[str, str]) -> RemoteView:
    where = names.get(one.connection_id, one.connection_id)
    return RemoteView(where, one.object, one.remote_id, one.role, one.state, {**one.sent, **one.observed})


def letter_view(row: LetterRow, names: Mapping[str, str], *, body: bool = False) -> DeadLetterView:
    """A dead letter for people; its record only with ``body``."""
    place = row.place
    return DeadLetterView(
        row.id, str(place.direction), names.get(place.connection_id, place.connection_id), place.stream, place.slice,
        row.remote_id, row.reason, row.times, stamp(row.last_at), "open" if row.open else "resolved",
        (row.body or "") if body else "",
    )  # fmt: skip
