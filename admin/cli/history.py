"""What was run, drawn for people: a line a command, and one run whole with what it cost and said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from admin.cli.output import cell, grid, pairs, shorten, state
from admin.cli.tables import moment
from sync.reports import LogLine, RunView

LEVELS = {"warning": "yellow", "error": "red"}
LONGEST_WHY = 100
"""Characters of an error in a list; concord runs show has all of it."""
UNITS = ("B", "kB", "MB", "GB", "TB")


def runs(found: Sequence[RunView]) -> RenderableType:
    """The runs or commands as given, one line each, and why where one did not end well."""
    if not found:
        return Text("There has been no run yet.")
    why = ["why"] if any(each.error for each in found) else []
    names = ("run", "kind", "connection", "stream", "started", "took", "state", "counts", *why)
    table = grid(*names, numbers=("run", "took"), whole=("started",))
    for each in found:
        table.add_row(
            cell(str(each.id)),
            cell(each.kind),
            cell(each.connection),
            cell(each.stream),
            cell(moment(each.started_at)),
            cell(took(each)),
            state(each.status),
            cell(", ".join(filter(None, (counted(each), f"calls {each.calls:,}" if each.calls else "")))),
            *([cell(shorten(each.error, LONGEST_WHY))] if why else []),
        )
    return table


def run(found: RunView, *, everything: bool = False) -> list[RenderableType]:
    """One run whole, below it the runs it was made of, and what it said; of a command only what went wrong, unless
    ``everything``."""
    told: dict[str, object] = {
        "run": str(found.id),
        "kind": found.kind,
        "job": found.job,
        "connection": found.connection,
        "stream": found.stream,
        "started": moment(found.started_at),
        "ended": moment(found.ended_at),
        "took": took(found),
        "state": state(found.status),
        "counts": counted(found),
        "calls": found.calls,
        "received": size(found.bytes) if found.bytes else "",
        "retries": found.retries or "",
        "waited": waited(found.waits),
        "error": found.error,
    }
    drawn: list[RenderableType] = [pairs({name: one for name, one in told.items() if one or name == "calls"})]
    if found.parts:
        drawn.append(_parts(found.parts))
    said = [line for line in found.log if everything or not found.parts or line.level != "info"]
    if said:
        drawn.append(_log(said, several=bool(found.parts)))
    return drawn


def _parts(parts: Sequence[RunView]) -> RenderableType:
    notes = ["error"] if any(each.error for each in parts) else []
    names = ("run", "kind", "connection", "stream", "took", "calls", "state", "counts", *notes)
    table = grid(*names, numbers=("run", "took", "calls"))
    for each in parts:
        named = (cell(str(each.id)), cell(each.kind), cell(each.connection), cell(each.stream), cell(took(each)))
        last = [cell(each.error)] if notes else []
        table.add_row(*named, cell(each.calls), state(each.status), cell(counted(each)), *last)
    return table


def _log(lines: Sequence[LogLine], *, several: bool) -> RenderableType:
    """The log; the number of the run with each line only where there are several."""
    table = grid("at", *(["run"] if several else []), "said", numbers=("run",), whole=("at",), title="log")
    for line in lines:
        number = [cell(str(line.run))] if several else []
        table.add_row(cell(moment(line.at)), *number, cell(said(line), LEVELS.get(line.level, "")))
    return table


def said(line: LogLine) -> str:
    """A line of the log with its fields behind it."""
    fields = ", ".join(f"{name} {value}" for name, value in line.fields.items())
    return f"{line.event}: {fields}" if fields else line.event


def took(found: RunView) -> str:
    """How long a run took; nothing while it goes on, or when it was cut off."""
    if not (found.started_at and found.ended_at):
        return ""
    seconds = (datetime.fromisoformat(found.ended_at) - datetime.fromisoformat(found.started_at)).total_seconds()
    return f"{seconds:,.1f} s"


def counted(found: RunView) -> str:
    """The counts of a run that are not zero."""
    return ", ".join(f"{name} {value}" for name, value in found.counts.items() if value)


def waited(waits: Mapping[str, float]) -> str:
    """The seconds that were waited, with their reasons, the longest first."""
    ordered = sorted(waits.items(), key=lambda one: -one[1])
    return ", ".join(f"{seconds:,.1f} s ({why})" for why, seconds in ordered)


def size(count: float) -> str:
    """So many bytes, in the unit that people would use."""
    for unit in UNITS:
        if count < 1000 or unit == UNITS[-1]:
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if unit == "B" or count >= 100 else f"{count:,.1f} {unit}"
