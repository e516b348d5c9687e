"""The commands around schedules: serve, what is due, run it now, let a connection rest."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from admin.cli import doors, tables
from admin.cli.session import current

Name = Annotated[str, typer.Argument(help="The connection.", metavar="NAME")]


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    for command in (serve, schedules, run, pause, resume):
        app.command()(command)


def serve(
    ctx: typer.Context,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="How many jobs run at once.")] = 2,
    metrics: Annotated[
        int | None, typer.Option("--metrics", min=1, max=65535, help="Serve Prometheus metrics here.", metavar="PORT")
    ] = None,
    metrics_host: Annotated[
        str, typer.Option("--metrics-host", help="The address that metrics are served at.", metavar="HOST")
    ] = "127.0.0.1",
) -> None:
    """Keep the schedules of the configuration until stopped: read, resolve, plan, and push what needs no approval."""
    session = current(ctx)
    logging.getLogger("concord").setLevel(logging.INFO)  # who starts a server wants to see what it does
    options = ctx.find_root().params
    logs = [name for name, given in (("--json-logs", "json_logs"), ("--verbose", "verbose")) if options.get(given)]
    doors.serve(session.config, jobs, logs, None if metrics is None else (metrics_host, metrics))
    session.say("Stopped. Nothing is lost: what was under way goes on from its last page at the next start.")


def schedules(ctx: typer.Context) -> None:
    """What is done by schedule, when it is due, and how it went."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.jobs()
    session.answer(found, tables.jobs(found))


def run(ctx: typer.Context, name: Name) -> None:
    """Ask the running server to do a connection's jobs now."""
    session = current(ctx)
    with session.hub() as hub:
        asked = hub.ask(name)
    session.answer({"asked": list(asked)}, f"Asked for: {', '.join(asked)}. See concord schedules.")


def pause(ctx: typer.Context, name: Name) -> None:
    """Let a connection rest: nobody reads or writes it until it is resumed."""
    session = current(ctx)
    with session.hub() as hub:
        hub.pause(name)
    session.answer({"paused": name}, f"{name} rests until: {session.command('resume', name)}")


def resume(ctx: typer.Context, name: Name) -> None:
    """Let a connection go on, if its login is right."""
    session = current(ctx)
    with session.hub() as hub:
        account = hub.resume(name)
    session.answer({"resumed": name, "account": account.name or account.id}, f"{name} goes on.")
