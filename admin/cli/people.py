"""Customers drawn for people: who they are, where each value came from, and what happened."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from admin.cli.output import cell, grid, pairs, shorten, state
from admin.cli.tables import moment
from mapping.counts import many
from sync.reports import CustomerSummary, CustomerView, TimelineItem, ValueView

ALONE = "no other record names it"


def found(customers: Sequence[CustomerSummary]) -> RenderableType:
    """One line a customer."""
    if not customers:
        return Text("No customer matches.")
    table = grid("id", "kind", "name", "email", "phone", "records", "in", numbers=("records",), whole=("id", "phone"))
    for each in customers:
        table.add_row(
            cell(each.id),
            cell(each.kind),
            cell(each.name),
            cell(each.email),
            cell(each.phone),
            cell(each.records),
            cell(list(dict.fromkeys(source.partition("/")[0] for source in each.sources))),
        )
    return table


def customer(view: CustomerView) -> list[RenderableType]:
    """The golden record with its provenance, the records behind it, and how destinations hold it."""
    drawn: list[RenderableType] = [Text(f"{view.kind} ") + cell(view.id, "bold")]
    if view.asked != view.id:
        drawn.append(Text("merged: ", style="yellow") + cell(view.asked) + Text(" is this customer now"))
    drawn += [values(view.values), *belongs(view), *traits(view), members(view)]
    for remote in view.remotes:
        head = Text("\nIn ") + cell(f"{remote.connection}/{remote.object} {remote.remote_id}", "bold")
        drawn.append(head + Text(f" ({remote.role}, ") + state(remote.state) + Text(")"))
        drawn.append(pairs({name: shorten(value) for name, value in remote.holds.items() if value not in (None, "")}))
    return drawn


def belongs(view: CustomerView) -> list[RenderableType]:
    """The organization of a person, or the people of an organization; nothing where there are none."""
    if not view.belongs:
        return []
    title = "Organization" if view.kind == "person" else "People"
    table = grid("id", "name", "by", whole=("id",), title=title)
    for each in view.belongs:
        table.add_row(cell(each.id), cell(each.name), cell(each.why))
    return [table]


def values(golden: Sequence[ValueView], *, brief: bool = False) -> RenderableType:
    """One line a golden value: what it is, which record it came from, by which rule, since when.

    ``brief`` leaves out the vendors' own fields and the record's id.
    """
    table = grid("field", "value", "from", "rule", "since", whole=("field", "since"))
    for each in golden:
        if brief and each.field.startswith("custom."):
            continue
        source = "/".join(part for part in (each.connection, each.stream, "" if brief else each.record) if part)
        table.add_row(
            cell(each.field), cell(each.value), cell(shorten(source)), cell(each.rule), cell(moment(each.since)[:10])
        )
    return table


def traits(view: CustomerView) -> list[RenderableType]:
    """What the customer's facts come to, and which amounts are left out; nothing where there are no facts."""
    if not view.traits:
        return []
    table = grid("trait", "value", "from", "rule", "since", whole=("trait", "since"))
    for each in view.traits:
        since = cell(moment(each.since)[:10])
        table.add_row(cell(each.trait), cell(each.value), cell(shorten(list(each.sources))), cell(each.rule), since)
    if not view.left_out:
        return [table]
    return [table, Text(f"Left out, for want of a rate: {', '.join(view.left_out)}", style="yellow")]


def members(view: CustomerView) -> RenderableType:
    """The source records that are this customer, and the first reason why each of them is."""
    table = grid("record", "part", "why", title=many(len(view.members), "source record"))
    for each in view.members:
        place = "/".join(part for part in (each.connection, each.stream, each.slice, each.record) if part)
        first, *others = (each.why or ALONE).split("; ")
        why = f"{first} (and {len(others)} more)" if others else first
        table.add_row(cell(shorten(place)), cell(each.part), cell(why))
    return table


def timeline(items: Sequence[TimelineItem]) -> RenderableType:
    """What happened, newest first."""
    if not items:
        return Text("Nothing on the timeline.")
    table = grid("when", "kind", "as", "what", "seen in", whole=("when",))
    for each in items:
        table.add_row(
            cell(moment(each.at)[:16] or None), cell(each.kind), cell(each.role), cell(each.line), cell(each.sources)
        )
    return table
