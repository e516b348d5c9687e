"""Judgements drawn for people, and why records are one customer or are not."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from admin.cli.output import cell, grid, shorten
from admin.cli.reviews import waterfall
from admin.cli.tables import moment
from mapping.counts import many
from sync.judged import Branch, ExplainView, JudgementReport, JudgementView, LinkView, WhyNotView

SHOWN = 12
"""Lines of each table; the rest is counted, and stands in the JSON."""


def judged(report: JudgementReport, undo: str = "") -> list[RenderableType]:
    """What a judgement changed, or would change: customers, golden values, facts, records at destinations."""
    drawn: list[RenderableType] = []
    if not report.customers:
        drawn.append(Text("No customer changes by it: what was said holds already, or the records agree with it."))
    table = grid("customer", "name", "becomes", "records before", "records after", whole=("customer",))
    for each in report.customers[:SHOWN]:
        became = each.became if each.became in ("stays", "new", "retired") else f"→ {each.became}"
        table.add_row(cell(each.id), cell(each.name), cell(became), cell(each.before), cell(each.after))
    values = grid("customer", "field", "was", "becomes", whole=("customer",), title="Golden values")
    for value in report.values[:SHOWN]:
        values.add_row(cell(value.customer), cell(value.field), cell(value.old), cell(value.new))
    facts = grid("fact", "of", "becomes of", title="On timelines")
    for fact in report.facts[:SHOWN]:
        facts.add_row(cell(shorten(fact.line or fact.key)), cell(fact.before), cell(fact.after))
    remotes = grid("record", "of", "becomes of", "as", title="At destinations")
    for each_remote in report.remotes[:SHOWN]:
        where = f"{each_remote.connection}/{each_remote.object} {each_remote.remote_id}"
        remotes.add_row(cell(where), cell(each_remote.before), cell(each_remote.after), cell(each_remote.role))
    parts = ((table, report.customers), (values, report.values), (facts, report.facts), (remotes, report.remotes))
    for part, rows in parts:
        if rows:
            drawn.append(part)
        if len(rows) > SHOWN:
            drawn.append(Text(f"and {len(rows) - SHOWN:,} more (all of them with --json)", style="dim"))
    drawn.append(_last_line(report, undo))
    return drawn


def _last_line(report: JudgementReport, undo: str) -> Text:
    if report.dry_run:
        return Text("Nothing was kept.")
    if not report.judgement:
        return Text("There was nothing to keep.")
    if report.action == "take-back":
        return Text(f"Judgement {report.judgement} holds no longer. The next plan repairs the destinations.")
    told = f"Kept as judgement {report.judgement}. The next plan repairs the destinations."
    return Text(f"{told} To take it back: ") + Text(undo, style="bold")


def judgements(found: Sequence[JudgementView]) -> RenderableType:
    """One line a judgement."""
    if not found:
        return Text("Nobody has judged anything.")
    table = grid("no.", "when", "by", "said", "note", "state", numbers=("no.",), whole=("when",))
    for each in found:
        taken_back = f"taken back by {each.taken_back_by}, {moment(each.taken_back_at)[:16]}"
        state = taken_back if each.taken_back_at else "holds"
        table.add_row(
            cell(each.id), cell(moment(each.at)[:16]), cell(each.actor), cell(said(each)), cell(each.note), cell(state)
        )
    return table


def said(one: JudgementView) -> str:
    """The partition in words."""
    groups = [", ".join(group) for group in one.groups]
    return f"one customer: {groups[0]}" if len(groups) == 1 else "not one: " + " | ".join(groups)


def explained(view: ExplainView) -> list[RenderableType]:
    """The records as a tree, each below the record that it hangs on by its strongest link; then the other links."""
    head = cell(view.id, "bold") + Text(" ") + cell(view.name)
    drawn: list[RenderableType] = [head]
    if view.asked != view.id:
        drawn.append(Text("merged: ", style="yellow") + cell(view.asked) + Text(" is this customer now"))
    hanging: set[LinkView] = set()
    for branch in view.trees:
        drawn.append(_tree(branch, None, hanging))
    others = [link for link in view.links if link not in hanging]
    if others:
        drawn.append(Text(f"Besides, {many(len(others), 'weaker link')}:"))
        drawn += [cell(f"  {link.a} – {link.b}: {link.words}") for link in others]
    drawn += [Text("• ") + cell(sentence) for sentence in view.apart]
    for score in view.scores:
        drawn += [Text(), *waterfall(score)]
    return drawn


def _tree(branch: Branch, above: Tree | None, hanging: set[LinkView]) -> Tree:
    label = cell(branch.record)
    if branch.link is not None:
        hanging.add(branch.link)
        label = label + Text("  ") + cell(branch.link.words, "dim")
    tree = Tree(label) if above is None else above.add(label)
    for each in branch.branches:
        _tree(each, tree, hanging)
    return tree


def why_not(view: WhyNotView) -> list[RenderableType]:
    """The reasons, one a line."""
    head = cell(view.a, "bold") + Text(" and ") + cell(view.b, "bold")
    drawn: list[RenderableType] = [head + Text(" are one customer:" if view.one else " are two customers:")]
    drawn += [Text("• ") + cell(reason) for reason in view.reasons]
    return drawn if view.score is None else [*drawn, Text(), *waterfall(view.score)]
