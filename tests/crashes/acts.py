"""The acts of the crash play: what happens in the world, and what the hub then does, until every place was written to.

``prepare`` runs once, in the test; ``play`` runs in a process that may be killed at any place, and is then played again
from its beginning, so it looks what is left to do. Between two acts nothing waits.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import timedelta

from connectors.memory import mapping
from mapping.contract import Token
from mapping.errors import TransientError
from state import runlog
from state.connections import Connections
from state.database import utc_now
from state.plans import left
from state.schedules import JobKind, every
from state.tokens import VaultTokenStore
from state.vault import Vault
from sync import newcomers, resolve, sweep
from sync.serve import Server
from tests.crashes.company import Company, meeting, named
from tests.crashes.later_acts import LAST_ACTS, LATER_ACTS
from tests.crashes.played import LATER, Act, Played

JOB = (
    sys.executable, "-S", "-E", "-c",
    'import sys; sys.stdin.readline(); print(\'{"status": "ok", "message": ""}\')',
)  # fmt: skip


def small_steps() -> None:
    """Makes batches and transactions small."""
    resolve.BATCH = 6
    resolve.PART = newcomers.PART = 3
    sweep.BATCH, sweep.RETRACT = 2, 1
    runlog.TOGETHER = 1


def settle(played: Played) -> None:
    """What every sync does."""
    played.settle()


def change(company: Company) -> None:
    """People move, leave, buy and are met; the CRM's people work too."""
    company.shop.change("people", "1", {"email": "anna@home.example", "city": "Leeds"})
    company.shop.change("people", "2", {"job_title": "Head"})
    company.shop.delete("people", "8")
    company.crm.change("people", company.id_of("ann2@home.example"), {"city": "York"})
    company.shop.put("orders", {"number": "N9", "total": "5.00", "currency": "EUR", "email": "ann2@home.example"})
    company.shop.put("meetings", meeting(5, (utc_now() + timedelta(hours=1)).isoformat()[:19] + "Z"))


def deliver(played: Played) -> None:
    """As a schedule does it: what needs approval is left as a plan."""
    with played.hub() as hub:
        hub.sync(push=False)
        hub.deliver(["crm"])
        connection = Connections(hub.db).get("crm")
        assert connection is not None
        with hub.db.read() as c:
            assert len(left(c, connection.id)) <= 1
    played.settle()


def work_more(company: Company) -> None:
    """More of the same, and one has found another employer."""
    for number in (3, 4):
        company.shop.change("people", str(number), {"city": f"Town {number}"})
    company.shop.change("people", "w1", {"email": "wim1@firm1.example"})


def lose_answers(played: Played) -> None:
    """A write is done and its answer lost."""
    played.company.crm.lose_answer(committed=True)
    played.settle()


def work_again(company: Company) -> None:
    """And more."""
    company.shop.change("people", "5", {"city": "Bath"})


def cut_the_line(played: Played) -> None:
    """A write is not even sent."""
    played.company.crm.fail(TransientError("the line is dead"), on="write")
    played.settle()


def found_firm(company: Company) -> None:
    """A firm more: the CRM has no key by which a firm that we create could be found again."""
    company.shop.put("companies", {"name": "Firm 9", "domain": "firm9.example"})


def park(played: Played) -> None:
    """It is not created and its answer is lost, so it is left to a person, who lets it be written again."""
    played.company.crm.lose_answer(committed=False)
    played.settle()


def refuse(played: Played) -> None:
    """A record is refused over there, until what was to be written of it is as before."""
    for city in ("Rye", "Nowhere", "Rye"):
        played.company.shop.change("people", "6", {"city": city})
        if city == "Nowhere":
            played.company.crm.refuse(every=1)
            with played.hub() as hub:
                hub.sync()
        else:
            played.settle()


def vanish(company: Company) -> None:
    """The CRM's people throw records away, and say nothing."""
    company.lose(company.crm, "people", company.id_of("ann2@home.example"))
    company.lose(company.crm, "people", company.id_of("ann4@home.example"))
    company.shop.change("people", "3", {"city": "Hove"})


def look_live(played: Played) -> None:
    """One is found to be gone when it is written, another by looking."""
    played.settle()
    with played.hub() as hub:
        hub.plan(live=True)
    played.settle()


def empty(company: Company) -> None:
    """A source is suddenly empty."""
    (company.folder / "shop.kept").write_bytes((company.folder / "shop.json").read_bytes())
    with company.shop.holdings() as holdings:
        for id_ in list(holdings.table("companies").rows):
            holdings.table("companies").remove(id_)
        for id_ in list(holdings.table("people").rows)[3:]:
            holdings.table("people").remove(id_)


def distrust(played: Played) -> None:
    """It is not believed; then it is well again."""
    kept = played.company.folder / "shop.kept"
    if kept.exists():
        with played.hub() as hub:
            report = hub.sync(["shop"], full=True)
            assert not report.ok
        kept.replace(played.company.folder / "shop.json")
    played.settle()


def thin_out(company: Company) -> None:
    """Meetings go without a word, and with them a whole team's people."""
    ids = sorted(company.shop.records("meetings"))
    company.lose(company.shop, "meetings", str(ids[0]))
    company.lose(company.shop, "meetings", str(ids[1]))


def sweep_all(played: Played) -> None:
    """Everything is asked for."""
    with played.hub() as hub:
        assert hub.sweep(["shop"]).ok
    played.settle()


def sweep_in_full(played: Played) -> None:
    """The same where the vendor lists no ids and then says that everything is gone."""
    shapes = mapping.SHAPES
    blind = tuple(replace(one, listed=False) if one.name == "meetings" else one for one in shapes)
    from connectors.memory import connector

    setattr(connector, "SHAPES", blind)  # noqa: B010 - where it is read; to mypy it is no name of that module
    kept = played.company.folder / "shop.kept"
    if kept.exists():
        with played.hub() as hub:
            assert not hub.sweep(["shop"], streams=["meetings"]).ok
        kept.replace(played.company.folder / "shop.json")
    with played.hub() as hub:
        assert hub.sweep(["shop"], streams=["meetings"]).ok
    played.settle()


def no_meetings(company: Company) -> None:
    """The list of meetings is empty."""
    (company.folder / "shop.kept").write_bytes((company.folder / "shop.json").read_bytes())
    with company.shop.holdings() as holdings:
        for id_ in list(holdings.table("meetings").rows):
            holdings.table("meetings").remove(id_)


def close_team(company: Company) -> None:
    """A team with two people is no more."""
    with company.shop.holdings() as holdings:
        holdings.teams.pop("support")


def open_team(company: Company) -> None:
    """A team with two people."""
    for number in (20, 21):
        company.shop.put("people", named(number), team="support")


def other_rules(company: Company) -> None:
    """A field is read from another place; a record comes that no rule can read."""
    company.shop.put("people", named(30, newsletter="maybe"))
    fields = {"job_title": "properties.city"}
    company.configure(
        "shop", streams={name: {} for name in ("people", "companies", "meetings", "orders", "activities")}
    )
    settings = company.settings()
    settings["connections"]["shop"]["streams"]["people"] = {"fields": {"person": fields}}
    company.write(settings)


def read_anew(played: Played) -> None:
    """What is stored is mapped again; the record that nobody could read is a dead letter."""
    with played.hub() as hub:
        for _ in range(3):  # read, written, and read back
            hub.sync()
        assert [one.direction for one in hub.dead_letters()] == ["in"]


def mend_rules(company: Company) -> None:
    """The rule can read it now."""
    settings = company.settings()
    rules = settings["connections"]["shop"]["streams"]["people"]["fields"]
    rules["newsletter"] = {"granted": "properties.newsletter == 'maybe'"}
    company.write(settings)


def try_again(played: Played) -> None:
    """Dead letters are replayed."""
    with played.hub() as hub:
        hub.replay_dead_letters()
        assert hub.dead_letters() == []
    played.settle()


def judge(played: Played) -> None:
    """People say who is who, and take one word back. What was said before the process died is not said again."""
    with played.hub() as hub:
        hub.resolve()
        ids = {one.email: one.id for one in hub.find_customers("", 100)}
        said = len(hub.judgements())
        if said == 0:
            hub.merge([ids["ann5@home.example"], ids["ann6@home.example"]])
        if said <= 1:
            hub.unmerge(ids["ann1@home.example"], ["shop/people/sales/2"])
        newest = hub.judgements()[0]
        if not newest.taken_back_at:
            hub.take_back(newest.id)
    played.settle()


def keep_secrets(played: Played) -> None:
    """Secrets are kept, changed, forgotten and sealed anew; a token is swapped."""
    db = played.database()
    vault = Vault(db, played.state)
    vault.set("one", "1")
    vault.set("two", "2")
    store = VaultTokenStore(vault, "crm")
    old = store.load()
    if old is None or old.access != "new":
        store.swap(old, Token(access="new", refresh="r", expires_at=None, revision=0))
    vault.remove("one")
    vault.rotate()
    found = store.load()
    assert (vault.get("two"), vault.names()) == ("2", ["two"])
    assert found is not None
    assert (found.access, found.revision) == ("new", 1)
    db.close()


def manage(played: Played) -> None:
    """A connection rests, goes on, is bound anew and gets another name."""
    db = played.database()
    renamed = Connections(db).get("store") is not None
    db.close()
    settings = played.company.settings()
    if not renamed:
        with played.hub() as hub:
            hub.pause("shop")
            hub.resume("shop")
            hub.rebind("shop")
            hub.rename("shop", "store")
    if "store" not in settings["connections"]:
        settings["connections"]["store"] = settings["connections"].pop("shop")
        played.company.write(settings)
    played.settle()


def schedule_all(company: Company) -> None:
    """Everything has a schedule; alerts go where nobody is."""
    for name in ("store", "crm"):
        company.configure(name, schedule="every 10 minutes")
    company.write({**company.settings(), "alerts": {"to": ["json://127.0.0.1:9/nobody"]}})


def serve(played: Played) -> None:
    """A server runs every job that is due, also those that its predecessor died over."""
    quiet(played)
    with played.hub() as hub:
        hub.ask("crm")
    quiet(played)


def quiet(played: Played) -> None:
    """A server at work until nothing is due."""
    db = played.database()
    server = Server(played.company.config, command=JOB, db=db)
    end = time.monotonic() + 20
    while True:
        server.tick()
        with db.read() as c:
            jobs = [one for one in every(c) if one.kind is not JobKind.CARE]  # which is due tomorrow
            due = any(one.is_due(db.stamp()) or not one.status for one in jobs)
        if not server.working and not due:
            break
        assert time.monotonic() < end, "the jobs do not come to their end"
        time.sleep(0.002)
    server.close()


def go_wrong(company: Company) -> None:
    """The shop cannot be read."""
    company.configure("store", config={**company.settings()["connections"]["store"]["config"], "api_key": "wrong"})


def tell(played: Played) -> None:
    """It is told; nobody hears it; then nobody is to be told any more."""
    with played.hub() as hub:
        hub.sync(["store"])
        hub.alerts.tell()
    settings = played.company.settings()
    later = replace(played, ahead=played.ahead + timedelta(minutes=5))
    played.company.write({**settings, "alerts": {}})
    with later.hub() as hub:
        hub.alerts.tell()
        assert hub.alerts.undelivered() == []
    assert settings


ACTS = (
    Act("secrets", keep_secrets),
    Act("first reading", settle),
    Act("changes", deliver, change),
    Act("lost answers", lose_answers, work_more),
    Act("an unsent write", cut_the_line, work_again),
    Act("a parked write", park, found_firm),
    Act("a refused record", refuse),
    Act("gone over there", look_live, vanish),
    Act("suddenly empty", distrust, empty),
    Act("sweep", sweep_all, thin_out),
    Act("sweep without a list", sweep_in_full, no_meetings),
    Act("a team more", settle, open_team),
    Act("a team less", sweep_all, close_team),
    Act("other rules", read_anew, other_rules),
    Act("mended rules", try_again, mend_rules),
    Act("judgements", judge),
    Act("a meeting has been", settle, ahead=LATER),
    *LATER_ACTS,
    Act("connections", manage, ahead=LATER),
    Act("serve", serve, schedule_all, LATER),
    Act("alerts", tell, go_wrong, LATER),
    *LAST_ACTS,
)
"""In their order: each goes on from where the one before has led."""
