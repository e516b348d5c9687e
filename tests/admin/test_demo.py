"""The demo and the sandbox, for real: files, hub, and the CRM's stand-in over HTTP."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from admin.cli import doors
from admin.demo import campaigns
from admin.demo.ads import NOW
from admin.demo.books import keep_books
from admin.demo.company import dice
from admin.demo.people import populate
from admin.demo.takings import business, takings
from admin.demo.worth import TRAIT
from mapping.currencies import rounded
from sync.hub import Hub
from sync.reports import PlanReport, Silent
from tests.admin.conftest import Concord
from tests.admin.fake_hub import CHANGE

STAND_INS = (*("shop", "shop_uk", "payments", "shop_mail", "bas", "ilse", "ads", "google_ads", "tiktok", "linkedin"),)
SEED, LEAD = 6, "brauer1950@fernpost.example"
"""A small company, and one of its people whose lead is both in the export and still at Meta."""


def test_a_folder_with_something_in_it_is_not_worked_in(concord: Concord, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    result = concord("demo", "--keep", "mine")
    assert result.exit_code == 2
    assert "not empty" in result.stderr
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_exports_that_are_not_there_are_told(concord: Concord) -> None:
    result = concord("demo", "--folder", "nowhere")
    assert result.exit_code == 2
    assert "nowhere is no folder" in result.stderr


def test_a_folder_without_anything_to_read_ends_the_demo(concord: Concord, tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    result = concord("demo", "--folder", "exports")
    assert result.exit_code == 1
    assert "exports holds no file that can be read" in result.stderr
    assert "Known are exports of shopify customers, shopify orders," in result.stderr
    assert "notes above" not in result.stderr


def test_a_folder_of_files_that_nobody_knows_ends_the_demo_with_what_is_wrong_with_them(
    concord: Concord, tmp_path: Path
) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "tills.csv").write_text("Foo,Bar\n1,2\n")
    result = concord("demo", "--folder", "exports")
    assert result.exit_code == 1
    assert "exports holds no file that can be read" in result.stderr
    assert "tills.csv: its header is not known: Foo, Bar" in result.stderr


def test_a_demo_that_is_stopped_leaves_nothing_behind(
    concord: Concord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def stop(self: Hub) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Hub, "sync", stop)
    result = concord("demo", "--customers", "20", "--without-servers")
    assert result.exit_code == 130
    assert "The demo was stopped" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_second_plan_with_anything_in_it_is_a_loud_failure(concord: Concord, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, made = Hub.plan, []

    def twice(self: Hub, *args: Any, **options: Any) -> PlanReport:
        found = plan(self, *args, **options)
        made.append(found)
        return found if len(made) == 1 else replace(found, changes=(CHANGE,))

    monkeypatch.setattr(Hub, "plan", twice)
    result = concord("demo", "--customers", "20", "--without-servers")
    assert result.exit_code == 1
    assert "still wants 1 change. This is a fault" in result.stderr
    assert "not all went well" in result.stdout


def test_the_demo_fills_the_crm_once_and_leaves_a_folder_whose_commands_work(concord: Concord) -> None:
    result = concord("demo", "--customers", "60", "--keep", "kept", "--without-servers")
    assert result.exit_code == 0, result.output
    shown = result.stdout
    for expected in (
        "Nothing left to do",
        "Known in every system",
        "A lead who became a buyer",
        "A guest at a meeting",
        "add up to 70,187.81 EUR: the same, to the cent.",
        "a payment is the same money as the order that it pays.",
        "lifetime_value",
        "Read back from crm/contacts/",
        "Done in",
    ):
        assert expected in shown
    first_push = result.stderr.partition("push crm")[0].splitlines()
    planned = [line.partition(":")[0] for line in first_push if line.startswith("plan crm/")]
    assert len(planned) == len(set(planned))
    assert {"plan crm/contacts", "plan crm/notes (order)"} <= set(planned)
    assert "`" not in shown, "no expression is shown as it stands in the rules"
    assert "lifecyclestage: customer   from stage" in shown
    lines = [line.strip() for line in shown.splitlines() if line.startswith("  concord ")]
    assert len(lines) > 4
    assert {line: concord(*line.split()[1:]).exit_code for line in lines} == dict.fromkeys(lines, 0)


def test_servers_that_cannot_be_installed_are_left_out_in_one_line_each(
    concord: Concord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, where servers would be installed")
    monkeypatch.setenv("CONCORD_SERVERS", str(tmp_path / "taken"))
    result = concord("demo", "--customers", "20", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["ok"] is True
    assert set(answer["missing"]) == {"Radicale", "Tryton"}
    assert set(answer["sources"]) == {"exports", *STAND_INS}
    told = [line for line in result.stderr.splitlines() if "is left out" in line]
    assert len(told) == 2


@pytest.mark.proof("real server", "Radicale and Tryton 7.0, in the demo")
def test_one_company_is_seen_across_exports_real_servers_and_stand_ins(concord: Concord) -> None:
    result = concord("demo", "--customers", "60", "--seed", str(SEED), "--keep", "kept", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["ok"], answer["left"], answer["missing"]) == (True, 0, {})
    assert set(answer["sources"]) == {"exports", "front_desk", "books", *STAND_INS}
    counted = sum(sum(records.values()) for records in answer["sources"].values())
    assert counted == sum(stream["read"] for stream in answer["sync"]["streams"])
    first = answer["customers"][0]
    seen = [(item["kind"], item["sources"]) for item in first["timeline"]]
    assert ("meeting", ["crm/meetings", "exports/events", "front_desk/events"]) in seen
    assert ("invoice", ["books/invoices", "crm/notes"]) in seen
    assert ("order", ["crm/notes", "exports/shopify_orders", "shop/orders"]) in seen
    assert ("payment", ["crm/notes", "payments/charges", "shop/orders"]) in seen
    assert ("email", ["crm/emails", "exports/mail", "ilse/messages", "shop_mail/messages"]) in seen
    assert ("meeting", ["bas/events", "crm/meetings", "ilse/events"]) in seen
    assert "books" in {member["connection"] for member in first["customer"]["members"]}
    assert all(story["crm"] for story in answer["customers"])

    assert_money_counts_once(answer)

    def asked(*words: str) -> Any:
        return json.loads(concord("customers", *words, "--config", "kept/concord.yaml", "--json").stdout)

    (lead,) = asked("find", LEAD)
    timeline = asked("timeline", lead["id"])
    assert [item["sources"] for item in timeline if item["kind"] == "lead"] == [
        ["ads/leads", "crm/notes", "exports/meta_leads"]
    ]
    for connection, email in answered().items():
        (customer,) = asked("find", email)
        kinds = {item["kind"]: item["sources"] for item in asked("timeline", customer["id"])}
        assert kinds["lead"] == ["crm/notes", f"{connection}/leads"]
        assert "order" in kinds


def assert_money_counts_once(answer: Any) -> None:
    """Customers come to what the company itself has sold, in all and one by one, and the CRM holds just that."""
    worth = answer["worth"]
    assert worth["planned"] == worth["told"] != "0.00"
    people = populate(dice(SEED, "people"), 60)
    truth = takings(business(SEED, people).tills(keep_books(dice(SEED, "books"), people)))
    assert rounded(sum(truth.values(), Fraction(0)), 2) == worth["told"]
    with doors.open_hub(Path("kept/concord.yaml"), Silent()) as hub:
        found = {people[number]: hub.find_customers(people[number].emails[0], 1) for number in truth}
        views = {person.number: hub.customer(one.id) for person, (one, *_) in found.items() if one}
    values = {number: {each.trait: each.value for each in view.traits} for number, view in views.items()}
    right = [number for number, traits in values.items() if traits.get(TRAIT) == rounded(truth[number], 2)]
    assert len(right) >= 0.9 * len(truth), sorted(truth.keys() - set(right))
    for story in answer["customers"]:
        known = {each["trait"]: each["value"] for each in story["customer"]["traits"]}
        held = next(fields for place, fields in story["crm"].items() if "/contacts/" in place)
        assert held.get(TRAIT) == known.get(TRAIT)
        assert held.get("order_count") == (str(known["order_count"]) if "order_count" in known else None)


def answered() -> dict[str, str]:
    """The address of somebody who has filled in the form of each connection, plainly enough to be found by it."""
    people = populate(dice(SEED, "people"), 60)
    given = {
        "google_ads": [lead[0]["EMAIL"] for lead in campaigns.google(dice(SEED, "google"), people).contents["leads"]],
        "tiktok": [lead[0]["Email"] for lead in campaigns.tiktok(dice(SEED, "tiktok"), people).contents["leads"]],
        "linkedin": [
            lead[0]["EMAIL"] for lead in campaigns.linkedin(dice(SEED, "linkedin"), people, NOW).contents["leads"]
        ],
    }
    once = Counter(email for emails in given.values() for email in emails)
    known = {person.emails[0] for person in people}
    return {name: next(one for one in emails if one in known and once[one] == 1) for name, emails in given.items()}


def test_the_demo_tells_of_the_users_own_exports_and_only_reads_them(concord: Concord, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    text = "First Name,Last Name,Labels,E-mail 1 - Value\nAda,Example,* myContacts,ada@post.example\n"
    (exports / "contacts.csv").write_text(text)
    result = concord("demo", "--folder", "exports", "--country", "gb")
    assert result.exit_code == 0, result.output
    assert "Known from most places" in result.stdout
    assert "ada@post.example" in result.stdout
    assert [file.name for file in exports.iterdir()] == ["contacts.csv"]
    assert (exports / "contacts.csv").read_text() == text


def test_the_sandbox_tells_how_to_reach_it_and_ends_well_with_ctrl_c(
    concord: Concord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    @contextmanager
    def stand_in(vendor: str, port: int) -> Any:
        url = f"http://127.0.0.1:{port}"
        yield SimpleNamespace(url=url, settings={"base_url": url, "access_token": "let-me-in"}, wait=interrupted)

    monkeypatch.setattr(doors, "stand_in", stand_in)
    result = concord("sandbox", "hubspot", "--port", "8123", "--json")
    assert result.exit_code == 0
    url = "http://127.0.0.1:8123"
    config = {"base_url": url, "access_token": "let-me-in"}
    assert json.loads(result.stdout) == {"vendor": "hubspot", "url": url, "config": config}
