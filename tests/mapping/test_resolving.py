"""From values to customers with the model that ships: everyday cases, without a store."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mapping.blocking import keys, most, sought
from mapping.clustering import Edge, clusters
from mapping.comparison import Comparison, comparison
from mapping.features import compare
from mapping.model import Kind
from mapping.scoring import cautious, default
from mapping.statistics import snapshot


def candidates(records: list[Comparison]) -> set[tuple[int, int]]:
    counts = Counter(key for one in records for key in keys(one))
    wide = frozenset(key for key, count in counts.items() if count > most(key))
    blocks: dict[int, list[int]] = {}
    filed = [keys(one, wide) for one in records]
    for number, mine in enumerate(filed):
        for key in mine:
            blocks.setdefault(key, []).append(number)
    return {
        (a, b) for a, mine in enumerate(filed) for key in sought(mine) for b in blocks.get(key, ()) if a < b
    }  # fmt: skip


def resolve(*values: dict[str, Any], kind: Kind = Kind.PERSON) -> list[tuple[int, ...]]:
    """The groups of records that come together by machine."""
    records = [comparison(kind.value, one) for one in values]
    counts, model = snapshot(records), default(kind)
    edges = [
        Edge(a, b, cautious(model, compare(records[a], records[b], counts), counts.records))
        for a, b in candidates(records)
    ]
    found = clusters(dict(enumerate(records)), edges)
    return [one.members for one in found]


BOB = {"given_name": "Robert", "family_name": "Quillfeather", "email": "bob.quillfeather@web.de"}


def test_one_person_in_four_tools_is_one() -> None:
    assert resolve(
        BOB,
        {"name": "Quillfeather, Bob", "email": "Bob.Quillfeather@web.de".lower(), "phone": "+12025550143"},
        {"name": "Bob Quillfeather", "phone": "+12025550143"},
        {"name": "Robert Quilfeather", "email": "bob.quillfeather@web.de", "birth_date": "1980-03-04"},
    ) == [(0, 1, 2, 3)]


def test_a_family_that_shares_phone_and_email_stays_a_family() -> None:
    shared = {"email": "quillfeathers@web.de", "phone": "+12025550143", "family_name": "Quillfeather"}
    address = {"address": {"street": "12 High Street", "locality": "Leeds", "postal_code": "LS1 1AA"}}
    people = [{"given_name": name, **shared, **address} for name in ("Robert", "Mary", "Tom")]
    assert resolve(*people) == [(0,), (1,), (2,)]


def test_father_and_son_of_one_name_stay_two() -> None:
    home = {"address": {"street": "12 High Street", "locality": "Leeds"}, "phone": "+12025550143"}
    assert resolve({"name": "John Quillfeather Sr.", **home}, {"name": "John Quillfeather Jr.", **home}) == [(0,), (1,)]


def test_colleagues_behind_one_line_stay_apart() -> None:
    line = {"phone": "+12025550143", "company": "Acme Ltd"}
    names = ("Ann Quillfeather", "Tom Baker", "Igor Petrov", "Maria Lopez")
    assert resolve(*({"name": name, **line} for name in names)) == [(0,), (1,), (2,), (3,)]


def test_a_nameless_record_joins_nobody_when_its_phone_is_recycled() -> None:
    phone = {"phone": "+12025550143"}
    found = resolve({"name": "Ann Quillfeather", **phone}, phone, {"name": "Igor Petrov", **phone})
    assert all(not {0, 2} <= set(group) for group in found)


def test_a_mailbox_of_everybody_merges_nobody() -> None:
    found = resolve(*({"email": "info@example.com", "given_name": f"Name{number}"} for number in range(2_000)))
    assert len(found) == 2_000


GIVEN = "Ann Igor Maria Tom Olga Pierre Fatima Juan Walter Chloe Hugo Ingrid Ravi Yuki Zoe Karl Bruno Leila Otto Vera"
FAMILY = "Quill Petrov Lopez Baker Dubois Haddad Schmidt Okafor Tanaka Novak Rossi Jensen Murphy Kaplan Ferreira"


def test_a_mailbox_that_a_whole_company_shares_merges_nobody() -> None:
    people = [f"{given} {family}" for given in GIVEN.split() for family in FAMILY.split()]
    assert len(resolve(*({"email": "everybody@acme.com", "name": name} for name in people))) == len(people)


def test_a_company_is_one_whatever_its_legal_form() -> None:
    found = resolve(
        {"name": "Quillfeather Foods Ltd.", "website": "https://www.quillfeather.co.uk", "phone": "+12025550143"},
        {"name": "QUILLFEATHER FOODS LIMITED", "domain": "quillfeather.co.uk", "phone": "+12025550143"},
        {"name": "Quillfeather Tools Inc.", "website": "https://quillfeather-tools.com"},
        kind=Kind.ORGANIZATION,
    )
    assert found == [(0, 1), (2,)]
