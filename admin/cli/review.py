"""The commands by which people answer whether two customers are one: the review."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli import reviews, verdicts
from admin.cli.engine import Limit
from admin.cli.judge import DryRun, Note, who
from admin.cli.session import Session, current
from mapping.errors import ConfigError, GoneError
from sync.reviewed import ReviewView

if TYPE_CHECKING:
    from sync.hub import Hub

Which = Annotated[
    list[str], typer.Argument(help="The code of a pair, or the ids of both customers.", metavar="CODE|ID ID")
]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="For how long.", metavar="DAYS")]
FETCHED = 50
"""How many pairs are looked up at once by who answers one after another."""
ANSWERS = "y: one customer, n: two, l: ask later, s: skip, q: stop"


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    group = typer.Typer(invoke_without_command=True, help="Customers that may be one: look, and answer.")
    group.callback()(review)
    for name, command in (
        ("list", list_pairs),
        ("next", answer_next),
        ("show", show),
        ("accept", accept),
        ("reject", reject),
        ("later", later),
    ):
        group.command(name)(command)
    app.add_typer(group, name="review")


def review(ctx: typer.Context, limit: Limit = 20) -> None:
    """Customers that may be one."""
    if ctx.invoked_subcommand is None:
        list_pairs(ctx, limit)


def list_pairs(ctx: typer.Context, limit: Limit = 20) -> None:
    """The pairs of customers that may be one, those first whose answer would change the most."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.identity.review(limit)
    session.answer(report, *reviews.listed(report, session.command("review", "show", "CODE")))


def show(ctx: typer.Context, which: Which) -> None:
    """Two customers side by side, and why they may be one."""
    session = current(ctx)
    with session.hub() as hub:
        view = hub.identity.show(_two(which))
    session.answer(view, *reviews.shown(view))


def accept(ctx: typer.Context, which: Which, note: Note = "", dry_run: DryRun = False) -> None:
    """Say that the two are one; it is remembered."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.identity.accept(_two(which), note=note, actor=who(), dry_run=dry_run)
    session.answer(report, *verdicts.judged(report, session.command("judgements", "take-back", str(report.judgement))))


def reject(ctx: typer.Context, which: Which, note: Note = "", dry_run: DryRun = False) -> None:
    """Say that the two are not one; it is remembered."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.identity.reject(_two(which), note=note, actor=who(), dry_run=dry_run)
    session.answer(report, *verdicts.judged(report, session.command("judgements", "take-back", str(report.judgement))))


def later(ctx: typer.Context, which: Which, days: Days = 30) -> None:
    """Ask about the two again after some days."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.identity.later(_two(which), days=days, actor=who())
    session.answer(report, reviews.put_off(report))


def answer_next(ctx: typer.Context, days: Days = 30) -> None:
    """Answer one after another, in a terminal."""
    session = current(ctx)
    if not session.interactive or session.json:
        raise ConfigError("review next asks a person in a terminal; review list answers a machine.")
    with session.hub() as hub:
        given = _ask(session, hub, days)
    session.say(reviews.counted(given))


def _two(which: list[str]) -> tuple[str, ...]:
    if len(which) > 2:
        raise ConfigError("Name a pair by its code, or by the ids of its two customers.")
    return tuple(which)


def _ask(session: Session, hub: Hub, days: int) -> dict[str, int]:
    """Asks until nothing is left, or until the person stops; returns how often which answer was given."""
    given = {"y": 0, "n": 0, "l": 0, "s": 0}
    seen: set[str] = set()
    waiting: deque[str] = deque()
    while True:
        if not waiting:
            waiting.extend(one.code for one in hub.identity.review(FETCHED + len(seen)).items if one.code not in seen)
            if not waiting:
                session.say("Nothing is left to answer.")
                return given
        code = waiting.popleft()
        seen.add(code)
        try:
            view = hub.identity.show((code,))
        except GoneError:
            continue  # an answer before has settled it
        answer = _answered(session, view)
        if answer == "q":
            return given
        pair = (view.item.one.id, view.item.other.id)
        if answer == "y":
            hub.identity.accept(pair, actor=who())
        elif answer == "n":
            hub.identity.reject(pair, actor=who())
        elif answer == "l":
            hub.identity.later(pair, days=days, actor=who())
        given[answer] += 1


def _answered(session: Session, view: ReviewView) -> str:
    for drawn in reviews.shown(view):
        session.err.print(drawn)
    while True:
        said = typer.prompt(f"Are these one customer? ({ANSWERS})", err=True, default="s", show_default=False)
        word = str(said).strip().casefold()[:1]
        if word in ("y", "n", "l", "s", "q"):
            return word
        session.say(ANSWERS)
