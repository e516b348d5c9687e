"""The commands that look into the hub: customers, and how we know them."""

from __future__ import annotations

from typing import Annotated

import typer

from admin.cli import people, verdicts
from admin.cli.engine import Limit
from admin.cli.session import current

Customer = Annotated[str, typer.Argument(help="The customer's id.", metavar="ID")]


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
