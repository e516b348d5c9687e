"""How answers leave the process: JSON for machines, consoles and safe cells for people."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Column, Table
from rich.text import Text

PIPED_WIDTH = 120
READABLE_COLUMN = 12
GAP = 3
STATES = {
    "ok": "green",
    "live": "green",
    "skipped": "dim",
    "partial": "yellow",
    "paused": "yellow",
    "interrupted": "yellow",
    "failed": "red",
}


def console_for(*, stderr: bool) -> Console:
    """A console on one of the process's streams as it is now.

    Colour appears on a terminal only and never with NO_COLOR set (rich keeps to both); a pipe without COLUMNS is given
    room for a table rather than the 80 columns of a terminal of old.
    """
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def printed_json(value: object) -> None:
    """Writes one JSON document and a line end to stdout; reports become objects with their own field names."""
    document = orjson.dumps(value, default=_plain_json, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    sys.stdout.write(document.decode())
    sys.stdout.flush()


def _plain_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def cell(value: object, style: str = "") -> Text:
    """A value as text that a terminal can only show.

    What customers wrote is never read as markup, and control characters (an escape sequence in a mail's subject) are
    drawn as a dot instead of being obeyed.
    """
    if value is None:
        return Text("–", style="dim")
    if isinstance(value, bool):
        return Text("yes" if value else "no", style=style)
    if isinstance(value, int):
        return Text(f"{value:,}", style=style or ("dim" if value == 0 else ""))
    return Text(harmless(one_line(value)), style=style)


def one_line(value: object) -> str:
    """A value as one line: addresses and the like as their parts, lists with commas, line ends as spaces."""
    if isinstance(value, Mapping):
        return ", ".join(f"{one_line(part)}" for part in value.values() if part not in (None, ""))
    if isinstance(value, list | tuple):
        return ", ".join(one_line(part) for part in value)
    return " ".join(str(value).split())


def harmless(text: str) -> str:
    """The text with every control and direction-changing character drawn as a middle dot."""
    return "".join("·" if unicodedata.category(char) in {"Cc", "Cf"} else char for char in text)


def state(value: str) -> Text:
    """A status word in its colour."""
    return Text(harmless(value), style=STATES.get(value, ""))


class Grid(Table):
    """A table that becomes a list of its rows, cell under cell, where the terminal is too narrow to read it."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, or one block a row with the filled cells by the names of their columns."""
        if options.max_width >= sum(_readable(column) for column in self.columns):
            yield from super().__rich_console__(console, options)
            return
        if self.title:
            yield self.title
        for row in zip(*(column.cells for column in self.columns), strict=True):
            block = Table(box=None, show_header=False, pad_edge=False)
            for column, value in zip(self.columns, row, strict=True):
                if str(value):
                    block.add_row(Text(str(column.header), style="dim"), value)
            yield block
            yield ""


def _readable(column: Column) -> int:
    """How wide a column must be for people to read it: its longest cell, which may fold to a few words."""
    longest = max((len(str(value)) for value in (column.header, *column.cells)), default=0)
    return (longest if column.no_wrap else min(longest, READABLE_COLUMN)) + GAP


def grid(*columns: str, title: str = "", numbers: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Grid:
    """An empty table; ``numbers`` names the columns that stand to the right, ``whole`` those that should not fold.

    Long values fold, none is cut off.
    """
    table = Grid(
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in columns:
        side: JustifyMethod = "right" if column in numbers else "left"
        table.add_column(column, justify=side, overflow="fold", no_wrap=column in whole)
    return table


def pairs(rows: Mapping[str, object], title: str = "") -> Table:
    """Names and values, one pair a line, without a frame."""
    table = Table(title=title or None, title_justify="left", title_style="bold", box=None, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, value if isinstance(value, Text) else cell(value))
    return table


def shorten(text: object, size: int = 60) -> str:
    """The value as one line of at most ``size`` characters."""
    line = one_line(text)
    return line if len(line) <= size else line[: size - 1] + "…"
