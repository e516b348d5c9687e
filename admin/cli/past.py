"""The commands around backfills: begin one, list, show, pause, resume and cancel them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

import typer

from admin.cli import ledger
from admin.cli.edge import FAILED, STOPPED, stop_code
from admin.cli.session import Session, current
from mapping.errors import ConfigError
from sync.backfilled import Asked, BackfillReport
from sync.hub import Hub

Number = Annotated[int, typer.Argument(help="The number of the backfill.", metavar="NUMBER", min=1)]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    app.command()(backfill)
    group = typer.Typer(invoke_without_command=True, help="The backfills there are, and how they stand.")
    group.callback()(backfills)
    group.command("list")(list_backfills)
    for command in (show, pause, resume, cancel):
        group.command()(command)
    app.add_typer(group, name="backfills")


def backfill(
    ctx: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection.", metavar="CONNECTION")],
    since: Annotated[str, typer.Option("--since", help="From this day, or instant, on.", metavar="DATE")],
    until: Annotated[
        str, typer.Option("--until", help="Before this day, or instant; now, if not given.", metavar="DATE")
    ] = "",
    stream: Annotated[
        list[str] | None, typer.Option("--stream", "-s", help="Only this stream; may be repeated.", metavar="STREAM")
    ] = None,
    every: Annotated[
        str, typer.Option("--every", help="The length of a partition: 6h, 1d, 1w, 1mo.", metavar="STEP")
    ] = "1w",
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, max=32, help="How many read at once.")] = 2,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and do nothing.")] = False,
) -> None:
    """Read the past of a connection, in partitions by date, beside what is read of the present."""
    session = current(ctx)
    asked = Asked(_instant("--since", since), _until(until), every, tuple(stream or ()), workers)
    if not (yes or dry_run or session.interactive):
        raise ConfigError("nobody can be asked here: look with --dry-run, and begin with --yes")
    with session.hub() as hub:
        draft = hub.backfills.draft(connection, asked)
        if dry_run:
            session.answer(draft.report, *ledger.estimated(draft.report))
            return
    for each in ledger.estimated(draft.report):
        session.err.print(each)
    if not yes and not typer.confirm("Begin?", err=True):
        session.say("Nothing was begun.")
        raise typer.Exit(STOPPED)
    with session.hub() as hub:
        report = _run(session, hub, hub.backfills.add(draft))
    _answer(session, report)


def backfills(ctx: typer.Context, limit: Limit = 20) -> None:
    """The backfills there are, newest first."""
    if ctx.invoked_subcommand is None:
        list_backfills(ctx, limit)


def list_backfills(ctx: typer.Context, limit: Limit = 20) -> None:
    """The backfills there are, newest first."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.backfills.ledger.recent(limit)
    session.answer(found, ledger.backfills(found))


def show(ctx: typer.Context, number: Number) -> None:
    """One backfill: what it has read of each stream, what it cost, what failed and how to go on."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.backfills.ledger.show(number)
    session.answer(found, *ledger.backfill(found))


def pause(ctx: typer.Context, number: Number) -> None:
    """Let a backfill stop at the end of the page it is at, until it is resumed."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.backfills.pause(number)
    again = session.command("backfills", "resume", str(number))
    session.answer(found, f"Backfill {number} stops at the end of its page. Go on with: {again}")


def resume(ctx: typer.Context, number: Number) -> None:
    """Go on with a backfill that was paused or cut off, and try once more what failed."""
    session = current(ctx)
    with session.hub() as hub:
        report = _run(session, hub, number)
    _answer(session, report)


def cancel(ctx: typer.Context, number: Number) -> None:
    """End a backfill for good; what it has read stays."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.backfills.cancel(number)
    session.answer(found, f"Backfill {number} is over. What it has read stays.")


def _run(session: Session, hub: Hub, number: int) -> BackfillReport:
    try:
        return hub.backfills.run(number)
    except KeyboardInterrupt as stop:
        again = session.command("backfills", "resume", str(number))
        session.say(f"Paused at the end of a page. Nothing is lost; go on with: {again}")
        raise typer.Exit(stop_code(stop)) from None


def _answer(session: Session, report: BackfillReport) -> None:
    session.answer(report, *ledger.backfill(report))
    if not report.ok:
        raise typer.Exit(FAILED)


def _until(text: str) -> datetime:
    return _instant("--until", text) if text else datetime.max.replace(tzinfo=UTC)


def _instant(option: str, text: str) -> datetime:
    """A day (its beginning in UTC) or an instant; one without a zone is in UTC."""
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r} is no date; expected 2021-01-31, or 2021-01-31T12:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
