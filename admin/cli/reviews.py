"""Reviews drawn for people: pairs of customers, two records side by side, and a score as a waterfall in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from admin.cli.output import cell, grid, shorten
from admin.cli.tables import moment
from mapping.counts import many
from sync.reviewed import LaterReport, ModelView, PartView, ReviewReport, ReviewSide, ReviewView, ScoreView, TrainReport

BAR = 8
"""Characters of the longest bar on either side."""
NAMED = 3
"""How many of the parts are named that are told together."""
SMALL = 0.1
"""Log-odds below which parts are told together."""


def listed(report: ReviewReport, how: str) -> list[RenderableType]:
    """One line a pair, the most valuable answer first."""
    later = Text(f"{many(report.later, 'pair')} put off for now", style="dim") if report.later else None
    if not report.open:
        return [Text("Nothing is left to answer."), *([later] if later else [])]
    table = grid(
        "code", "alike", "one", "other", "records", "orders", "why not by machine", numbers=("alike",), whole=("code",)
    )
    for each in report.items:
        sides = (each.one, each.other)
        table.add_row(
            cell(each.code, "bold"), cell(percent(each.probability)), _who(each.one), _who(each.other),
            cell(" + ".join(str(side.records) for side in sides)),
            cell(" + ".join(str(side.orders) for side in sides) if any(side.orders for side in sides) else ""),
            cell(each.against),
        )  # fmt: skip
    more = report.open - len(report.items)
    last = Text(f"and {more:,} more. ", style="dim") if more else Text()
    return [table, last + Text("Look at one with: ") + Text(how, style="bold"), *([later] if later else [])]


def _who(side: ReviewSide) -> Text:
    return cell(side.name) + Text(" ") + cell(side.id, "dim")


def percent(share: float) -> str:
    """A probability for people; never rounded to certainty."""
    return f"{min(max(share * 100, 0.1), 99.9):.1f} %"


def shown(view: ReviewView) -> list[RenderableType]:
    """Both customers, their two most alike records side by side, and the score."""
    item = view.item
    head = grid("", "customer", "records", "orders", "value", "most alike record", numbers=("records", "orders"))
    for word, side in (("one", item.one), ("other", item.other)):
        head.add_row(word, _who(side), cell(side.records), cell(side.orders or ""), cell(side.value), cell(side.record))
    beside = grid("field", "one", "other", "")
    for each in view.fields:
        mark = Text("=", style="green") if each.same else Text()
        beside.add_row(cell(each.field, "dim"), _value(each.one), _value(each.other), mark)
    drawn: list[RenderableType] = [cell(item.code, "bold") + Text(f"  {percent(item.probability)} alike"), head, beside]
    return drawn + (waterfall(view.score) if view.score is not None else [])


def _value(value: object) -> Text:
    return Text() if value is None else cell(shorten(value))


def waterfall(score: ScoreView) -> list[RenderableType]:
    """The parts of a score with their weights as bars, the sum, the probability, and what stands against it."""
    shown = [part for part in score.parts if part.known and abs(part.weight) >= SMALL]
    small = [part for part in score.parts if part.known and abs(part.weight) < SMALL]
    unknown = [part for part in score.parts if not part.known]
    if small:
        shown.append(PartView(_names(small), "weigh little", sum(part.weight for part in small)))
    if unknown:
        shown.append(PartView(_names(unknown), "nothing to compare", sum(part.weight for part in unknown)))
    longest = max((abs(part.weight) for part in shown), default=1.0)
    table = grid("", "says", "weight", "against | for", numbers=("weight",), whole=("against | for",))
    for part in shown:
        table.add_row(cell(part.feature), cell(part.says), Text(f"{part.weight:+.2f}"), bar(part.weight, longest))
    table.add_row("sum", cell(f"{percent(score.probability)} by {score.model}"), Text(f"{score.log_odds:+.2f}"), Text())
    stands = f"{score.a} and {score.b}, in log-odds"
    drawn: list[RenderableType] = [cell(stands, "dim"), table]
    if score.against:
        drawn.append(Text("Not joined by machine: ", style="yellow") + cell(score.against))
    return drawn


def _names(parts: Sequence[PartView]) -> str:
    more = f" and {len(parts) - NAMED} more" if len(parts) > NAMED else ""
    return ", ".join(part.feature for part in parts[:NAMED]) + more


def bar(weight: float, longest: float) -> Text:
    """A bar to the right for what speaks for it, to the left for what speaks against it."""
    size = min(BAR, round(abs(weight) / longest * BAR)) if longest else 0
    if weight < 0:
        return Text(" " * (BAR - size)) + Text("█" * size, style="red") + Text("|")
    return Text(" " * BAR + "|") + Text("█" * size, style="green")


def put_off(report: LaterReport) -> Text:
    """Until when."""
    return Text("Asked again after ") + cell(moment(report.until)[:10]) + Text(".")


def counted(given: Mapping[str, int]) -> str:
    """How many answers were given."""
    words = {"y": "one customer", "n": "two customers", "l": "put off", "s": "skipped"}
    told = [f"{count:,} {words[key]}" for key, count in given.items() if count]
    return f"Answered: {', '.join(told)}." if told else "Nothing was answered."


def trained(report: TrainReport) -> list[RenderableType]:
    """What answers taught."""
    answers = report.answers
    of = f" of {many(answers.judgements, 'judgement')}" if answers.judgements else ""
    lines = [
        f"{many(answers.same + answers.different, 'pair')}{of}: {answers.same:,} one, {answers.different:,} two",
        f"held out, log loss {report.before:.4f} → {report.after:.4f}, "
        f"wrong at even odds {report.wrong_before:,} → {report.wrong_after:,}",
    ]
    drawn: list[RenderableType] = [Text(line) for line in lines]
    if report.moved:
        table = grid("feature", "level", "was", "becomes", numbers=("was", "becomes"), title="What moved most")
        for each in report.moved:
            old, new = (Text(f"{float(str(each[name])):+.2f}") for name in ("before", "after"))
            table.add_row(cell(each["feature"]), cell(each["says"]), old, new)
        drawn.append(table)
    if report.kept:
        drawn.append(Text("Records are scored by ") + cell(report.kept, "bold") + Text(" from now on."))
    else:
        drawn.append(Text("Not kept: ", style="yellow") + cell(report.why_not) + Text("."))
    return drawn


def models(found: Sequence[ModelView]) -> RenderableType:
    """One line a model."""
    table = grid("model", "for", "learned from", "in force since", "", whole=("model",))
    for each in found:
        used = Text("in use", style="green") if each.used else Text()
        table.add_row(
            cell(each.version),
            cell(each.kind),
            cell(each.trained_on),
            cell(moment(each.at)[:16] if each.at else ""),
            used,
        )
    return table
