"""The commands that measure who is who, and change how it is decided."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from admin.cli import measures, reviews
from admin.cli.edge import FAILED
from admin.cli.judge import DryRun
from admin.cli.session import current
from mapping.errors import ConfigError


class Profiles(StrEnum):
    """What can be matched."""

    PERSON = "person"
    ORGANIZATION = "organization"


OfKind = Annotated[Profiles, typer.Option("--kind", help="Whose model learns.")]

Examples = Annotated[int, typer.Option("--limit", "-n", min=0, help="How many examples of each mistake.")]
ShowValues = Annotated[
    bool, typer.Option("--show-values", help="Show names and the values that link; left out otherwise.")
]


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    group = typer.Typer(no_args_is_help=True, help="Whether who is who is right, and what would change it.")
    for name, command in (
        ("evaluate", evaluate),
        ("what-if", what_if),
        ("rebuild", rebuild),
        ("train", train),
        ("models", models),
        ("use", use),
    ):
        group.command(name)(command)
    app.add_typer(group, name="identity")


def evaluate(
    ctx: typer.Context,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="A CSV file that says whose each record is.", metavar="FILE")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="A CSV file of pairs, same or different, to learn from first.", metavar="FILE"),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Score by what was learned from now on.")] = False,
    kind: OfKind = Profiles.PERSON,
    limit: Examples = 10,
    show_values: ShowValues = False,
    at_least: Annotated[
        float, typer.Option("--at-least", min=0, max=1, help="Fail where the pairwise F1 is below this.", metavar="F1")
    ] = 0.0,
) -> None:
    """Measure the customers against files that say who is who."""
    session = current(ctx)
    if truth is None and labels is None:
        raise ConfigError("Name a file: --truth FILE, --labels FILE, or both.")
    if keep and labels is None:
        raise ConfigError("--keep keeps what was learned from --labels FILE.")
    with session.hub() as hub:
        if truth is None:
            assert labels is not None
            told = hub.identity.labelled(labels, kind=kind.value, keep=keep)
            session.answer(told, *measures.labelled(told))
            f1 = told.pairs.f1
        else:
            report = hub.identity.evaluate(
                truth, labels, kind=kind.value, keep=keep, limit=limit, show_values=show_values
            )
            session.answer(report, *measures.evaluated(report))
            f1 = (report.trained or report.quality).f1
    if f1 < at_least:
        session.say(f"The pairwise F1 is {f1:.4f}, below {at_least}.", "red")
        raise typer.Exit(FAILED)


def what_if(
    ctx: typer.Context,
    against: Annotated[
        Path,
        typer.Option(
            "--against", envvar="CONCORD_CONFIG", help="The configuration in force, whose hub it is.", metavar="PATH"
        ),
    ] = Path("concord.yaml"),
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="How many samples of merges, and of splits.")] = 5,
) -> None:
    """Show how many customers the configuration given by --config would split and merge; nothing changes."""
    session = current(ctx)
    with replace(session, config=against).hub() as hub:
        report = hub.identity.what_if(session.config, limit=limit)
    session.answer(report, *measures.tried(report))


def rebuild(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decide in a copy, and say what would be different.")
    ] = False,
) -> None:
    """Compare, score and decide everything anew, with values counted anew. What people said stays."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.identity.rebuild(dry_run=dry_run)
    session.answer(report, measures.rebuilt(report))


def train(ctx: typer.Context, kind: OfKind = Profiles.PERSON, dry_run: DryRun = False) -> None:
    """Learn from what people said of who is who, and score by it where that got better."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.identity.train(kind.value, dry_run=dry_run)
    session.answer(report, *reviews.trained(report))
    if not report.kept and not dry_run:
        raise typer.Exit(FAILED)


def models(ctx: typer.Context) -> None:
    """The models by which records can be scored, and which of them are in use."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.identity.models()
    session.answer(found, reviews.models(found))


def use(
    ctx: typer.Context, version: Annotated[str, typer.Argument(help="A model, as models lists it.", metavar="MODEL")]
) -> None:
    """Score records by another model, and decide anew by it."""
    session = current(ctx)
    with session.hub() as hub:
        view = hub.identity.use(version)
    session.answer(view, reviews.models([view]))
