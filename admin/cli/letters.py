"""The commands on dead letters: list, show, try with another rule, replay."""

from __future__ import annotations

from typing import Annotated

import typer

from admin.cli import envelopes, tables
from admin.cli.edge import FAILED
from admin.cli.engine import Limit
from admin.cli.session import current
from mapping.errors import ConfigError

Connection = Annotated[str, typer.Option("--connection", help="Only of this connection.", metavar="NAME")]
Stream = Annotated[str, typer.Option("--stream", "-s", help="Only of this stream.", metavar="STREAM")]
Reason = Annotated[str, typer.Option("--reason", help="Only with this in their reason.", metavar="TEXT")]
Group = Annotated[bool, typer.Option("--group", help="Count them by their reasons.")]
Letter = Annotated[int, typer.Argument(metavar="LETTER", min=1)]


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    group = typer.Typer(invoke_without_command=True, help="Records that could not be taken or written.")
    group.callback()(dead_letters)
    for name, each in (("list", list_letters), ("show", show_letter), ("try", try_letter), ("replay", replay)):
        group.command(name)(each)
    app.add_typer(group, name="dead-letters")


def dead_letters(
    ctx: typer.Context,
    connection: Connection = "",
    stream: Stream = "",
    reason: Reason = "",
    group: Group = False,
    limit: Limit = 50,
) -> None:
    """Records that could not be taken or written."""
    if ctx.invoked_subcommand is None:
        list_letters(ctx, connection, stream, reason, group, limit)


def list_letters(
    ctx: typer.Context,
    connection: Connection = "",
    stream: Stream = "",
    reason: Reason = "",
    group: Group = False,
    limit: Limit = 50,
) -> None:
    """The open dead letters, or how many there are of each reason."""
    session = current(ctx)
    with session.hub() as hub:
        if group:
            groups = hub.mending.letter_groups(connection, stream, reason)
        else:
            found = hub.mending.letters(connection, stream, reason, limit)
    if group:
        session.answer(groups, envelopes.groups(groups))
    else:
        session.answer(found, tables.dead_letters(found))


def show_letter(ctx: typer.Context, number: Letter) -> None:
    """One dead letter with the record as it came, and what it failed at."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.mending.letter(number)
    session.answer(found, *envelopes.letter(found))


def try_letter(
    ctx: typer.Context,
    number: Letter,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", help="A rule to try: field=expression, or rule:field=expression.", metavar="RULE"),
    ] = None,
) -> None:
    """Map the record by other rules and show what comes out; nothing is stored."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.mending.try_letter(number, tuple(rule or ()))
    session.answer(report, *envelopes.tried(report, session.command("dead-letters", "replay", str(number))))
    if not report.ok:
        raise typer.Exit(FAILED)


def replay(
    ctx: typer.Context,
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Letters; all of them when none is named.", metavar="LETTER")
    ] = None,
    connection: Connection = "",
    stream: Stream = "",
    reason: Reason = "",
) -> None:
    """Try dead letters again, after the reason was mended; one that could not be written is planned again."""
    session = current(ctx)
    if numbers and (connection or stream or reason):
        raise ConfigError("name letters, or say which by --connection, --stream and --reason; not both")
    with session.hub() as hub:
        report = hub.mending.replay_letters(tuple(numbers or ()), connection=connection, stream=stream, reason=reason)
    session.answer(report, *tables.replayed(report, named=bool(numbers)))
    if not report.ok or any(each.dead for each in report.streams):
        raise typer.Exit(FAILED)
