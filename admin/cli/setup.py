"""The commands that set a hub up: init, doctor, config, secrets, rebind, rename."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.text import Text

from admin.cli import doors
from admin.cli.doctor import Finding, examine
from admin.cli.edge import FAILED
from admin.cli.output import cell, grid, harmless, pairs, printed_json, state
from admin.cli.session import current, unknown
from mapping.counts import many
from mapping.errors import ConfigError

Name = Annotated[str, typer.Argument(metavar="NAME")]


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    app.command()(init)
    app.command()(doctor)
    config = typer.Typer(no_args_is_help=True, help="The configuration.")
    config.command("check")(check_config)
    config.command("schema")(schema)
    app.add_typer(config, name="config")
    secrets = typer.Typer(no_args_is_help=True, help="Tokens and passwords, kept encrypted.")
    # A value on the command line is caught by the command itself, since the usual complaint would print it.
    secrets.command("set", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(set_secret)
    secrets.command("list")(list_secrets)
    secrets.command("remove")(remove_secret)
    app.add_typer(secrets, name="secrets")
    app.command()(rebind)
    app.command()(rename)


def init(ctx: typer.Context) -> None:
    """Write a commented concord.yaml to start from; an existing file is left alone."""
    session = current(ctx)
    try:
        with session.config.open("x", encoding="utf-8") as file:
            file.write(doors.starter())
    except FileExistsError:
        raise ConfigError(f"{session.config} is already there; it is left as it is") from None
    except FileNotFoundError:
        raise ConfigError(f"the folder {session.config.parent} is not there; make it first") from None
    lines = f"Wrote {session.config}. Edit it, then run: {session.command('config', 'check')}"
    session.answer({"written": str(session.config)}, Text(lines))


def doctor(ctx: typer.Context) -> None:
    """Look at this machine and installation; each thing that is wrong comes with its remedy."""
    session = current(ctx)
    findings = examine(session.config)
    table = grid("what", "state", "found", "remedy")
    for each in findings:
        table.add_row(cell(each.what), state("ok" if each.ok else "failed"), cell(each.found), cell(each.remedy))
    session.answer(findings, table, verdict(findings))
    if not all(each.ok for each in findings):
        raise typer.Exit(FAILED)


def verdict(findings: list[Finding]) -> Text:
    """One line on the whole."""
    wrong = sum(not each.ok for each in findings)
    return Text(f"{wrong} of {len(findings)} need attention." if wrong else "All is well.", "red" if wrong else "green")


def check_config(
    ctx: typer.Context,
    without_secrets: Annotated[
        bool, typer.Option("--without-secrets", help="Take secrets as given, for a check on another machine.")
    ] = False,
) -> None:
    """Read the configuration and name everything that is wrong with it."""
    session = current(ctx)
    settings = doors.check_config(session.config, with_secrets=not without_secrets)
    rows = {name: connection.connector for name, connection in settings.connections.items()}
    session.answer(
        {"valid": True, "hub": settings.hub.name, "connections": rows, "warnings": settings.warnings},
        *[Text(f"! {harmless(str(warning))}", style="yellow") for warning in settings.warnings],
        Text(f"{session.config} is valid: {many(len(rows), 'connection')}.", style="green"),
        pairs(dict(rows)),
    )


def schema() -> None:
    """Print the JSON Schema of the configuration, from which editors complete."""
    printed_json(doors.json_schema())


def set_secret(ctx: typer.Context, name: Name) -> None:
    """Keep a secret. Its value is asked for without echo, or read from stdin when that is a pipe."""
    session = current(ctx)
    if ctx.args:
        raise ConfigError(
            "the value is never taken from the command line, where the shell's history and other users see it: "
            f"run {session.command('secrets', 'set', 'NAME')} and type or pipe it; then replace the value just shown"
        )
    if session.interactive:
        value = typer.prompt(f"Value of {name}", hide_input=True, err=True)
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise ConfigError("the value is empty; nothing was kept")
    doors.open_vault(session.config).set(name, value)
    session.answer({"set": name}, Text(f"Kept {name}. Refer to it in the configuration as: !secret {name}"))


def list_secrets(ctx: typer.Context) -> None:
    """The names of the secrets, never their values."""
    session = current(ctx)
    names = list(doors.open_vault(session.config).names())
    session.answer(names, *([cell(name) for name in names] or [Text("No secret is kept.")]))


def remove_secret(ctx: typer.Context, name: Name) -> None:
    """Forget a secret."""
    session = current(ctx)
    vault = doors.open_vault(session.config)
    names = list(vault.names())
    if name not in names:
        raise ConfigError(unknown("secret", name, names))
    vault.remove(name)
    session.answer({"removed": name}, Text(f"Forgot {name}."))


def rebind(ctx: typer.Context, name: Name) -> None:
    """Let a connection belong to the account its login reaches now."""
    session = current(ctx)
    with session.hub() as hub:
        account = hub.rebind(name)
    shown = f"{account.name} ({account.id})" if account.name else account.id
    session.answer(account, Text(f"{name} is now bound to {harmless(shown)}."))


def rename(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD")],
    new: Annotated[str, typer.Argument(metavar="NEW")],
) -> None:
    """Give a connection another name, here and in the configuration; everything known of it stays."""
    session = current(ctx)
    edit = doors.edit_config(session.config)
    edit.rename_connection(old, new)
    with session.hub() as hub:
        if any(each.name == old and each.state != "new" for each in hub.status().connections):
            hub.rename(old, new)
    edit.save()
    session.answer({"old": old, "new": new}, Text(f"{old} is now called {new}."))
