"""The commands that make the engine work: check, sync, sweep, plan, apply, status, runs."""

from __future__ import annotations

from typing import Annotated

import typer

from admin.cli import history, plans, standing, tables
from admin.cli.edge import FAILED, STOPPED
from admin.cli.session import current
from mapping.counts import many
from mapping.errors import ConfigError
from sync.reports import PlanReport

Names = Annotated[list[str] | None, typer.Argument(help="Connections; all of them when none is named.", metavar="NAME")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    for command in (check, sync, sweep, plan, apply, status):
        app.command()(command)
    group = typer.Typer(invoke_without_command=True, help="What ran, when, and how it ended.")
    group.callback()(runs)
    group.command("list")(list_runs)
    group.command("show")(show_run)
    app.add_typer(group, name="runs")


def check(ctx: typer.Context, names: Names = None) -> None:
    """Ask every connection who we are there, and what may be read and written."""
    session = current(ctx)
    with session.hub() as hub:
        reports = hub.check(tuple(names or ()))
    session.answer(reports, tables.checked(reports))
    if not all(report.ok for report in reports):
        raise typer.Exit(FAILED)


def sync(
    ctx: typer.Context,
    names: Names = None,
    stream: Annotated[
        list[str] | None, typer.Option("--stream", "-s", help="Only this stream; may be repeated.", metavar="STREAM")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not only what changed.")] = False,
    allow_deletes: Annotated[
        bool, typer.Option("--allow-deletes", help="Believe a source that is suddenly empty or half gone.")
    ] = False,
) -> None:
    """Read what changed, and work out who is who."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.sync(tuple(names or ()), streams=tuple(stream or ()), full=full, allow_deletes=allow_deletes)
        hub.alerts.tell()
    session.answer(report, *tables.synced(report))
    dead = any(each.dead for each in report.streams) or any(each.dead for each in report.sweeps)
    if not report.ok or dead:
        raise typer.Exit(FAILED)


def sweep(
    ctx: typer.Context,
    names: Names = None,
    stream: Annotated[
        list[str] | None, typer.Option("--stream", "-s", help="Only this stream; may be repeated.", metavar="STREAM")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and write nothing.")] = False,
    allow_deletes: Annotated[
        bool, typer.Option("--allow-deletes", help="Believe a source that is suddenly empty or half gone.")
    ] = False,
) -> None:
    """Ask for everything that is there, and take back what is gone without a word."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.sweep(
            tuple(names or ()), streams=tuple(stream or ()), dry_run=dry_run, allow_deletes=allow_deletes
        )
        hub.alerts.tell()
    session.answer(report, *tables.swept(report))
    if not report.ok or any(each.dead for each in report.streams):
        raise typer.Exit(FAILED)


def plan(
    ctx: typer.Context,
    names: Names = None,
    live: Annotated[bool, typer.Option("--live", help="Compare with what the destinations hold right now.")] = False,
    show: Annotated[str, typer.Option("--show", help="Show a plan made before.", metavar="HASH")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Show every change, not only samples.")] = False,
) -> None:
    """Work out what each destination should hold, and write it down; nothing is sent."""
    session = current(ctx)
    if show and (names or live):
        raise ConfigError("--show looks at a plan made before; it goes with neither connections nor --live")
    with session.hub() as hub:
        report: PlanReport = hub.read_plan(show) if show else hub.plan(tuple(names or ()), live=live)
    short = report.hash[:12]
    apply_it, show_it = session.command("apply", short), session.command("plan", "--show", short, "--all")
    session.answer(report, *plans.plan(report, apply_it, show_it, everything=everything))


def apply(
    ctx: typer.Context,
    plan_hash: Annotated[str, typer.Argument(help="The plan's hash, or its beginning.", metavar="HASH")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    skip_moved: Annotated[
        bool, typer.Option("--skip-moved", help="Leave out records that changed since, and apply the rest.")
    ] = False,
) -> None:
    """Send a plan's changes to the destinations."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.read_plan(plan_hash)
    if not found.empty and not yes and session.interactive:
        session.err.print(plans.targets(found.targets))
        if not typer.confirm(f"Send {many(len(found.changes), 'change')}?", err=True):
            session.say("Nothing was sent.")
            raise typer.Exit(STOPPED)
    with session.hub() as hub:
        report = hub.apply(found.hash, skip_moved=skip_moved)
        hub.alerts.tell()
    session.answer(report, tables.applied(report))
    if not report.ok:
        raise typer.Exit(FAILED)


def status(ctx: typer.Context) -> None:
    """Is all well, and if not, what to do?"""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.status()
    session.answer(report, *standing.status(report))
    if not report.ok:
        raise typer.Exit(FAILED)


def runs(ctx: typer.Context, limit: Limit = 20) -> None:
    """What ran, when, and how it ended."""
    if ctx.invoked_subcommand is None:
        list_runs(ctx, limit)


def list_runs(ctx: typer.Context, limit: Limit = 20) -> None:
    """The last commands, newest first; with --verbose every single run."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.runs(limit, each=session.verbose)
    session.answer(found, history.runs(found))


def show_run(ctx: typer.Context, number: Annotated[int, typer.Argument(metavar="RUN", min=1)]) -> None:
    """One run: its counts and its error, what it cost and said; of a command, every run it was made of."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.run(number)
    session.answer(found, *history.run(found, everything=session.verbose))
