"""Progress of long work on stderr: bars on a terminal, a plain line now and then everywhere else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from admin.cli.output import cell
from sync.reports import Observer

LINE_EVERY_SECONDS = 15.0


@contextmanager
def observing(console: Console) -> Iterator[Observer]:
    """An observer for as long as the block runs; the bars vanish with it, so that the answer stands alone."""
    if not console.is_terminal:
        yield Lines(console)
        return
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        Pace(),
        Remaining(),
        TextColumn("{task.fields[note]}", style="dim"),
        console=console,
        transient=True,
    ) as progress:
        yield Bars(progress)


class Pace(ProgressColumn):
    """How many a second, of late."""

    def render(self, task: Task) -> Text:
        """Nothing before there is anything to tell."""
        speed = task.speed or 0.0
        shown = f"{speed:,.0f}/s" if speed >= 1 else f"{speed * 60:,.1f}/min" if speed > 0 else ""
        return Text(shown, style="dim")


class Remaining(TimeRemainingColumn):
    """How long it will take still, where it is known how much there is."""

    def render(self, task: Task) -> Text:
        """Nothing where it is not known."""
        return super().render(task) if task.total else Text()


class Bars:
    """Draws one bar for each piece of work that is under way."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def started(self, what: str, total: int | None) -> None:
        """Adds its bar, or begins it anew."""
        if what in self._tasks:
            self._progress.reset(self._tasks[what], total=total)
        else:
            self._tasks[what] = self._progress.add_task(cell(what).plain, total=total, note="")

    def advanced(self, what: str, done: int) -> None:
        """Moves the bar."""
        if what in self._tasks:
            self._progress.update(self._tasks[what], completed=done)

    def finished(self, what: str, note: str) -> None:
        """Takes the bar away and leaves one line above the others, unless nothing was done."""
        task = self._tasks.pop(what, None)
        if task is not None:
            self._progress.remove_task(task)
        if not idle(note):
            self._progress.console.print(_line(what, note), style="dim", markup=False, highlight=False)


class Lines:
    """Writes a line at the end of each piece of work, and one in between where it takes long."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._last: dict[str, float] = {}
        self._totals: dict[str, int | None] = {}

    def started(self, what: str, total: int | None) -> None:
        """Remembers when it began."""
        self._last[what] = self._clock()
        self._totals[what] = total

    def advanced(self, what: str, done: int) -> None:
        """Writes a line when the last one is some time ago."""
        now = self._clock()
        if now - self._last.setdefault(what, now) >= LINE_EVERY_SECONDS:
            self._last[what] = now
            total = self._totals.get(what)
            self._write(_line(what, f"{done:,} of {total:,}" if total else f"{done:,}"))

    def finished(self, what: str, note: str) -> None:
        """Writes how it ended, unless nothing was done."""
        self._last.pop(what, None)
        if not idle(note):
            self._write(_line(what, note))

    def _write(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def idle(note: str) -> bool:
    """Whether a note tells of nothing done: it has numbers, and all of them are zero."""
    return bool(re.search(r"\d", note)) and not re.search(r"[1-9]", note)


def _line(what: str, note: str) -> str:
    return cell(f"{what}: {note}" if note else what).plain
