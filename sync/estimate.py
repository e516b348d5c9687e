"""Before a backfill: how a range of time is cut into windows, and what reading them will cost.

The cost is found by looking: at some windows of each stream the first pages are asked for, and thrown away. Where they
do not reach the end of the window, a narrower one in its middle is looked at, until one is seen whole.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from connectors.core.protocols import Stream
from mapping.contract import Slice
from mapping.errors import ConfigError, WindowTooLargeError
from sync.backfilled import Asked, EstimateReport, StreamEstimate
from sync.meter import ConnectionMeter

MOST_WINDOWS = 100_000
LOOKS, SEEN, NARROWER, NARROWINGS = 3, 2, 6, 5
"""How many windows of a stream are looked at, how many pages of each are seen, and how a fuller one is narrowed."""
STEP = re.compile(r"([1-9]\d{0,3})\s*(h|d|w|mo)")
NO_WINDOW = "it cannot be asked for by date: it is read whole, and what changed at other times is left out"

Window = tuple[datetime, datetime]


def windows(since: datetime, until: datetime, every: str) -> Iterator[Window]:
    """The range in steps: ``6h``, ``1d``, ``1w`` or ``1mo``, and the like; the last may be shorter. Raises ConfigError
    for another text, and for a range that is empty or makes too many steps."""
    match = STEP.fullmatch(every.strip().lower())
    if match is None:
        raise ConfigError(f"--every {every!r} is no step of time; expected 6h, 1d, 1w, 1mo or the like")
    if since >= until:
        raise ConfigError("--since must be before --until, and before now")
    number, unit = int(match[1]), match[2]
    shortest = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "mo": timedelta(days=28)}[
        unit
    ]
    if (until - since) / (number * shortest) > MOST_WINDOWS:
        raise ConfigError(f"--every {every} makes more than {MOST_WINDOWS:,} steps of that range; take longer ones")
    return _windows(since, until, number, unit, shortest)


def _windows(since: datetime, until: datetime, number: int, unit: str, span: timedelta) -> Iterator[Window]:
    start, count = since, 0
    while start < until:
        count += 1
        end = _months_after(since, count * number) if unit == "mo" else since + count * number * span
        yield start, min(end, until)
        start = end


def _months_after(since: datetime, months: int) -> datetime:
    """The same day so many months later, or the last one of a month that has no such day."""
    year, month = divmod(since.month - 1 + months, 12)
    year, month = since.year + year, month + 1
    return since.replace(year=year, month=month, day=min(since.day, calendar.monthrange(year, month)[1]))


@dataclass(slots=True)
class Look:
    """What looking at a stream has shown: windows with the records and pages in them, whole or at least so many."""

    windows: int = 0
    pages: int = 0
    calls: int = 0
    seconds: float = 0.0
    fullest: int = 0
    whole: bool = True
    densities: list[float] = field(default_factory=list)
    """Records a second of the windows that were seen whole."""


@dataclass(slots=True)
class Limits:
    """The limits that requests were held to while it was looked: seconds by number of calls."""

    known: dict[tuple[int, float], None] = field(default_factory=dict)

    def heard(self, calls: int, seconds: float) -> None:
        """One more request was held to this one."""
        self.known[calls, seconds] = None

    def seconds(self, calls: int) -> float:
        """How long so many calls take at least."""
        return max((max(0, calls - most) * span / most for most, span in self.known), default=0.0)


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates one backfill. ``live`` tells how many records of a stream are stored."""

    connection: str
    asked: Asked
    meter: ConnectionMeter
    limits: Limits
    live: Callable[[str], int]

    def report(
        self, streams: Sequence[Stream], slices: Mapping[str, Sequence[Slice]], steps: Sequence[Window]
    ) -> EstimateReport:
        """What the streams will take. Costs some calls; raises what the vendor's listing raises."""
        told, latency = list[StreamEstimate](), 0.0
        with self.meter.counting() as cost:
            for stream in streams:
                one, seconds = self._stream(stream, slices[stream.name], steps)
                told.append(one)
                latency += seconds
            looked = cost.calls
        known = [one.calls for one in told if one.calls is not None]
        calls = sum(known) if known else None
        held, answers = self.limits.seconds(calls or 0), latency / self.asked.workers
        return EstimateReport(
            self.connection, self.asked.since.isoformat(), self.asked.until.isoformat(), self.asked.every,
            self.asked.workers, told, sum(one.partitions for one in told), calls,
            max(held, answers) if known else None,
            "the vendor's limits" if held > answers else "how long its answers take", looked,
        )  # fmt: skip

    def _stream(self, stream: Stream, slices: Sequence[Slice], steps: Sequence[Window]) -> tuple[StreamEstimate, float]:
        if stream.window is None:
            return self._whole(stream, slices)
        total = len(slices) * len(steps)
        if not slices:
            return StreamEstimate(stream.name, 0, 0, 0, 0, "counted"), 0.0
        look = Look()
        for number in sorted({0, total // 2, total - 1}) if total > LOOKS else range(total):
            self._look(stream, slices[number % len(slices)], steps[number // len(slices)], look)
        counted = look.whole and look.windows == total
        span = sum((end - start).total_seconds() for start, end in steps) * len(slices)
        density = sum(look.densities) / len(look.densities) if look.densities else None
        if density is None:
            return StreamEstimate(
                stream.name, len(slices), total, None, None, "unknown", "too much to be seen whole"
            ), 0.0
        records = round(density * span)
        usual = round(total * look.pages / look.windows)
        pages = usual if look.whole else max(total, total + records // max(look.fullest, 1))
        calls = round(pages * look.calls / look.pages) if look.pages else total
        sure = "counted" if counted else "sampled"
        return StreamEstimate(stream.name, len(slices), total, records, calls, sure), pages * look.seconds / max(
            look.pages, 1
        )

    def _whole(self, stream: Stream, slices: Sequence[Slice]) -> tuple[StreamEstimate, float]:
        """A stream that has no window: as many records as are stored, if any are."""
        stored, look = self.live(stream.name), Look()
        began = time.monotonic()
        with self.meter.counting() as cost:
            for slice_ in slices[:1]:
                for page in islice(stream.read(slice_, None), 1):
                    look.pages, look.fullest, look.whole = 1, len(page.records), page.complete
        seconds = time.monotonic() - began
        if look.whole and len(slices) <= 1:
            one = StreamEstimate(stream.name, len(slices), len(slices), look.fullest, cost.calls, "counted", NO_WINDOW)
            return one, seconds
        if not stored or not look.fullest:
            return StreamEstimate(stream.name, len(slices), len(slices), None, None, "unknown", NO_WINDOW), 0.0
        pages = len(slices) + stored // look.fullest
        calls = round(pages * max(cost.calls, 1))
        one = StreamEstimate(stream.name, len(slices), len(slices), stored, calls, "by what is stored", NO_WINDOW)
        return one, pages * seconds

    def _look(self, stream: Stream, slice_: Slice, window: Window, look: Look) -> None:
        """Looks at a window, and at narrower ones in its middle until one is seen whole."""
        assert stream.window is not None
        start, end = window
        look.windows += 1
        for _ in range(NARROWINGS + 1):
            began = time.monotonic()
            with self.meter.counting() as cost:
                try:
                    pages = list(islice(stream.window(slice_, start, end, None), SEEN + 1))
                except WindowTooLargeError:
                    pages = []
            look.calls += cost.calls
            look.seconds += time.monotonic() - began
            look.pages += max(len(pages), 1)
            if pages and (len(pages) <= SEEN or not pages[-1].records):
                met = sum(len(page.records) for page in pages)
                look.densities.append(met / max((end - start).total_seconds(), 1.0))
                return
            look.whole = False
            if pages:
                look.fullest = max(look.fullest, len(pages[0].records))
            span = (end - start) / NARROWER
            if span < timedelta(seconds=1):
                break
            start = (start + (end - start) / 2).replace(microsecond=0)
            end = start + span
