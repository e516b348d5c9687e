"""``concord status`` in one screen: what asks for a person first, then how each connection does."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from admin.cli.history import size
from admin.cli.output import cell, grid, harmless, state
from admin.cli.tables import moment
from mapping.counts import many
from sync.reports import StatusReport


def status(report: StatusReport, now: datetime | None = None) -> list[RenderableType]:
    """Whether all is well; what to do if not, the worst first; and a line a connection."""
    drawn: list[RenderableType] = []
    if not report.connections:
        drawn.append(Text("No connection is configured yet.", style="yellow"))
    elif report.ok:
        drawn.append(Text(f"{harmless(report.hub)}: all is well.", style="green"))
    if report.advice:
        things = "thing asks" if len(report.advice) == 1 else "things ask"
        drawn.append(Text(f"{harmless(report.hub)}: {len(report.advice)} {things} for a person.", style="bold red"))
        drawn.append(_advice(report))
    if report.connections:
        drawn.append(_connections(report))
    drawn.append(Text(_counts(report, now or datetime.now(UTC)), style="dim"))
    return drawn


def _advice(report: StatusReport) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True, style="yellow", justify="right")
    table.add_column(overflow="fold", style="yellow")
    for number, line in enumerate(report.advice, 1):
        table.add_row(f"{number}.", harmless(line))
    return table


def _connections(report: StatusReport) -> RenderableType:
    numbers = ("records", "dead")
    dead = numbers if any(one.dead_letters for one in report.connections) else ("records",)
    table = grid("connection", "state", "last good run", *dead, numbers=numbers, whole=("last good run",))
    for each in report.connections:
        row = [cell(each.name), state(each.state), cell(moment(each.last_ok) or "never"), cell(each.records)]
        if len(dead) > 1:
            row.append(cell(each.dead_letters, "red" if each.dead_letters else ""))
        table.add_row(*row)
    return table


def _counts(report: StatusReport, now: datetime) -> str:
    parts = [many(report.customers, "customer"), many(report.facts, "fact")]
    if report.waiting:
        parts.append(f"{report.waiting:,} waiting to be resolved")
    if report.parked:
        parts.append(many(report.parked, "parked write"))
    parts.append(f"{report.database}, {size(report.bytes)}")
    if report.last_backup:
        days = (now - datetime.fromisoformat(report.last_backup)).days
        parts.append(f"last backup {'today' if days < 1 else many(days, 'day') + ' ago'}")
    else:
        parts.append("never backed up")
    return " · ".join(parts)
