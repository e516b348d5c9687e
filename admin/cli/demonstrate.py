"""The commands that show Concord at work: demo and sandbox."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from admin.cli import doors
from admin.cli.edge import FAILED, TERMINATED, Termination, stop_code
from admin.cli.output import pairs
from admin.cli.session import current, unknown
from mapping.errors import ConfigError


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    app.command()(demo)
    app.command()(sandbox)


def demo(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Your own export files, instead of an invented company's.", metavar="DIR"),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="Work in this folder and leave it there to look around.", metavar="DIR"),
    ] = None,
    country: Annotated[
        str,
        typer.Option(
            "--country", help="With --folder: the country of phone numbers that name none, such as GB.", metavar="CODE"
        ),
    ] = "",
    customers: Annotated[
        int, typer.Option("--customers", min=20, max=1_000_000, help="How large the invented company is.")
    ] = 3_000,
    seed: Annotated[int, typer.Option("--seed", help="Which invented company.")] = 7,
    without_servers: Annotated[
        bool,
        typer.Option("--without-servers", help="Neither install nor start real servers; read the others."),
    ] = False,
) -> None:
    """Show the whole way in a minute: read a company's tools, work out who is who, fill a CRM, change nothing twice.

    It reads export files, a real calendar server and a real ERP on this machine, which are installed the first time.
    The CRM, mailboxes, calendars and lead forms are stand-ins inside this process. No data leaves the machine.
    """
    from admin.demo.run import Demo

    session = current(ctx)
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; --folder takes the one that your export files lie in")
    try:
        shown = Demo(session, customers=customers, seed=seed, country=country, servers=not without_servers)
        report = shown.run(folder, keep)
    except KeyboardInterrupt as stop:
        left = f"What it made so far is in {keep}." if keep else "Its own folder is gone, and nothing else was touched."
        session.say(f"The demo was stopped. {left}")
        raise typer.Exit(stop_code(stop)) from None
    if session.json:
        session.answer(report)
    if not report.ok:
        raise typer.Exit(FAILED)


def sandbox(
    ctx: typer.Context,
    vendor: Annotated[str, typer.Argument(help="Whose stand-in, such as hubspot.", metavar="VENDOR")],
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Where it listens; 0 takes a free one.")] = 0,
) -> None:
    """Run a vendor's stand-in on this machine until Ctrl-C, to try things without an account."""
    session = current(ctx)
    if vendor not in doors.stand_ins():
        raise ConfigError(unknown("sandbox", vendor, doors.stand_ins()))
    try:
        with doors.stand_in(vendor, port) as server:
            session.answer(
                {"vendor": vendor, "url": server.url, "config": dict(server.settings)},
                Text(f"A stand-in for {vendor} listens until Ctrl-C. The config of a connection to it:"),
                pairs(dict(server.settings)),
            )
            server.wait()
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise
        raise ConfigError(
            f"port {port} is not to be had ({error.strerror}); name another, or 0 for a free one"
        ) from None
    except KeyboardInterrupt as stop:
        session.say("Stopped; what it held is gone.")
        if isinstance(stop, Termination):
            raise typer.Exit(TERMINATED) from None
