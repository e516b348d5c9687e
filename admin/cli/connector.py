"""The commands for those who write connectors: connector new."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from admin.cli import doors
from admin.cli.output import harmless, pairs
from admin.cli.session import current
from mapping.errors import ConfigError


def register(app: typer.Typer) -> None:
    """Adds these commands to the app."""
    group = typer.Typer(no_args_is_help=True, help="Connectors of your own.")
    group.command("new")(new)
    app.add_typer(group, name="connector")


def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The vendor's word in concord.yaml, such as sundial.", metavar="NAME")],
    folder: Annotated[
        Path, typer.Option("--folder", help="Where the new folder is made; the current one unless said.", metavar="DIR")
    ] = Path(),
) -> None:
    """Write a two-way connector that works, to an invented vendor, with stand-in and tests: to change into yours."""
    session = current(ctx)
    skeleton = doors.skeleton(name)
    if name in doors.vendors():
        raise ConfigError(f"there is a connector {name!r} already; two cannot share a name")
    place = folder / skeleton.distribution
    _write(place, skeleton.files)
    steps = {
        "install": f"pip install --editable {place}",
        "test": f"cd {place} && python -m pytest",
        "try": f"concord sandbox {name}",
    }
    session.answer(
        {"name": name, "folder": str(place), "files": sorted(skeleton.files), "next": steps},
        Text(f"Wrote {len(skeleton.files)} files to {harmless(str(place))}: a whole connector, to an invented vendor."),
        Text("Next, in the environment of a checkout of Concord, where the conformance kits lie:"),
        pairs(steps),
        Text("docs/adding-a-connector.md goes through it file by file."),
    )


def _write(place: Path, files: Mapping[str, str]) -> None:
    """Raises ConfigError where the folder is there already, or cannot be made."""
    try:
        place.mkdir()
    except FileExistsError:
        raise ConfigError(f"{place} is there already; it is left as it is") from None
    except OSError as error:
        raise ConfigError(f"{place} cannot be made: {error.strerror}") from None
    for name, text in files.items():
        file = place / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
