"""The invented company's real servers: what they hold fits the exports, and nothing of them outlives the demo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from icalendar import Calendar

from admin.demo import ads, agendas, books, campaigns, frontdesk, mail, marketing, meetings, shopmail
from admin.demo.company import dice, write_company
from admin.demo.live import FrontDesk, servers
from admin.demo.people import TODAY, Person, populate
from admin.demo.servers import radicale
from admin.demo.servers.process import uninterrupted
from admin.demo.sources import Source
from mapping.errors import ConcordError
from tests.checkout import ROOT

SEED, PEOPLE = 11, 200
COMMAND = (sys.executable, "-c", "from admin.cli.main import main; main()")


class Haunted:
    """A server that never starts."""

    name, title = "haunted", "Ghost"

    def __init__(self) -> None:
        self.stopped = 0

    def prepare(self) -> None:
        """Nothing to install."""

    def begin(self) -> None:
        """Fails."""
        raise ConcordError("Ghost ended while it started: boo")

    def ready(self, exports: Path) -> Source:
        """Never reached."""
        raise AssertionError(exports)

    def stop(self) -> None:
        """Counts."""
        self.stopped += 1


class Slow:
    """A server that takes until ``go`` to be filled; one that is ``interrupted`` does as if Ctrl-C came."""

    title = "Snail"

    def __init__(self, name: str, go: threading.Event, *, interrupted: bool = False) -> None:
        self.name, self.go, self.interrupted = name, go, interrupted
        self.asked = False

    def prepare(self) -> None:
        """Nothing to install."""

    def begin(self) -> None:
        """Nothing to start."""

    def ready(self, exports: Path) -> Source:
        """Waits, but where it is interrupted."""
        self.asked = True
        if self.interrupted:
            raise KeyboardInterrupt
        assert self.go.wait(10)
        return Source(self.name, "memory", "a snail", {})

    def stop(self) -> None:
        """Nothing to end."""


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_company(tmp_path_factory.mktemp("live") / "exports", SEED, PEOPLE).folder


def front_desk(folder: Path) -> FrontDesk:
    return FrontDesk(folder, dice(SEED, "front desk"), populate(dice(SEED, "people"), PEOPLE), lambda _: None)


def processes(folder: Path) -> list[str]:
    """The command lines, of this machine's running processes, that speak of the folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = place.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in said:
            found.append(said.replace(b"\0", b" ").decode())
    return found


def test_what_is_filled_side_by_side_is_told_in_order(tmp_path: Path) -> None:
    go = threading.Event()
    go.set()
    with servers([Slow(name, go) for name in "abcd"]) as running:
        assert [source.name for source in running.ready(tmp_path)] == ["a", "b", "c", "d"]


def test_after_ctrl_c_no_further_server_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    class Told(ThreadPoolExecutor):
        """Lets those that are being filled go on once it was told to end."""

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            go.set()
            super().shutdown(wait=wait)

    monkeypatch.setattr("admin.demo.live.ThreadPoolExecutor", Told)
    places = [Slow("first", go, interrupted=True), *(Slow(name, go) for name in "abcd")]
    with pytest.raises(KeyboardInterrupt), servers(places) as running:
        running.ready(tmp_path)
    assert not any(place.asked for place in places[3:]), "two at a time, and the one after the first"


def test_a_server_that_does_not_start_is_left_out_with_its_reason_and_the_others_go_on(
    tmp_path: Path, exports: Path
) -> None:
    ghost = Haunted()
    with servers([ghost, front_desk(tmp_path)]) as running:
        running.prepare()
        running.begin()
        assert [source.name for source in running.ready(exports)] == ["front_desk"]
    assert running.missing == {"Ghost": "Ghost ended while it started: boo"}
    assert ghost.stopped


def test_a_real_server_that_refuses_its_settings_is_quoted(
    tmp_path: Path, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radicale, "CONFIGURATION", "[server]\nhosts = nowhere\n")
    with servers([front_desk(tmp_path)]) as running:
        running.prepare()
        running.begin()
        assert running.ready(exports) == []
    assert "Radicale ended while it started" in running.missing["Radicale"]
    assert processes(tmp_path) == []


def test_a_demo_that_fails_half_way_stops_its_servers(tmp_path: Path, exports: Path) -> None:
    def fails() -> None:
        with servers([front_desk(tmp_path)]) as running:
            running.prepare()
            running.begin()
            running.ready(exports)
            assert processes(tmp_path)
            raise ConcordError("half-way")

    with pytest.raises(ConcordError, match="half-way"):
        fails()
    assert processes(tmp_path) == []


@pytest.mark.parametrize(
    ("stream", "moment"),
    [
        ("stderr", "Installing radicale"),
        ("stdout", "1. A company"),
        ("stdout", "2. concord sync"),
        ("stdout", "5. concord apply"),
    ],
)
def test_ctrl_c_leaves_no_server_and_no_file(tmp_path: Path, stream: str, moment: str) -> None:
    (tmp_path / "tmp").mkdir()
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp"), "PYTHONUNBUFFERED": "1"}
    if "Installing" in moment:
        environ["CONCORD_SERVERS"] = str(tmp_path / "servers")
    words = [*COMMAND, "demo", "--customers", "60", "--seed", "6"]  # as test_demo.py: its books are entered once
    with subprocess.Popen(
        words, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert any(moment in line for line in getattr(demo, stream))
        demo.send_signal(signal.SIGINT)
        said = demo.communicate(timeout=60)[1]
    assert demo.returncode == 130, said
    assert "The demo was stopped. Its own folder is gone" in said
    assert "Traceback" not in said
    assert processes(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [place for place in tmp_path.glob("servers/*") if place.is_dir()] == []


def test_an_interruption_waits_until_a_started_process_is_known() -> None:
    reached = []

    def starts() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end of the block")

    with pytest.raises(KeyboardInterrupt):
        starts()
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_front_desk_has_half_of_the_fittings_as_the_same_meetings_and_its_own_appointments(exports: Path) -> None:
    workshop = Calendar.from_ical((exports / meetings.FILE).read_bytes())
    people = populate(dice(SEED, "people"), PEOPLE)
    desk = frontdesk.calendar(Random(SEED), workshop, people)
    theirs = {str(event["UID"]): event for event in workshop.events if str(event["UID"]).startswith("fit-")}
    ours = {str(event["UID"]): event for event in desk.events}
    shared = theirs.keys() & ours.keys()
    assert 0.3 * len(theirs) < len(shared) < 0.8 * len(theirs)
    assert len(ours) > len(shared)
    moved = [uid for uid in shared if ours[uid].decoded("DTSTART") != theirs[uid].decoded("DTSTART")]
    assert "fit-000000@kettingwerk.example" in moved
    assert all(ours[uid]["SEQUENCE"] == 1 for uid in moved)
    assert any(uid not in moved and "LAST-MODIFIED" in ours[uid] for uid in shared)


def test_the_books_bill_the_first_customer_and_name_everybody_family_name_first() -> None:
    people = populate(dice(SEED, "people"), PEOPLE)
    kept = books.keep_books(Random(SEED), people)
    first = kept.parties[0]
    assert (first["name"], first["email"]) == ("Claessens, M.", people[0].emails[0])
    assert any(entry["party"] == 0 for entry in kept.sales)
    places = [entry["party"] for entry in (*kept.sales, *kept.invoices)]
    assert {0 <= int(str(entry["invoice"])) < len(kept.invoices) for entry in kept.payments} == {True}
    assert {kept.parties[int(str(place))]["billed"] for place in places} == {True}
    assert all(", " in str(party["name"]) for party in kept.parties if not party["business"])
    employers = [party["employer"] for party in kept.parties if party["employer"] is not None]
    assert all(kept.parties[int(str(place))]["business"] for place in employers)
    days = [str(entry["day"]) for entry in (*kept.sales, *kept.invoices, *kept.payments)]
    assert max(days) <= TODAY.isoformat()
    assert kept == books.keep_books(Random(SEED), people)


def test_the_shop_has_whole_talks_of_the_workshop_and_mails_of_its_own() -> None:
    people = populate(dice(SEED, "people"), PEOPLE)
    workshop = {key(text) for _, text in messages(people)}
    shop = [key(raw.decode()) for raw, _, _ in shopmail.letters(Random(SEED), messages(people), people)]
    assert len(shop) == len(set(shop))
    shared = workshop & {*shop}
    assert 0.1 * len(workshop) < len(shared) < 0.6 * len(workshop)
    assert {*shop} - workshop
    begun = {each.partition(".")[0] for each in shared}
    assert {each for each in workshop if each.partition(".")[0] in begun} == shared


def test_meta_hands_out_the_young_leads_of_the_export_and_some_that_came_since() -> None:
    people = populate(dice(SEED, "people"), PEOPLE)
    exported = marketing.leads(dice(SEED, "leads"), people)
    rows = {str(row["id"]).removeprefix("l:"): str(row["created_time"]) for _, row in exported}
    found = {str(lead["id"]): str(lead["created_time"]) for lead in ads.leads(Random(SEED), exported, people)}
    shared = rows.keys() & found.keys()
    assert shared
    assert found.keys() - rows.keys()
    assert all(datetime.fromisoformat(rows[each]) == datetime.fromisoformat(found[each]) for each in shared)
    assert min(map(datetime.fromisoformat, found.values())) > ads.NOW - timedelta(days=90)


def test_bas_and_ilse_meet_the_same_customers_under_the_same_uids(exports: Path) -> None:
    people = populate(dice(SEED, "people"), PEOPLE)
    workshop = Calendar.from_ical((exports / meetings.FILE).read_bytes())
    (his,) = agendas.google(dice(SEED, "talks"), workshop, people).contents["events"].values()
    hers = agendas.microsoft(dice(SEED, "talks"), Random(SEED), messages(people), people)
    (events,) = hers.contents["events"].values()
    (letters,) = hers.contents["mail"].values()
    uids = {bytes.fromhex(event["iCalUId"].removeprefix(agendas.WRAPPED)[:-2]).decode() for event in events}
    shared = {event["iCalUID"] for event in his} & uids
    assert all(uid.startswith("lease-") for uid in shared)
    assert PEOPLE // agendas.TALKS < len(shared) < len(uids)
    assert {event["iCalUID"] for event in his} & {str(event["UID"]) for event in workshop.events}
    assert {key(text) for _, text in messages(people)} & {letter["internetMessageId"][1:-1] for letter, _, _ in letters}
    assert {folder for _, folder, _ in letters} == {"inbox", "sentitems"}


def test_forms_are_filled_in_by_buyers_to_be_before_they_buy_and_by_customers() -> None:
    people = populate(dice(SEED, "people"), 1_000)
    forms = [campaigns.google(Random(SEED), people), campaigns.tiktok(Random(SEED), people)]
    for part, days in zip(forms, (campaigns.GOOGLE_DAYS, campaigns.TIKTOK_DAYS), strict=True):
        leads = part.contents["leads"]
        assert part.records == {"leads": len(leads)}
        assert len(leads) > campaigns.RETURNED
        assert all(ads.NOW - timedelta(days=days + 1) < at < ads.NOW for _, at, _ in leads)
    now = datetime(2031, 5, 1, tzinfo=UTC)
    asked = campaigns.linkedin(Random(SEED), people, now).contents["leads"]
    assert all(now - timedelta(days=21) < at < now for _, at in asked)
    assert all(person.traces.buys for person in campaigns.became_buyers(people, campaigns.TIKTOK_DAYS))


def messages(people: list[Person]) -> list[tuple[datetime, str]]:
    return mail.messages(dice(SEED, "mail"), people)


def key(text: str) -> str:
    return text.partition("Message-ID: <")[2].partition(">")[0]


def test_a_company_too_small_for_everything_still_has_its_servers_filled() -> None:
    people = populate(dice(SEED, "people"), 4)
    kept = books.keep_books(Random(SEED), people)
    assert len(kept.parties) >= len(books.CLIENTS)
