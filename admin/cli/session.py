"""What one call of the command knows: where the configuration lies, how to answer, and the door to the hub."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console, RenderableType

from admin.cli import doors
from admin.cli.output import console_for, printed_json
from admin.cli.progress import observing
from admin.cli.traces import keep, kept_at

if TYPE_CHECKING:
    from sync.hub import Hub


@dataclass(frozen=True, slots=True)
class Session:
    """The global options of one call, and its two consoles: answers on ``out``, everything else on ``err``."""

    config: Path
    json: bool
    verbose: bool
    out: Console
    err: Console

    @classmethod
    def begin(cls, config: Path, *, json: bool, verbose: bool) -> Session:
        """A session on the streams as they are now."""
        return cls(config, json, verbose, console_for(stderr=False), console_for(stderr=True))

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """The hub, with its progress shown on stderr while the block runs; closed afterwards.

        What the hub met unexpectedly, and went on after, is kept in a file whose place is told.
        """
        with observing(self.err) as observer, doors.open_hub(self.config, observer) as hub:
            try:
                yield hub
            finally:
                crashes = list(hub.crashes)
        for crash in crashes:
            self.say(f"Something unexpected happened on the way; {kept_at(keep(self.config, crash))}.", "red")

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: they type, and see what is asked."""
        return sys.stdin.isatty() and self.err.is_terminal

    def answer(self, value: object, *shown: RenderableType) -> None:
        """Prints ``value`` as one JSON document, or else what was drawn of it for people."""
        if self.json:
            printed_json(value)
            return
        for each in shown:
            self.out.print(each)

    def say(self, line: str, style: str = "") -> None:
        """One line on stderr that belongs to no answer."""
        self.err.print(line, style=style, markup=False, highlight=False, soft_wrap=True)

    def command(self, *words: str) -> str:
        """The text of another command that works on the same configuration."""
        place = () if self.config == Path("concord.yaml") else ("--config", str(self.config))
        return " ".join(["concord", *place, *words])


def current(ctx: typer.Context) -> Session:
    """The session that the global options began."""
    found = ctx.obj
    if not isinstance(found, Session):
        found = Session.begin(Path("concord.yaml"), json=False, verbose=False)
    return found


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence about a name that does not exist, with the nearest right one and the others."""
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    text = f"there is no {what} {name!r}"
    if nearest:
        text += f"; did you mean {nearest[0]!r}?"
    return text + (f" (known: {', '.join(names)})" if names else "; there is none at all")
