"""The commands around alerts: what is wrong, a test of every destination, and telling it now."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import RenderableType
from rich.text import Text

from admin.cli.edge import FAILED
from admin.cli.output import cell, grid, state
from admin.cli.session import current
from admin.cli.tables import moment
from sync.alert import AlertView, Tried


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    group = typer.Typer(invoke_without_command=True, help="What is wrong, and who is told.")
    group.callback()(alerts)
    group.command("list")(list_alerts)
    group.command("send")(send)
    group.command("test")(test)
    app.add_typer(group, name="alerts")


def alerts(ctx: typer.Context) -> None:
    """What is wrong, since when, and whether anybody was told."""
    if ctx.invoked_subcommand is None:
        list_alerts(ctx)


def list_alerts(ctx: typer.Context) -> None:
    """What is wrong, since when, and whether anybody was told."""
    session = current(ctx)
    with session.hub() as hub:
        found, waiting = hub.alerts.open(), hub.alerts.undelivered()
    lines = [f"Not reached: {one.destination} ({one.messages} waiting): {one.problem}" for one in waiting]
    session.answer({"open": found, "undelivered": waiting}, drawn(found), *(cell(line, "red") for line in lines))


def send(ctx: typer.Context) -> None:
    """Look now, and send what is to be told; for a timer beside concord serve, to learn that nobody serves."""
    session = current(ctx)
    with session.hub() as hub:
        hub.alerts.tell()
        found, waiting = hub.alerts.open(), hub.alerts.undelivered()
    session.answer({"open": found, "undelivered": waiting}, drawn(found))
    if waiting:
        raise typer.Exit(FAILED)


def test(ctx: typer.Context) -> None:
    """Send a test message to every destination, and say which did not take it and why."""
    session = current(ctx)
    with session.hub() as hub:
        tried = hub.alerts.test()
    session.answer(tried, tested(tried))
    if not all(one.ok for one in tried):
        raise typer.Exit(FAILED)


def drawn(found: Sequence[AlertView]) -> RenderableType:
    """One line an incident."""
    if not found:
        return Text("Nothing is wrong.", style="green")
    table = grid("connection", "what", "since", "told", "message", whole=("since",))
    for one in found:
        told = "over" if one.recovered_at else moment(one.told_at)[:16] or "not yet"
        row = (one.connection or "the hub", one.what, moment(one.since)[:16], told, one.message)
        table.add_row(*(cell(each) for each in row))
    return table


def tested(tried: Sequence[Tried]) -> RenderableType:
    """One line a destination."""
    table = grid("destination", "state", "why")
    for one in tried:
        table.add_row(cell(one.destination), state("ok" if one.ok else "failed"), cell(one.problem))
    return table
