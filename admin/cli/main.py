"""The command ``concord``: global options, and the list of all commands."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from admin.cli import (
    alerting,
    connector,
    database,
    demonstrate,
    engine,
    fields,
    identity,
    judge,
    letters,
    look,
    past,
    replays,
    review,
    serving,
    setup,
)
from admin.cli.edge import Edge, harmless_streams, insistent, terminable
from admin.cli.redaction import configure_logging
from admin.cli.session import Session

DISTRIBUTION = "concord-hub"

app = typer.Typer(
    name="concord",
    cls=Edge,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="--config, --json, --verbose and --json-logs may stand anywhere on the line. "
    "Exit codes: 0 ok, 1 failed, 2 bad usage or configuration, 130 and 143 stopped.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"concord {installed_version()}")
        raise typer.Exit


def installed_version() -> str:
    """The version of the installed distribution, or a word for a source tree that is not installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "from source"


@app.callback()
def global_options(
    ctx: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="CONCORD_CONFIG", help="The configuration.", metavar="PATH")
    ] = Path("concord.yaml"),
    json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document on stdout.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log more, and show tracebacks.")] = False,
    json_logs: Annotated[
        bool, typer.Option("--json-logs", help="Log in JSON lines (also: CONCORD_JSON_LOGS=1).")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Concord keeps one true customer across the tools a company already uses."""
    configure_logging(verbose=verbose, as_json=json_logs)
    ctx.obj = Session.begin(config, json=json, verbose=verbose)


setup.register(app)
engine.register(app)
past.register(app)
serving.register(app)
alerting.register(app)
look.register(app)
letters.register(app)
replays.register(app)
fields.register(app)
judge.register(app)
review.register(app)
identity.register(app)
demonstrate.register(app)
connector.register(app)
database.register(app)


def main() -> None:
    """Runs the command of this process and ends it with its exit code."""
    harmless_streams()
    terminable()
    insistent()
    app()
