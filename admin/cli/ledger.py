"""Backfills drawn for people: what one will take, how they stand, what one has brought."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from admin.cli.output import cell, grid, pairs, state
from admin.cli.tables import moment
from mapping.counts import many
from sync.backfilled import BackfillReport, EstimateReport, StreamBackfill

COUNTS = ("read", "new", "changed", "unchanged", "gone", "failed")
SURE = {
    "counted": "counted",
    "sampled": "rough: some windows were looked at",
    "by what is stored": "rough: as many as are stored",
    "unknown": "unknown",
}


def estimated(report: EstimateReport) -> list[RenderableType]:
    """What a backfill will take, stream by stream, and how sure that is."""
    notes = ["note"] if any(each.message for each in report.streams) else []
    table = grid("stream", "partitions", "records", "calls", "sure", *notes, numbers=("partitions", "records", "calls"))
    for each in report.streams:
        note = [cell(each.message)] if notes else []
        table.add_row(
            cell(each.stream), cell(each.partitions), cell(each.records), cell(each.calls), cell(SURE[each.sure]), *note
        )
    span = f"{report.since[:16].replace('T', ' ')} to {report.until[:16].replace('T', ' ')} UTC"
    head = f"Backfill of {report.connection}, {span}: {many(report.partitions, 'partition')} of {report.every}"
    return [cell(head), table, Text(_cost(report))]


def _cost(report: EstimateReport) -> str:
    unknown = any(each.calls is None for each in report.streams)
    looked = f"Looking took {many(report.looked, 'call')}."
    if report.calls is None or report.seconds is None:
        return f"What it will take cannot be told. {looked}"
    least = "at least " if unknown else "about "
    workers = many(report.workers, "worker")
    return (
        f"It takes {least}{many(report.calls, 'call')} and {least}{span(report.seconds)} with {workers}; "
        f"{report.held_by} decide{'s' if report.held_by.startswith('how') else ''} on that. {looked}"
    )


def span(seconds: float) -> str:
    """A length of time in its two largest units."""
    whole = round(seconds)
    if whole < 1:
        return "a second"
    units = (
        ("day", whole // 86_400),
        ("hour", whole // 3600 % 24),
        ("minute", whole // 60 % 60),
        ("second", whole % 60),
    )
    told = [many(count, name) for name, count in units if count]
    return " ".join(told[:2])


def backfills(found: Sequence[BackfillReport]) -> RenderableType:
    """One line a backfill."""
    if not found:
        return Text("There has been no backfill yet.")
    numbers = ("no.", "done", "of", "failed")
    notes = ["note"] if any(each.message for each in found) else []
    table = grid("no.", "connection", "since", "until", "state", "done", "of", "failed", *notes, numbers=numbers)
    for each in found:
        table.add_row(
            cell(str(each.id)), cell(each.connection), cell(each.since[:10]), cell(each.until[:10]), state(each.state),
            cell(each.done), cell(each.partitions), cell(each.failed), *([cell(each.message)] if notes else []),
        )  # fmt: skip
    return table


def backfill(report: BackfillReport) -> list[RenderableType]:
    """One backfill with its streams, what failed, and how to go on."""
    range_ = f"{report.since[:16].replace('T', ' ')} to {report.until[:16].replace('T', ' ')} UTC, by {report.every}"
    head = pairs({
        "backfill": str(report.id), "connection": report.connection,
        "range": range_,
        "state": report.state, "partitions": f"{report.done:,} of {report.partitions:,} done, {report.failed:,} failed",
        "began": moment(report.started_at), "worked": span(report.seconds), "workers": report.workers,
    })  # fmt: skip
    shown = [name for name in COUNTS if name in ("read", "new") or any(_count(each, name) for each in report.streams)]
    costs = ("calls", "MB", "waited", "took")
    table = grid("stream", "done", *shown, *costs, numbers=("done", *shown, *costs))
    for each in report.streams:
        table.add_row(
            cell(each.stream), cell(f"{each.done:,}/{each.partitions:,}"),
            *(cell(_count(each, name), "red" if name == "failed" and each.dead else "") for name in shown),
            cell(each.calls), cell(f"{each.bytes / 1e6:.1f}"), cell(f"{each.waited:.0f} s"),
            cell(f"{each.seconds:.0f} s"),
        )  # fmt: skip
    drawn: list[RenderableType] = [head, table]
    for each in report.streams:
        drawn += [Text("• ", style="red") + cell(f"{each.stream} {failure}") for failure in each.failures]
        if each.failed > len(each.failures):
            drawn.append(cell(f"  and {each.failed - len(each.failures)} more of {each.stream}", "dim"))
    if any(each.dead for each in report.streams):
        drawn.append(Text("Records that could not be taken are kept: concord dead-letters", style="yellow"))
    drawn.append(cell(report.message, "yellow") if report.message else Text("All of it has been read.", style="green"))
    return drawn if report.message or report.state == "done" else drawn[:-1]


def _count(stream: StreamBackfill, name: str) -> int:
    return int(stream.dead if name == "failed" else getattr(stream, name))
