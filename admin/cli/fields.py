"""The commands on a vendor's fields: how they stand, what happened to them, and that a change is all right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from admin.cli import replays
from admin.cli.edge import FAILED
from admin.cli.engine import Limit
from admin.cli.output import cell, grid, harmless, state
from admin.cli.session import current
from admin.cli.tables import moment
from mapping.counts import many
from sync.drifted import AcceptReport, DriftView, SchemaView

Connection = Annotated[str, typer.Argument(help="The connection.", metavar="CONNECTION")]
WAITING = frozenset({"new", "vanished", "retyped"})


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    group = typer.Typer(no_args_is_help=True, help="What fields a vendor's records have, and what became of them.")
    for name, command in (("show", show), ("drift", drift), ("accept", accept)):
        group.command(name)(command)
    app.add_typer(group, name="schema")


def show(
    ctx: typer.Context,
    connection: Connection,
    stream: Annotated[str, typer.Argument(help="One stream; all when none is named.", metavar="[STREAM]")] = "",
) -> None:
    """The fields of a connection's streams, with values from the records read last."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.mending.fields(connection, stream)
    session.answer(found, *fields(found))


def drift(
    ctx: typer.Context,
    connection: Annotated[
        str, typer.Argument(help="One connection; all when none is named.", metavar="[CONNECTION]")
    ] = "",
    stream: Annotated[str, typer.Argument(help="One stream.", metavar="[STREAM]")] = "",
    limit: Limit = 50,
) -> None:
    """What happened to fields, newest first."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.mending.drift(connection, stream, limit)
    session.answer(found, events(found))


def accept(
    ctx: typer.Context,
    connection: Connection,
    stream: Annotated[str, typer.Argument(help="The stream.", metavar="STREAM")],
    names: Annotated[
        list[str] | None, typer.Argument(help="Fields; all that wait when none is named.", metavar="[FIELD]...")
    ] = None,
) -> None:
    """Take what happened to fields, and map the stored records by it."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.mending.accept(connection, stream, tuple(names or ()))
    session.answer(report, *accepted(report))
    if not report.ok:
        raise typer.Exit(FAILED)


def fields(found: Sequence[SchemaView]) -> list[RenderableType]:
    """A table for each stream, those fields first that wait for somebody."""
    if not found:
        return [Text("Nothing is known of its fields yet: they are looked at as it is read.")]
    drawn: list[RenderableType] = []
    for view in found:
        title = harmless(f"{view.connection}/{view.stream} ({view.contract})")
        table = grid("field", "type", "state", "is", "read by", "samples", "first met", title=title)
        for each in view.fields:
            kind = f"{each.was} → {each.type}" if each.state == "retyped" else each.type
            detail = each.detail if each.described else "only seen in records"
            samples, first = " | ".join(each.samples), moment(each.first_at)[:10]
            table.add_row(
                cell(each.field, "bold" if each.state in WAITING else ""), cell(kind), state(each.state), cell(detail),
                cell(each.used_by), cell(samples), cell(first),
            )  # fmt: skip
        drawn.append(table)
    return drawn


def events(found: Sequence[DriftView]) -> RenderableType:
    """One line for each thing that happened."""
    if not found:
        return Text("No field has changed since they were first met.", style="green")
    table = grid("when", "stream", "field", "what", "how", "now", "read by", "samples", whole=("when",))
    for each in found:
        kind = f"{each.before} → {each.after}" if each.before and each.after != each.before else each.after
        table.add_row(
            cell(moment(each.at)[:16]), cell(f"{each.connection}/{each.stream}"), cell(each.field), cell(each.kind),
            cell(each.detail or kind or each.before), state(each.state), cell(each.used_by),
            cell(" | ".join(each.samples)),
        )  # fmt: skip
    return table


def accepted(report: AcceptReport) -> list[RenderableType]:
    """What was accepted, and what mapping again made of it."""
    if not report.fields:
        return [Text("No field waits for anybody.", style="green")]
    names = ", ".join(report.fields[:10]) + (" …" if len(report.fields) > 10 else "")
    drawn: list[RenderableType] = [cell(f"Accepted {many(len(report.fields), 'field')}: {names}")]
    drawn += replays.replayed(report.replay)
    return drawn + ([Text(f"→ {harmless(report.message)}", style="yellow")] if report.message else [])
