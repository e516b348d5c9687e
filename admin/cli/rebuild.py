"""The command that has everything compared and decided anew."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from admin.cli.session import current
from sync.rebuild import RebuildReport


def register(app: typer.Typer) -> None:
    """Adds the command to the app."""
    group = typer.Typer(no_args_is_help=True, help="How records are told to be one.")
    group.command()(rebuild)
    app.add_typer(group, name="identity")


def rebuild(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decide in a copy, and say what would be different.")
    ] = False,
) -> None:
    """Compare, score and decide everything anew, with values counted anew. What people said stays."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.rebuild_identity(dry_run=dry_run)
    session.answer(report, _told(report))


def _told(report: RebuildReport) -> Text:
    if not report.dry_run:
        return Text(f"{report.customers:,} customers; {report.merged:,} were merged, {report.split:,} were split.")
    return Text(
        f"There would be {report.customers:,} customers: {report.merged:,} made of several, "
        f"{report.split:,} of before split, {report.moved:,} records elsewhere. Nothing was changed."
    )
