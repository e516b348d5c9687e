"""A plan drawn for people: what it would do to each target, samples of it, and the command that applies it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from admin.cli.output import cell, grid, harmless, shorten
from admin.cli.tables import moment
from mapping.counts import many
from sync.reports import PlannedChange, PlanReport, TargetPlan

SAMPLES = 3
ALWAYS = ("create", "update", "unchanged")
COUNTS = ("create", "update", "adopt", "associate", "unchanged", "duplicates", "skipped", "calls")
VALUE_WIDTH = 60
WHY_WIDTH = 50


def plan(
    report: PlanReport, apply_command: str, show_command: str, *, everything: bool = False
) -> list[RenderableType]:
    """Counts, samples of each target (or all of its changes), warnings, and how to go on."""
    if not report.targets:
        return [Text("Nothing to plan: no connection has a push: part, which says what is written.", style="yellow")]
    drawn: list[RenderableType] = [targets(report.targets)]
    for name, changes in by_target(report.changes).items():
        shown = changes if everything else varied(changes)
        some = f"{len(shown)} of " if len(shown) < len(changes) else ""
        title = f"{name}: {some}{many(len(changes), 'change')}"
        drawn += [Text(""), Text(harmless(title), style="bold")]
        drawn += [change(each) for each in shown]
    drawn += warnings(report)
    if report.empty:
        drawn.append(Text("Nothing to do: every destination holds what it should.", style="green"))
    else:
        drawn += [
            Text(""),
            Text("Plan ") + Text(report.hash, style="bold") + Text(f", good until {moment(report.expires_at)} UTC."),
        ]
        drawn.append(Text("Apply it with: ") + Text(apply_command, style="bold"))
        if not everything and len(report.changes) > SAMPLES:
            drawn.append(Text(f"See every change with: {show_command}", style="dim"))
    return drawn


def warnings(report: PlanReport) -> list[RenderableType]:
    """What a person should know before applying, each thing once."""
    return [Text(f"! {harmless(warning)}", style="yellow") for warning in dict.fromkeys(report.warnings)]


def targets(found: Sequence[TargetPlan]) -> Table:
    """One line for each object at a destination, whose parts (orders and leads, both as notes) are added up."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for each in found:
        sums[f"{each.connection}/{each.object}"].update({name: getattr(each, name) for name in COUNTS})
    columns = [name for name in COUNTS if name in ALWAYS or any(counts[name] for counts in sums.values())]
    table = grid("target", *columns, numbers=COUNTS)
    for name, counts in sums.items():
        table.add_row(cell(name), *(cell(counts[each]) for each in columns))
    return table


def by_target(changes: Sequence[PlannedChange]) -> dict[str, list[PlannedChange]]:
    """The changes of each ``connection/object``, in the plan's order."""
    found: dict[str, list[PlannedChange]] = defaultdict(list)
    for each in changes:
        found[f"{each.connection}/{each.object}"].append(each)
    return found


def varied(changes: Sequence[PlannedChange], count: int = SAMPLES) -> list[PlannedChange]:
    """Some of the changes, one of each action before a second of any."""
    seen: dict[str, int] = defaultdict(int)
    ranked = []
    for place, each in enumerate(changes):
        ranked.append((seen[each.action], place, each))
        seen[each.action] += 1
    return [each for *_, each in sorted(ranked, key=lambda entry: entry[:2])[:count]]


def change(found: PlannedChange) -> RenderableType:
    """One change, field by field: old → new, and why."""
    head = Text("  ") + cell(found.action, "bold") + Text(" ") + cell(found.title or found.subject_key)
    if found.remote_id:
        head.append(f"  ({harmless(found.remote_id)})", style="dim")
    lines = [head]
    for each in found.fields:
        line = Text(f"      {harmless(each.field)}: ")
        if each.old not in (None, ""):
            line.append(harmless(shorten(each.old, VALUE_WIDTH)), style="red").append(" → ")
        new = "(emptied)" if each.new in (None, "") else harmless(shorten(each.new, VALUE_WIDTH))
        line.append(new, style="green")
        if each.why:
            line.append(f"   {harmless(shorten(each.why, WHY_WIDTH))}", style="dim")
        lines.append(line)
    for role, references in found.refs.items():
        named = [found.words[each] for each in references if each in found.words]
        lead = f"      {harmless(role)} record: " if named else f"      {harmless(role)}: "
        lines.append(Text(lead) + cell(shorten(", ".join(named) if named else references, VALUE_WIDTH)))
    return Text("\n").join(lines)
