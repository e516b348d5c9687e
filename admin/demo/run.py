"""The demo: from export files to a filled CRM and back again, with every step shown and checked."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from admin.cli import doors, people, plans, tables
from admin.cli.output import grid, pairs, shorten
from admin.cli.session import Session
from admin.demo import abroad
from admin.demo.company import COUNTRY, CURRENCY, INTERNAL, NEVER_LOG, dice, write_company
from admin.demo.live import Bookkeeping, FrontDesk, Place, servers
from admin.demo.people import populate
from admin.demo.sources import Source
from admin.demo.stories import Story, stories
from admin.demo.takings import Till, business
from admin.demo.tools import featured, tools
from admin.demo.workplace import PROPERTIES, Wording, configure, nothing_read, workplace
from admin.demo.worth import Worth, counted_once, drawn, weigh
from mapping.counts import many
from mapping.errors import ConcordError
from sync.reports import ApplyReport, PlannedChange, PlanReport, SyncReport, TargetPlan

WORTH_TELLING = 5.0
OURS = (
    *("concord_id", "firstname", "lastname", "email", "phone", "city", "country", "lifecyclestage", "createdate"),
    *("lifetime_value", "order_count", "last_order_at"),
)


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo did. ``left`` is how many changes a second plan still wanted: none, or something is wrong.

    ``sources`` are counts of records by connection, and by stream or file. ``missing`` says of each real server that
    could not be had why. ``worth`` is there of the invented company only. ``prepared`` are the seconds that went into
    what is made once, ``seconds`` all others.
    """

    ok: bool
    folder: str
    prepared: float
    seconds: float
    files: Mapping[str, int]
    sources: Mapping[str, Mapping[str, int]]
    missing: Mapping[str, str]
    worth: Worth | None
    sync: SyncReport
    targets: Sequence[TargetPlan]
    applied: ApplyReport
    again: SyncReport
    left: int
    customers: Sequence[Story]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the demo is played on. ``told`` are titles and addresses of the customers whose stories are told."""

    sources: Sequence[Source]
    wording: Wording
    told: Sequence[tuple[str, str]] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    tills: Sequence[Till] = ()

    @property
    def files(self) -> Mapping[str, int]:
        """What the export files hold; of the user's own, their sizes in bytes."""
        return self.sources[0].records


@dataclass(slots=True)
class Demo:
    """One run of the demo, told on the session's consoles as it goes."""

    session: Session
    customers: int
    seed: int
    country: str = ""
    servers: bool = True
    _began: float = field(default_factory=time.monotonic)
    _prepared: float = 0.0
    _step: int = 0
    _told: bool = False

    def run(self, folder: Path | None, keep: Path | None) -> DemoReport:
        """Runs the whole way on the user's folder or on an invented company.

        Raises ConfigError for a ``keep`` that is not empty, ConcordError when there was nothing to read at all.
        """
        with (
            workplace(keep) as place,
            doors.stand_in("hubspot", properties=PROPERTIES) as crm,
            self._scene(folder, place) as scene,
        ):
            self.session = replace(self.session, config=configure(place, scene.sources, scene.wording, crm.settings))
            synced = self._read(folder)
            planned = self._plan()
            worth = self._count(scene.tills, planned)
            applied = self._apply(planned)
            again, rest = self._repeat()
            found = self._tell(scene.told)
            report = DemoReport(
                ok=synced.ok and applied.ok and again.ok and rest.empty and not (worth and worth.too_much),
                folder=str(keep or ""),
                prepared=round(self._prepared, 1),
                seconds=round(time.monotonic() - self._began, 1),
                files=scene.files,
                sources={source.name: source.records for source in scene.sources},
                missing=scene.missing,
                worth=worth,
                sync=synced,
                targets=planned.targets,
                applied=applied,
                again=again,
                left=len(rest.changes),
                customers=found,
            )
        self._close(report)
        return report

    @contextmanager
    def _scene(self, folder: Path | None, place: Path) -> Iterator[Scene]:
        if folder is None:
            with self._company(place) as scene:
                yield scene
            return
        self._head("Your exports")
        files = {each.name: each.stat().st_size for each in sorted(folder.iterdir()) if each.is_file()}
        self._show(pairs({name: f"{size:,} bytes" for name, size in files.items()}))
        exports = Source("exports", "files", "your exports", files, {"path": str(folder.resolve())})
        yield Scene([exports], Wording(f"Demo on {folder.name}", self.country.upper()))

    @contextmanager
    def _company(self, place: Path) -> Iterator[Scene]:
        """The invented company, while its servers run."""
        people, name = populate(dice(self.seed, "people"), self.customers), "Kettingwerk"
        sold = business(self.seed, people)
        with tempfile.TemporaryDirectory(prefix="concord-servers-") as kept:
            homes: list[Place] = []
            if self.servers:
                homes += [
                    FrontDesk(Path(kept), dice(self.seed, "front desk"), people, self._prepare),
                    Bookkeeping(Path(kept), dice(self.seed, "books"), people, self._prepare, name),
                ]
            with servers([*homes, *tools(self.seed, people, sold)]) as running:
                running.prepare()
                self._prepared, self._began = time.monotonic() - self._began, time.monotonic()
                self._head(f"A company of {self.customers:,} people, invented just now")
                running.begin()  # they start while the exports are written
                summary = write_company(place / "exports", self.seed, self.customers)
                path = str(summary.folder.resolve())
                exports = Source("exports", "files", "a folder of export files", summary.files, {"path": path})
                sources = [exports, *running.ready(summary.folder)]
                self._introduce(sources, running.missing)
                told = [(title, person.emails[0]) for title, person in featured(people, sold)]
                wording = Wording(name, COUNTRY, CURRENCY, {abroad.CURRENCY: abroad.RATES}, INTERNAL, NEVER_LOG)
                yield Scene(sources, wording, told, running.missing, sold.tills(running.books))

    def _introduce(self, sources: Sequence[Source], missing: Mapping[str, str]) -> None:
        table = grid("connection", "what it is", "holds", "records", numbers=("records",))
        for source in sources:
            for place, (name, count) in enumerate(source.records.items()):
                table.add_row("" if place else source.name, "" if place else source.what, name, f"{count:,}")
        self._show(table)
        for title, reason in missing.items():
            self.session.say(f"{title} is left out, and the demo goes on without it: {reason}", "yellow")

    def _prepare(self, line: str) -> None:
        """Tells of something that is made only once and takes its time."""
        if not self._told:
            self._told = True
            self.session.say("Getting ready. This is done once; concord demo --without-servers does without it.")
        self.session.say(f"  {line}")

    def _read(self, folder: Path | None) -> SyncReport:
        self._head("concord sync: read everything, work out who is who")
        with self.session.hub() as hub:
            report = hub.sync()
            status = hub.status()
            unread = [each.reason for each in hub.dead_letters(limit=5)]
        self._show(*tables.synced(report))
        if not any(each.read > each.dead for each in report.streams):
            raise ConcordError(nothing_read(folder, unread))
        self._show(
            Text(
                f"{many(status.customers, 'customer')}, {many(status.facts, 'fact')} on their timelines.", style="bold"
            )
        )
        return report

    def _plan(self) -> PlanReport:
        self._head("concord plan: what the CRM should hold (nothing is sent yet)")
        with self.session.hub() as hub:
            planned = hub.plan()
        self._show(plans.targets(planned.targets), Text("For example:"))
        self._show(*(plans.change(each) for each in _samples(planned)))
        self._show(*plans.warnings(planned))
        return planned

    def _count(self, tills: Sequence[Till], planned: PlanReport) -> Worth | None:
        """Adds up what customers come to in the plan, and shows it beside what the company itself has sold."""
        if not tills:
            return None
        self._head("What customers came to: every sale counted once, whoever tells of it")
        worth = weigh(tills, planned)
        self._show(*drawn(tills, worth))
        return worth

    def _apply(self, planned: PlanReport) -> ApplyReport:
        self._head(f"concord apply {planned.hash[:12]}: send it")
        with self.session.hub() as hub:
            applied = hub.apply(planned.hash)
        self._show(tables.applied(applied))
        return applied

    def _repeat(self) -> tuple[SyncReport, PlanReport]:
        self._head("The same again: the CRM is read back, and nothing may be left to do")
        with self.session.hub() as hub:
            again = hub.sync()
            rest = hub.plan()
        self._show(*tables.synced(again))
        if rest.empty:
            self._show(Text("Nothing left to do: our own words came back and were known as such.", style="green"))
            return again, rest
        self.session.say(
            f"A second plan still wants {many(len(rest.changes), 'change')}. This is a fault; some of them:", "red"
        )
        for each in plans.varied(rest.changes, 5):
            self.session.err.print(plans.change(each))
        return again, rest

    def _tell(self, told: Sequence[tuple[str, str]]) -> list[Story]:
        with self.session.hub() as hub:
            found = stories(hub, told)
        for story in found:
            self._head(story.title)
            self._show(people.values(story.customer.values, brief=True), *people.traits(story.customer))
            self._show(*counted_once(story))
            self._show(people.members(story.customer))
            self._show(Text("What happened, newest first:"), people.timeline(story.timeline))
            self._show(*_seen_twice(story))
            for place, held in story.crm.items():
                chosen = {name: shorten(held[name]) for name in OURS if name in held}
                self._show(pairs(chosen, title=f"Read back from {place} over HTTP"))
        return found

    def _close(self, report: DemoReport) -> None:
        self._head(f"Done in {report.seconds:.0f} seconds" if report.ok else "Done, but not all went well")
        if report.prepared >= WORTH_TELLING:
            self._show(Text(f"Before that, {report.prepared:.0f} seconds went into what is made once and kept."))
        if report.missing:
            self._show(Text(f"Without {' and '.join(report.missing)}: the reason stands in step 1."))
        if not report.folder:
            self._show(Text("Its folder is gone. To keep it and look around: concord demo --keep my-demo"))
            self._show(Text("On your own exports: concord demo --folder DIR"))
            return
        key = report.customers[0].customer.id if report.customers else "ID"
        commands = [("status",), ("customers", "find", "hendriks"), ("customers", "show", key)]
        commands += [("customers", "timeline", key), ("sync", "exports"), ("runs",)]
        self._show(Text("Try next (the CRM's stand-in has ended with the demo):"))
        self._show(*(Text(f"  {self.session.command(*words)}", style="bold") for words in commands))

    def _head(self, title: str) -> None:
        self._step += 1
        self._show(Text(f"\n{self._step}. {title}", style="bold cyan"))

    def _show(self, *drawn: RenderableType) -> None:
        if not self.session.json:
            for each in drawn:
                self.session.out.print(each)


def _seen_twice(story: Story) -> Iterator[Text]:
    """A line on the facts of the story that several sources know; what the CRM has of it is our own word."""
    ours = {place.partition("/")[0] for place in story.crm}
    seen = Counter(
        (each.kind, tuple(source for source in each.sources if source.partition("/")[0] not in ours))
        for each in story.timeline
    )
    several = {where: count for where, count in seen.items() if len(where[1]) > 1}
    if several:
        told = "; ".join(f"{many(count, kind)} in {' and '.join(places)}" for (kind, places), count in several.items())
        yield Text(f"Seen in several places, told once: {told}.", style="green")
    if any(kind == "meeting" for kind, _ in several):
        yield Text("Where two calendars differ on a meeting, the newest invitation counts.")


def _samples(planned: PlanReport) -> list[PlannedChange]:
    """One change of each target, three at the most."""
    return [plans.varied(changes, 1)[0] for changes in plans.by_target(planned.changes).values()][:3]
