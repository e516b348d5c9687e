"""The commands that look after the database: how large it is, make it smaller, save it, put it back, update it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from admin.cli import doors
from admin.cli.history import size
from admin.cli.output import cell, grid, pairs
from admin.cli.progress import observing
from admin.cli.session import current
from admin.cli.tables import moment
from mapping.counts import many

if TYPE_CHECKING:
    from sync.care import SizeReport, TidyReport, VacuumReport

MOST_TABLES = 12


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    group = typer.Typer(no_args_is_help=True, help="The hub's database: its size, backups, and version.")
    for command in (stats, vacuum, backup, restore, migrate):
        group.command()(command)
    app.add_typer(group, name="db")


def stats(ctx: typer.Context) -> None:
    """How large the database is, table by table and stream by stream, and what its retention would free."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.care.stats()
    session.answer(report, *sizes(report))


def vacuum(ctx: typer.Context) -> None:
    """Let go of what has expired, pack old bodies, and give the room that is free then back to the disk."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.care.vacuum()
    session.answer(report, vacuumed(report))


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file, or a folder for one named by the time.", metavar="FILE")],
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Write the vault's key beside it, as FILE.key: it opens every secret.")
    ] = False,
) -> None:
    """Save the database to a file while everything goes on."""
    session = current(ctx)
    with observing(session.err) as observer:
        report = doors.backup(session.config, file, with_key=with_key, observer=observer)
    told = f"{report.path}: {size(report.bytes)}, version {report.version}, whole and checked."
    lines = [told, *([f"{report.key}: the vault's key."] if report.key else []), *filter(None, [report.note])]
    session.answer(report, *[Text(line) for line in lines])


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A backup.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Also over a database that is not empty.")] = False,
) -> None:
    """Put a backup in the place of the database; what was there is kept aside."""
    session = current(ctx)
    with observing(session.err) as observer:
        report = doors.restore(session.config, file, force=force, observer=observer)
    lines = [f"{report.database} is what {report.path} was (version {report.version})."]
    lines += [f"What it was before is kept as {report.kept}; delete that when all is well."] if report.kept else []
    lines += [report.note] if report.note else []
    session.answer(report, *[Text(line) for line in lines])


def migrate(
    ctx: typer.Context,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Make no backup first.")] = False,
) -> None:
    """Bring the database to this program's version, after a backup. Other commands do it too, without one."""
    session = current(ctx)
    with observing(session.err) as observer:
        report = doors.migrate(session.config, with_backup=not no_backup, observer=observer)
    if report.before == report.after:
        told = f"{report.database} is up to date: version {report.after}."
    elif not report.before:
        told = f"{report.database} was made: version {report.after}."
    else:
        told = f"{report.database}: version {report.before} became {report.after}."
    saved = [f"Before that it was saved as {report.backup}."] if report.backup else []
    session.answer(report, *[Text(line) for line in (told, *saved)])


def sizes(report: SizeReport) -> list[RenderableType]:
    """How large everything is, the largest first."""
    head: dict[str, object] = {
        "database": f"{report.database}, version {report.version}",
        "size": size(report.bytes),
        "unused in it": size(report.free),
        "log beside it": size(report.log),
        "free on its disk": size(report.disk) if report.disk is not None else "",
        "records": report.records,
        "bytes a record": f"{report.bytes_a_record:,.0f}",
        "last backup": moment(report.last_backup) or "never",
    }
    table = grid("table", "rows", "size", numbers=("rows", "size"))
    for each in report.tables[:MOST_TABLES]:
        table.add_row(cell(each.table), cell(each.rows), cell(size(each.bytes) if each.bytes is not None else None))
    drawn: list[RenderableType] = [pairs(head), table]
    if report.streams:
        numbers = ("records", "bodies", "size")
        kept = ["kept", "expired"] if any(one.keeps != "never" for one in report.streams) else []
        streams = grid("stream", *numbers, "oldest", *kept, numbers=numbers, whole=("oldest",))
        for one in report.streams:
            gone = f"{one.expiring:,} ({size(one.expiring_bytes)})" if one.expiring else ""
            streams.add_row(
                cell(f"{one.connection}/{one.stream}"), cell(one.records), cell(one.bodies), cell(size(one.body_bytes)),
                cell(one.oldest[:10]), *([cell(one.keeps), cell(gone)] if kept else []),
            )  # fmt: skip
        drawn.append(streams)
    if any(one.expiring for one in report.streams):
        drawn.append(Text("What has expired goes with concord db vacuum, and once a day while concord serve runs."))
    return drawn


def vacuumed(report: VacuumReport) -> RenderableType:
    """What went, and what that gave back."""
    freed = report.before - report.after
    told = f"{size(report.before)} became {size(report.after)}" if freed > 0 else f"{size(report.after)}, as before"
    return Text(f"{tidied(report.tidied)} The database: {told}.")


def tidied(report: TidyReport) -> str:
    """What one pass let go and packed, in a sentence."""
    if report.skipped:
        return "Another process is at it."
    bodies = f"{report.bodies:,} {'body' if report.bodies == 1 else 'bodies'} ({size(report.body_bytes)})"
    gone = [
        bodies if report.bodies else "",
        many(report.runs, "run") if report.runs else "",
        many(report.dead_letters, "dead letter") if report.dead_letters else "",
        many(report.events, "event") if report.events else "",
    ]
    went = ", ".join(filter(None, gone))
    packed = f" Packed bodies: {report.packed:,}, which saved {size(report.saved_bytes)}." if report.packed else ""
    return f"Expired and gone: {went or 'nothing'}.{packed}"
