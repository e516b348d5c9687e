"""The commands that look into the hub: customers and dead letters."""

from __future__ import annotations

from typing import Annotated

import typer

from admin.cli import people, tables, verdicts
from admin.cli.edge import FAILED
from admin.cli.engine import Limit
from admin.cli.session import current

Customer = Annotated[str, typer.Argument(help="The customer's id.", metavar="ID")]
Connection = Annotated[str, typer.Option("--connection", help="Only of this connection.", metavar="NAME")]


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    customers = typer.Typer(no_args_is_help=True, help="Who the customers are, and how we know.")
    for name, command in (
        ("find", find),
        ("show", show),
        ("timeline", timeline),
        ("explain", explain),
        ("why-not", why_not),
    ):
        customers.command(name)(command)
    app.add_typer(customers, name="customers")
    letters = typer.Typer(invoke_without_command=True, help="Records that could not be taken or written.")
    letters.callback()(dead_letters)
    for name, each in (("list", list_letters), ("show", show_letter), ("replay", replay)):
        letters.command(name)(each)
    app.add_typer(letters, name="dead-letters")


def find(
    ctx: typer.Context,
    query: Annotated[
        str, typer.Argument(help="A name, email, phone or id; nothing lists them all.", metavar="[QUERY]")
    ] = "",
    limit: Limit = 20,
) -> None:
    """Find customers by name, email, phone or id."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.find_customers(query, limit)
    session.answer(found, people.found(found))


def show(ctx: typer.Context, customer_id: Customer) -> None:
    """One customer: every value and where it came from, every record behind it."""
    session = current(ctx)
    with session.hub() as hub:
        view = hub.customer(customer_id)
    session.answer(view, *people.customer(view))


def timeline(ctx: typer.Context, customer_id: Customer, limit: Limit = 50) -> None:
    """What happened with one customer, newest first."""
    session = current(ctx)
    with session.hub() as hub:
        items = hub.timeline(customer_id, limit)
    session.answer(items, people.timeline(items))


def explain(ctx: typer.Context, customer_id: Customer) -> None:
    """Why the records of one customer are one: every link, from the strongest to the weakest."""
    session = current(ctx)
    with session.hub() as hub:
        view = hub.explain(customer_id)
    session.answer(view, *verdicts.explained(view))


def why_not(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(help="One customer's id.", metavar="ID")],
    second: Annotated[str, typer.Argument(help="The other's.", metavar="OTHER")],
) -> None:
    """Why two customers are not one."""
    session = current(ctx)
    with session.hub() as hub:
        view = hub.why_not(first, second)
    session.answer(view, *verdicts.why_not(view))


def dead_letters(ctx: typer.Context, connection: Connection = "", limit: Limit = 50) -> None:
    """Records that could not be taken or written."""
    if ctx.invoked_subcommand is None:
        list_letters(ctx, connection, limit)


def list_letters(ctx: typer.Context, connection: Connection = "", limit: Limit = 50) -> None:
    """The dead letters, newest first."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.dead_letters(connection, limit)
    session.answer(found, tables.dead_letters(found))


def show_letter(ctx: typer.Context, number: Annotated[int, typer.Argument(metavar="LETTER", min=1)]) -> None:
    """One dead letter with the record as it came."""
    session = current(ctx)
    with session.hub() as hub:
        found = hub.dead_letter(number)
    session.answer(found, *tables.dead_letter(found))


def replay(
    ctx: typer.Context,
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Letters; all of them when none is named.", metavar="LETTER")
    ] = None,
) -> None:
    """Try dead letters again, after the reason was mended; one that could not be written is planned again."""
    session = current(ctx)
    with session.hub() as hub:
        report = hub.replay_dead_letters(tuple(numbers or ()))
    session.answer(report, *tables.replayed(report, named=bool(numbers)))
    if not report.ok or any(each.dead for each in report.streams):
        raise typer.Exit(FAILED)
