"""The invented company's truth against what the hub makes of its exports, through the public door."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import comb

import pytest

from admin.cli import doors
from admin.demo import contacts, marketing, shop
from admin.demo.company import COUNTRY, INTERNAL, NEVER_LOG, SEED, Summary, write_company
from admin.demo.stories import NoTokens
from connectors.core.protocols import Runtime
from mapping.contract import Slice
from sync.reports import Silent

PEOPLE = 500
STREAMS = {
    shop.CUSTOMERS: "shopify_customers",
    shop.ORDERS: "shopify_orders",
    marketing.LEADS: "meta_leads",
    **dict.fromkeys(marketing.AUDIENCE.values(), "mailchimp_audience"),
}
Places = dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return write_company(tmp_path_factory.mktemp("truth") / "exports", SEED, PEOPLE)


@pytest.fixture(scope="module")
def resolved(company: Summary) -> Places:
    """Customer by (stream, record), as numbers, for every profile in the hub after one sync."""
    path = company.folder.parent / "concord.yaml"
    path.write_text(
        f"hub: {{name: K, default_country: {COUNTRY}}}\n"
        f"connections: {{exports: {{connector: files, config: {{path: {company.folder}}}}}}}\n"
        f"privacy: {{internal: {list(INTERNAL)}, never_log: {list(NEVER_LOG)}}}\n"
    )
    with doors.open_hub(path, Silent()) as hub:
        report = hub.sync()
        assert report.ok
        found = hub.find_customers("", 10 * PEOPLE)
        views = [hub.customer(each.id) for each in found]
    return {(one.stream, one.record): number for number, view in enumerate(views) for one in view.members}


@pytest.fixture(scope="module")
def truth(company: Summary) -> Places:
    """Person by (stream, record). Google's export has no ids: its records are told by their order in the file."""
    vendor = doors.vendors()["files"]
    connector = vendor.build(vendor.config(path=str(company.folder)), Runtime(), NoTokens())
    cards = next(stream for stream in connector.streams() if stream.name == "google_contacts")
    keys = [record.remote_id for page in cards.read(Slice(), None) for record in page.records]
    assert len(keys) == company.files[contacts.FILE]
    return {
        ("google_contacts", keys[each.row])
        if each.file == contacts.FILE
        else (STREAMS[each.file], each.key): each.person
        for each in company.origins
        if each.person >= 0
    }


def pairs(groups: Iterable[object]) -> int:
    """How many pairs there are within groups of one name."""
    return sum(comb(count, 2) for count in Counter(groups).values())


def test_every_record_of_a_person_belongs_to_a_customer(resolved: Places, truth: Places) -> None:
    homeless = truth.keys() - resolved.keys()
    assert len(homeless) < 0.01 * len(truth), sorted(homeless)[:5]


def test_records_of_two_people_are_hardly_ever_one_customer_and_those_of_one_mostly_are(
    resolved: Places, truth: Places
) -> None:
    both = [(truth[place], resolved[place]) for place in truth.keys() & resolved.keys()]
    right = pairs(both)
    precision = right / pairs(customer for _, customer in both)
    recall = right / pairs(person for person, _ in both)
    assert precision >= 0.97, f"precision {precision:.4f}, recall {recall:.4f}"
    assert recall >= 0.93, f"precision {precision:.4f}, recall {recall:.4f}"


def test_a_role_mailbox_and_a_test_lead_join_nobody(resolved: Places, company: Summary, truth: Places) -> None:
    strangers = {(STREAMS[each.file], each.key) for each in company.origins if each.person < 0}
    people = {resolved[place] for place in truth.keys() & resolved.keys()}
    assert not {resolved[place] for place in strangers & resolved.keys()} & people
