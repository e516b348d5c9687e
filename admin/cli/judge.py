"""The commands by which people say who is who: merge, unmerge, judgements."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from admin.cli import verdicts
from admin.cli.engine import Limit
from admin.cli.session import current

Note = Annotated[str, typer.Option("--note", help="Why; kept with the judgement.", metavar="TEXT")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and keep nothing.")]
Number = Annotated[int, typer.Argument(metavar="JUDGEMENT", min=1)]


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    for command in (merge, unmerge):
        app.command()(command)
    group = typer.Typer(invoke_without_command=True, help="What people said of who is who.")
    group.callback()(judgements)
    group.command("list")(list_judgements)
    group.command("take-back")(take_back)
    app.add_typer(group, name="judgements")


def merge(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(help="Customers that are one.", metavar="ID")],
    note: Note = "",
    dry_run: DryRun = False,
) -> None:
    """Say that customers are one; it is remembered."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.merge(tuple(ids), note=note, actor=who(), dry_run=dry_run)
    session.answer(report, *verdicts.judged(report, session.command("judgements", "take-back", str(report.judgement))))


def unmerge(
    ctx: typer.Context,
    customer_id: Annotated[str, typer.Argument(help="The customer's id.", metavar="ID")],
    record: Annotated[
        list[str] | None,
        typer.Option(
            "--record", "-r", help="A record that is somebody else's; may be repeated.", metavar="CONNECTION/STREAM/ID"
        ),
    ] = None,
    connection: Annotated[
        list[str] | None,
        typer.Option("--connection", help="All records from there are somebody else's.", metavar="NAME"),
    ] = None,
    note: Note = "",
    dry_run: DryRun = False,
) -> None:
    """Say that some records of a customer are another one; it is remembered."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.unmerge(
            customer_id, tuple(record or ()), connections=tuple(connection or ()), note=note, actor=who(),
            dry_run=dry_run,
        )  # fmt: skip
    session.answer(report, *verdicts.judged(report, session.command("judgements", "take-back", str(report.judgement))))


def judgements(ctx: typer.Context, limit: Limit = 20) -> None:
    """What people said of who is who."""
    if ctx.invoked_subcommand is None:
        list_judgements(ctx, limit)


def list_judgements(ctx: typer.Context, limit: Limit = 20) -> None:
    """What people said of who is who, newest first."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.judgements(limit)
    session.answer(found, verdicts.judgements(found))


def take_back(ctx: typer.Context, number: Number, dry_run: DryRun = False) -> None:
    """Let a judgement hold no longer."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.take_back(number, actor=who(), dry_run=dry_run)
    session.answer(report, *verdicts.judged(report))


def who() -> str:
    """The login of the person at the keyboard; a container may know none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "admin"
