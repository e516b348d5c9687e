"""The command ``replay``, and replays drawn for people: what would change, and what did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from admin.cli import tables
from admin.cli.edge import FAILED, STOPPED
from admin.cli.engine import Names
from admin.cli.output import cell, grid, harmless, shorten, state
from admin.cli.session import current
from mapping.counts import many
from mapping.errors import ConfigError
from sync.replayed import ReplayReport, StreamReplay

FIELDS = 12
"""Fields that are shown of a stream; the rest is counted, and stands in the JSON."""
NUMBERS = ("records", "change", "fail now", "heal", "go", "expired")


def register(app: typer.Typer) -> None:
    """Adds the command to the app."""
    app.command()(replay)


def replay(
    ctx: typer.Context,
    names: Names = None,
    stream: Annotated[
        list[str] | None, typer.Option("--stream", "-s", help="Only this stream; may be repeated.", metavar="STREAM")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Only records that changed since.", metavar="DATE"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Map the stored records again under today's rules; first it is shown what that would change."""
    session = current(ctx)
    if not (yes or dry_run or session.interactive):
        raise ConfigError("nobody is there to be asked: say --yes, or --dry-run to see what would change")
    chosen, streams = tuple(names or ()), tuple(stream or ())
    day = since.date() if since else None
    if not yes:
        with session.hub() as hub:
            found = hub.mending.replay(chosen, streams=streams, since=day, dry_run=True)
        if dry_run or found.empty or not found.ok:
            session.answer(found, *previewed(found))
            if not found.ok:
                raise typer.Exit(FAILED)
            return
        for each in previewed(found):
            session.err.print(each)
        if not typer.confirm("Map them again?", err=True):
            session.say("Nothing was written.")
            raise typer.Exit(STOPPED)
    with session.hub() as hub:
        report = hub.mending.replay(chosen, streams=streams, since=day)
    session.answer(report, *replayed(report))
    if not report.ok:
        raise typer.Exit(FAILED)


def previewed(report: ReplayReport) -> list[RenderableType]:
    """What a replay would change: counts, then fields with some of their values."""
    if not report.streams:
        return [Text("Nothing is stored that could be mapped again.", style="yellow")]
    drawn: list[RenderableType] = [_counts(report)]
    for each in report.streams:
        drawn += _fields(each)
        drawn += [Text(f"→ {harmless(said)}", style="yellow") for said in _warnings(each)]
    if report.empty and report.ok:
        drawn.append(Text("Nothing would change: every record is mapped by today's rules.", style="green"))
    else:
        drawn.append(Text("Nothing was written."))
    return drawn


def replayed(report: ReplayReport) -> list[RenderableType]:
    """What a replay changed, and what resolving made of it."""
    if not report.streams:
        return [Text("Nothing is stored that could be mapped again.", style="yellow")]
    return [_counts(report), tables.resolved(report.resolve)]


def _counts(report: ReplayReport) -> RenderableType:
    notes = ["note"] if any(each.message for each in report.streams) else []
    table = grid("replay", "stream", *NUMBERS, "state", *notes, numbers=NUMBERS)
    for each in report.streams:
        counts = (each.records, each.changed, each.dies, each.heals, each.dropped, each.expired)
        row = [cell(each.connection), cell(each.stream), *(cell(count) for count in counts), state(each.status)]
        table.add_row(*row, *([cell(each.message)] if notes else []))
    return table


def _fields(one: StreamReplay) -> list[RenderableType]:
    if not one.fields:
        return []
    table = grid(
        "field", "changes", "for example", title=harmless(f"{one.connection}/{one.stream}"), numbers=("changes",)
    )
    for each in one.fields[:FIELDS]:
        lines = [
            cell(sample.record, "dim") + Text("  ") + cell(shorten(_shown(sample.old)), "red") + Text(" → ")
            + cell(shorten(_shown(sample.new)), "green")
            for sample in each.samples
        ]  # fmt: skip
        table.add_row(cell(each.field), cell(each.count), Text("\n").join(lines))
    more = len(one.fields) - FIELDS
    return [
        table,
        *([Text(f"and {many(more, 'more field')} (all of them with --json)", style="dim")] if more > 0 else []),
    ]


def _shown(value: object) -> object:
    return "(nothing)" if value in (None, "", [], {}) else value


def _warnings(one: StreamReplay) -> list[str]:
    """What a person should know before saying yes."""
    place = f"{one.connection}/{one.stream}"
    told = []
    if one.identifying:
        told.append(
            f"{place}: {many(one.identifying, 'record')} change in an email, number, name or id: customers may merge or"
            " split, which is known once it is done"
        )
    if one.dropped:
        told.append(f"{place}: {many(one.dropped, 'record')} may no longer be kept, and would be forgotten")
    if one.expired and one.calls:
        told.append(
            f"{place}: the bodies of {many(one.expired, 'record')} are no longer kept; they would be read again, in"
            f" about {many(one.calls, 'call')}"
        )
    elif one.expired:
        told.append(f"{place}: the bodies of {many(one.expired, 'record')} are no longer kept; they stay as they are")
    return told
