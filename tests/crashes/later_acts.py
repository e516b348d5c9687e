"""More acts of the crash play: what people ask for now and then, and what happens when days have gone by."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connectors.memory.reads import Reader
from mapping.errors import CursorExpiredError, TransientError, WindowTooLargeError
from mapping.model import Kind
from mapping.scoring import default
from state.backfills import BackfillState
from sync import safekeeping
from sync.backfilled import Asked
from tests.crashes.company import Company, named
from tests.crashes.played import LATER, Act, Played

DAYS_LATER = timedelta(days=3)


def compare_no_more(played: Played) -> None:
    """Records are compared no more, and then they are again."""
    settings = played.company.settings()
    played.company.write({**settings, "identity": {"compare": False}})
    with played.hub() as hub:
        hub.identity.rebuild()
    played.company.write({name: one for name, one in settings.items() if name != "identity"})
    played.settle()


def rebuild(played: Played) -> None:
    """Everything is compared, scored and decided anew."""
    with played.hub() as hub:
        hub.identity.rebuild()
    played.settle()


def change_models(played: Played) -> None:
    """A model is put in force, then the one that ships, then the first again. What is kept already is not put again."""
    with played.hub() as hub:
        kept = {one.version for one in hub.identity.models() if one.at}
        if "person-1" not in kept:
            with hub.identity._training() as training:
                training.put(Kind.PERSON, replace(default(Kind.PERSON), version="person-1"), "by hand")
        if "person-shipped" not in kept:
            hub.identity.use("person-shipped")
        hub.identity.use("person-1")
    played.settle()


def put_off(played: Played) -> None:
    """A person answers later."""
    with played.hub() as hub:
        ids = {one.email: one.id for one in hub.find_customers("", 100)}
        hub.identity.later([ids["ann5@home.example"], ids["ann7@home.example"]])
    played.settle()


def hold_nobody_twice(played: Played) -> None:
    """The vendor says for a while that a stream holds nobody twice."""
    plain = Reader.stream
    setattr(  # noqa: B010 - a method is replaced on purpose
        Reader, "stream", lambda self, shape: replace(plain(self, shape), deduplicated=shape.name == "companies")
    )
    played.settle()


def other_rules_again(company: Company) -> None:
    """Another field is read from another place."""
    settings = company.settings()
    settings["connections"]["shop"]["streams"]["people"]["fields"]["person"] = {"job_title": "properties.country"}
    company.write(settings)


def replay(played: Played) -> None:
    """What is stored is mapped again because a person asks for it."""
    with played.hub() as hub:
        hub.mending.replay(["shop"])
    played.settle()


def new_field(company: Company) -> None:
    """The shop sends a field that nobody knows, and fields wait for a person."""
    settings = company.settings()
    settings["connections"]["shop"]["streams"]["people"]["contract"] = "freeze"
    company.write(settings)
    company.shop.put("people", named(40, shoe_size="44"))


def accept(played: Played) -> None:
    """A person takes it."""
    played.settle()
    with played.hub() as hub:
        hub.mending.accept("shop", "people")
        assert list(hub.mending.waiting()) == []
    played.settle()


def another_team(company: Company) -> None:
    """A team of which nothing is stored, and a budget of calls."""
    company.shop.add_team("partners", "Partners")
    company.shop.put("people", named(50), team="partners")
    company.configure("shop", budget={"calls_a_day": 100_000})


def backfill(played: Played) -> None:
    """A backfill meets a window that is too large and a line that is dead, and ends; another one is called off."""
    now = played.now()
    asked = Asked(now - timedelta(days=2), now, "1d", ["people"], 1)
    with played.hub() as hub:
        known = len(hub.backfills.ledger.recent())
        if known == 0:
            hub.backfills.add(hub.backfills.draft("shop", asked))
        if hub.backfills.ledger.row(1).state is not BackfillState.DONE:
            played.company.shop.fail(WindowTooLargeError("a window gives less"), on="window")
            played.company.shop.fail(CursorExpiredError(), on="window")
            played.company.shop.fail(TransientError("the line is dead"), on="window")
            report = hub.backfills.run(1)
            assert (report.state, hub.crashes) == ("done", []), report
        if known < 2:
            hub.backfills.add(hub.backfills.draft("shop", asked))
        if hub.backfills.ledger.row(2).state is not BackfillState.CANCELLED:
            hub.backfills.cancel(2)
    played.settle()


def no_budget(company: Company) -> None:
    """The shop may be called as often as one likes."""
    settings = company.settings()
    settings["connections"]["shop"].pop("budget")
    company.write(settings)


def back_up(played: Played) -> None:
    """The database is saved."""
    place = played.company.folder / "saved.db"
    place.unlink(missing_ok=True)
    assert safekeeping.backup(played.company.config, place).bytes


def keep_less(company: Company) -> None:
    """Nothing is kept for long."""
    company.write({**company.settings(), "retention": {"bodies": "1 day", "runs": "1 day"}})


def tidy(played: Played) -> None:
    """Days later, what has expired goes, and what is old is packed; the CRM is read as ever."""
    with played.hub() as hub:
        hub.care.tidy()
        assert hub.sync(["crm"]).ok


LATER_ACTS = (
    Act("compared no more", compare_no_more, ahead=LATER),
    Act("a rebuild", rebuild, ahead=LATER),
    Act("models", change_models, ahead=LATER),
    Act("review", put_off, ahead=LATER),
    Act("nobody twice", hold_nobody_twice, ahead=LATER),
    Act("a replay", replay, other_rules_again, LATER),
    Act("a new field", accept, new_field, LATER),
    Act("a backfill", backfill, another_team, LATER),
    Act("a backup", back_up, no_budget, LATER),
)
LAST_ACTS = (Act("days later", tidy, keep_less, DAYS_LATER),)
