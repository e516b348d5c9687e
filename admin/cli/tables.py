"""The engine's reports drawn for people: reads, checks and dead letters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from admin.cli.output import cell, grid, harmless, state
from mapping.counts import many
from sync.reports import (
    ApplyReport,
    CheckReport,
    DeadLetterView,
    JobView,
    ResolveReport,
    StreamReport,
    StreamSweep,
    SweepReport,
    SyncReport,
)

COUNTS = ("read", "new", "changed", "unchanged", "gone", "dropped", "dead")
ALWAYS = ("read", "new", "changed")
MANY_STREAMS = 6


def synced(report: SyncReport) -> list[RenderableType]:
    """What was read, what resolving changed, and what was pushed without asking."""
    drawn: list[RenderableType] = [read(report.streams)]
    if report.sweeps:
        drawn.append(sweeps(report.sweeps))
    drawn.append(resolved(report.resolve))
    drawn += [applied(push) for push in report.pushes]
    return drawn


def replayed(report: SyncReport, *, named: bool) -> list[RenderableType]:
    """What became of dead letters. Those that were to be written (``named``, and of no stream) wait for a plan."""
    if report.streams:
        return synced(report)
    return [Text("The next plan holds them again." if named else "No dead letters.", style="green")]


def read(streams: Sequence[StreamReport]) -> RenderableType:
    """One line for each stream that had anything to say, one for those that had not, one for all of them."""
    if not streams:
        return Text("There was nothing to read: no connection is configured, or all are paused.", style="yellow")
    telling = [each for each in streams if not _silent(each)]
    sums = {name: sum(getattr(each, name) for each in streams) for name in COUNTS}
    counts = [name for name in COUNTS if sums[name] or name in ALWAYS]
    notes = ["note"] if any(each.message for each in telling) else []
    table = grid("connection", "stream", *counts, "state", *notes, numbers=COUNTS)
    for each in telling:
        row = [cell(each.connection), cell(each.stream), *(_count(name, getattr(each, name)) for name in counts)]
        table.add_row(*row, state(each.status), *([cell(each.message)] if notes else []))
    if len(streams) > 1:
        table.add_section()
        quiet = len(streams) - len(telling)
        note = Text(f"{many(quiet, 'stream')} had nothing new" if quiet else "", style="dim")
        table.add_row(Text("all", style="bold"), note, *(_count(name, sums[name]) for name in counts))
    return table


def swept(report: SweepReport) -> list[RenderableType]:
    """What a sweep found, some of what is gone, and what resolving made of it."""
    if not report.streams:
        return [Text("There is nothing to sweep: every stream tells of its deletions itself.", style="green")]
    drawn: list[RenderableType] = [sweeps(report.streams, dry_run=report.dry_run)]
    for each in report.streams:
        if each.sample:
            more = f" and {each.gone - len(each.sample):,} more" if each.gone > len(each.sample) else ""
            drawn.append(cell(f"Gone from {each.connection}/{each.stream}: {', '.join(each.sample)}{more}"))
    drawn.append(Text("Nothing was written.") if report.dry_run else resolved(report.resolve))
    return drawn


def sweeps(found: Sequence[StreamSweep], *, dry_run: bool = False) -> Table:
    """One line for each stream that was swept."""
    notes = ["note"] if any(each.message for each in found) else []
    gone = "would go" if dry_run else "gone"
    numbers = ("known", "there", gone, "unknown", "taken")
    table = grid("swept", "stream", *numbers, "state", *notes, numbers=numbers)
    for each in found:
        counts = (each.known, each.met, each.gone, each.unknown, each.taken)
        row = [cell(each.connection), cell(each.stream), *(cell(count) for count in counts), state(each.status)]
        table.add_row(*row, *([cell(each.message)] if notes else []))
    return table


def _silent(stream: StreamReport) -> bool:
    """Whether a stream went well and brought nothing at all."""
    return stream.status == "ok" and not stream.message and not any(getattr(stream, name) for name in COUNTS)


def _count(name: str, value: int) -> Text:
    return cell(value, "red" if name == "dead" and value else "")


def resolved(report: ResolveReport) -> Text:
    """One line on who turned out to be who."""
    if not (report.entities or report.facts or report.changed or report.retired or report.traits):
        return Text("Resolved: nothing to do.")
    parts = [
        f"{many(report.entities, 'profile or fact', 'profiles and facts')} looked at",
        f"{many(report.created, 'customer')} new",
    ]
    parts += [
        f"{count:,} {word}"
        for count, word in (
            (report.merged, "merged"),
            (report.split, "split"),
            (report.retired, "retired"),
            (report.changed, "changed"),
        )
        if count
    ]
    parts += [f"traits of {many(report.traits, 'customer')} changed"] if report.traits else []
    return Text(f"Resolved: {', '.join(parts)} ({report.seconds:.1f} s).")


def applied(report: ApplyReport) -> Text:
    """One line on what a destination took."""
    done = [
        f"{count:,} {word}"
        for count, word in (
            (report.created, "created"),
            (report.updated, "updated"),
            (report.associated, "linked"),
            (report.unchanged, "as they were"),
            (report.failed, "failed"),
            (report.unknown, "unanswered"),
            (report.parked, "parked for a person"),
            (report.moved, "skipped because they had moved"),
        )
        if count
    ]
    plan = Text(report.hash[:12], style="bold")
    if not report.ok and not done:
        line = Text("Nothing was sent") + (Text(" of plan ") + plan if report.hash else Text()) + Text(": ")
        line += state(report.status)
    else:
        line = Text("Applied ") + plan + Text(": ") + state(report.status)
        line.append(f"; {', '.join(done) or 'nothing to write'} ({report.seconds:.1f} s)")
    if report.message:
        line.append(f"\n{harmless(report.message)}")
    return line


def checked(reports: Sequence[CheckReport]) -> Table:
    """One line a connection: who we are there, what can be read and written."""
    table = grid("connection", "connector", "state", "account", "reads", "writes", "note")
    for each in reports:
        table.add_row(
            cell(each.connection),
            cell(each.connector),
            state("ok" if each.ok else "failed"),
            cell(each.account),
            cell(streams(each)),
            cell(each.writes),
            cell(each.message),
        )
    return table


def streams(found: CheckReport) -> list[str]:
    """The streams of a connection; of many only those that are in use, and how many others there are."""
    if len(found.reads) <= MANY_STREAMS:
        return list(found.reads)
    others = len(found.reads) - len(found.holding)
    if not found.holding:
        return [f"{many(others, 'stream')}, none of them read yet"]
    return [*found.holding, f"and {many(others, 'other')} without records"] if others else list(found.holding)


def jobs(found: Sequence[JobView]) -> RenderableType:
    """What is done by schedule, one job a line."""
    if not found:
        return Text("Nothing is done by schedule here yet: concord serve begins it.")
    names = ("connection", "job", "schedule", "state", "next", "last ended", "how")
    notes = ["note"] if any(each.message for each in found) else []
    table = grid(*names, *notes, whole=("next", "last ended"))
    for each in found:
        table.add_row(
            cell(each.connection), cell(each.does), cell(each.schedule), state(each.state), cell(moment(each.next)),
            cell(moment(each.ended_at)), state(each.last), *([cell(each.message)] if notes else []),
        )  # fmt: skip
    return table


def dead_letters(found: Sequence[DeadLetterView]) -> RenderableType:
    """The dead letters as given, one line each, without their bodies."""
    if not found:
        return Text("No dead letters.", style="green")
    table = grid("letter", "way", "from", "record", "reason", "times", "last", "state", numbers=("letter", "times"))
    for each in found:
        table.add_row(
            cell(str(each.id)),
            cell(each.direction),
            cell(f"{each.connection}/{each.stream}"),
            cell(each.remote_id),
            cell(each.reason),
            cell(each.times),
            cell(moment(each.last_at)),
            cell(each.state),
        )
    return table


def moment(stamp: str) -> str:
    """An instant as people read it, in UTC and to the second; anything else as it is."""
    if len(stamp) >= 19 and stamp[10:11] == "T":
        return f"{stamp[:10]} {stamp[11:19]}"
    return stamp
