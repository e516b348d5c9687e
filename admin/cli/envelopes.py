"""Dead letters drawn for people: by their reasons, one whole, and tried with another rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from admin.cli.output import cell, grid, harmless, pairs, shorten
from admin.cli.tables import moment
from sync.replayed import LetterGroup, TryReport
from sync.reports import DeadLetterView

LONGEST_BODY = 4_000


def groups(found: Sequence[LetterGroup]) -> RenderableType:
    """One line for each reason, the most frequent first."""
    if not found:
        return Text("No dead letters.", style="green")
    table = grid("letters", "way", "from", "reason", "first", "last", "one of them", numbers=("letters", "one of them"))
    for each in found:
        table.add_row(
            cell(each.letters), cell(each.direction), cell(f"{each.connection}/{each.stream}"), cell(each.reason),
            cell(moment(each.first_at)[:16]), cell(moment(each.last_at)[:16]), cell(str(each.example)),
        )  # fmt: skip
    return table


def letter(found: DeadLetterView) -> list[RenderableType]:
    """One dead letter: what it failed at, and its body."""
    rows: dict[str, object] = {
        "letter": str(found.id),
        "way": found.direction,
        "from": f"{found.connection}/{found.stream}",
        "slice": found.slice,
        "record": found.remote_id,
        "reason": found.reason,
    }
    if found.failed is not None:
        rows |= {
            "rule": found.failed.rule,
            "field": found.failed.field,
            "expression": found.failed.expression,
            "gives": f"{found.failed.value_type}: {found.failed.value}" if found.failed.value_type else "",
        }
    rows |= {"times": found.times, "last": moment(found.last_at), "state": found.state}
    body = "\n".join(harmless(line) for line in found.body.splitlines())
    cut = [] if found.whole else [Text("The body kept here is cut; the record itself may be whole.", style="yellow")]
    return [pairs(rows), Text(shorten(body, LONGEST_BODY) if len(body) > LONGEST_BODY else body), *cut]


def tried(report: TryReport, replay: str) -> list[RenderableType]:
    """What the record would say, what that changes, and how to keep the rule."""
    if not report.ok:
        return [Text(f"It still fails: {harmless(report.reason)}", style="red"), Text("Nothing was stored.")]
    drawn: list[RenderableType] = []
    for each in report.entities:
        table = grid("field", "is now", "would be", title=harmless(f"{each.part} ({each.kind})"))
        for name, value in each.values.items():
            old = each.changes.get(name, (value, value))[0]
            table.add_row(cell(name), cell(shorten(old) if old is not None else None), cell(shorten(value)))
        for name, (old, new) in each.changes.items():
            if name not in each.values:
                table.add_row(cell(name), cell(shorten(old) if old is not None else None), cell(new))
        drawn.append(table)
    if not report.entities:
        drawn.append(Text("The rules see nothing in this record."))
    drawn.append(Text("Nothing was stored."))
    if report.rules:
        drawn.append(Text("To keep it, put into the configuration:"))
        drawn.append(Text(_block(report.connection, report.stream, report.rules), style="bold"))
    return [*drawn, Text("Then: ") + Text(replay, style="bold")]


def _block(connection: str, stream: str, rules: Mapping[str, Mapping[str, str]]) -> str:
    """The rules where they belong in ``concord.yaml``; single quotes are what YAML reads to the letter."""
    lines = ["connections:", f"  {connection}:", "    streams:", f"      {stream}:", "        fields:"]
    for rule, fields in rules.items():
        lines.append(f"          {rule}:")
        lines += [f"            {name}: '{text.replace(chr(39), chr(39) * 2)}'" for name, text in fields.items()]
    return "\n".join(harmless(line) for line in lines)
