"""Figures of identity drawn for people: how good it is, and where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from admin.cli import reviews
from admin.cli.output import cell, grid, pairs
from mapping.counts import many
from mapping.quality import Quality
from sync.figures import (
    EvaluationReport,
    FaultView,
    LabelsReport,
    MergeView,
    Part,
    RebuildReport,
    SplitView,
    WhatIfReport,
)


def evaluated(report: EvaluationReport) -> list[RenderableType]:
    """The figures, what of the file was not found, and examples of what is wrong."""
    told = report.quality
    head = Text(
        f"{many(report.records, 'record')} of {report.file}, which are {many(report.entities, 'customer')} there"
    )
    table = grid("", "precision", "recall", "F1", numbers=("precision", "recall", "F1"))
    _figures(table, report.quality, "")
    if report.trained is not None:
        _figures(table, report.trained, ", having learned")
    exact = Text(
        f"{many(told.clusters_found, 'customer')} for {told.clusters_true:,} true ones, "
        f"{told.clusters_exact:,} ({told.exact:.1%}) exactly right"
    )
    return [
        head, table, exact, *_left_out(report), *(labelled(report.labels) if report.labels else ()),
        *_faults("False merges", "customer ", report.false_merges, told.pairs_found - told.pairs_right),
        *_faults("Misses", "", report.misses, told.pairs_true - told.pairs_right),
    ]  # fmt: skip


def _figures(table: Table, told: Quality, when: str) -> None:
    for name, figures in (
        ("pairs of records", (told.precision, told.recall, told.f1)),
        ("B-cubed", (told.b3_precision, told.b3_recall, told.b3)),
    ):
        table.add_row(f"{name}{when}", *(Text(f"{one:.4f}") for one in figures))


def labelled(report: LabelsReport) -> list[RenderableType]:
    """How judged pairs are decided now, and what they teach."""
    told = report.pairs
    drawn: list[RenderableType] = [
        Text(
            f"{report.file}: {told.right:,} rightly joined, {told.apart:,} rightly apart, "
            f"{told.wrong:,} wrongly joined, {told.missed:,} missed"
        ),
        Text(f"precision {told.precision:.4f}, recall {told.recall:.4f}, F1 {told.f1:.4f} of the labelled pairs"),
    ]
    if report.missing:
        drawn.append(Text(f"{many(report.missing, 'pair')} of the file not both here", style="yellow"))
    if report.lesson is None:
        return [*drawn, Text("Nothing was learned: ", style="yellow") + cell(report.why_not)]
    return drawn + reviews.trained(report.lesson)


def _left_out(report: EvaluationReport) -> Iterator[Text]:
    for count, what, sample in (
        (report.missing, "of the file that is not here", report.missing_sample),
        (report.unclear, "of the file that could be several here (fill in slice and part)", report.unclear_sample),
        (report.nobodys, "that belongs to no customer, and counts by itself", ()),
        (report.unlisted, "here that the file does not name", ()),
        (report.taught, "with labels, whose customers are not measured", ()),
    ):
        if count:
            more = f" and {count - len(sample):,} more" if count > len(sample) else ""
            named = f": {', '.join(sample)}{more}" if sample else ""
            yield Text(f"{many(count, 'record')} {what}", style="yellow") + cell(named)
    if report.waiting:
        yield Text(f"{many(report.waiting, 'record')} still to be resolved: run concord sync first", style="yellow")


def _faults(title: str, what: str, faults: Sequence[FaultView], wrong: int) -> Iterator[RenderableType]:
    if not faults:
        return
    yield Text(f"\n{title}: {many(wrong, 'pair')} of records; the worst first", style="bold")
    for fault in faults:
        tree = Tree(Text(what) + cell(fault.of, "bold") + Text(f"  {many(fault.pairs, 'pair')}"))
        for part in fault.parts:
            tree.add(_part(part))
        yield _because(tree, fault.why)


def _part(part: Part) -> Text:
    names = f"  ({', '.join(part.names)})" if part.names else ""
    return cell(part.of, "bold") + Text(": ") + _some(part.records, part.size) + cell(names, "dim")


def tried(report: WhatIfReport) -> list[RenderableType]:
    """What would be different, with samples."""
    differs = ", ".join(report.differs) or "nothing that decides who is who"
    drawn: list[RenderableType] = [Text(f"{report.file} differs in ") + cell(differs)]
    if report.ignored:
        drawn.append(Text("Not looked at here: ", style="yellow") + cell(", ".join(report.ignored)))
    if report.waiting:
        drawn.append(Text(f"{many(report.waiting, 'record')} were still to be resolved, and are here", style="yellow"))
    drawn.append(
        pairs(
            {
                "records": report.records,
                "customers now": report.before,
                "customers then": report.after,
                "would come together with others": report.merged,
                "would come apart": report.split,
                "records with another customer": report.moved,
            }
        )
    )
    if report.merges:
        drawn.append(Text("\nMerges, the largest first", style="bold"))
        drawn += [_merge(one) for one in report.merges]
    if report.splits:
        drawn.append(Text("\nSplits, the largest first", style="bold"))
        drawn += [_split(one) for one in report.splits]
    return [*drawn, Text(f"Nothing was changed ({report.seconds:.1f} s).")]


def _merge(one: MergeView) -> Tree:
    tree = Tree(Text(many(one.customers, "customer")))
    for side in one.sides:
        tree.add(cell(side.id, "bold") + Text(" ") + cell(side.name) + Text(": ") + _some(side.records, side.size))
    return _because(tree, one.why)


def _split(one: SplitView) -> Tree:
    tree = Tree(cell(one.id, "bold") + Text(" ") + cell(one.name) + Text(f", {many(one.size, 'record')}"))
    for part in one.parts:
        tree.add(cell(", ".join(part)))
    return _because(tree, one.why)


def _because(tree: Tree, why: Sequence[str]) -> Tree:
    for sentence in why:
        tree.add(cell(sentence, "dim"))
    return tree


def _some(records: Sequence[str], size: int) -> Text:
    more = f" and {size - len(records):,} more" if size > len(records) else ""
    return cell(", ".join(records) + more)


def rebuilt(report: RebuildReport) -> Text:
    """What a rebuild changed, or would change."""
    if not report.dry_run:
        return Text(
            f"{many(report.customers, 'customer')}; {report.merged:,} were merged, {report.split:,} were split."
        )
    return Text(
        f"There would be {many(report.customers, 'customer')}: {report.merged:,} made of several, "
        f"{report.split:,} of before split, {many(report.moved, 'record')} elsewhere. Nothing was changed."
    )
