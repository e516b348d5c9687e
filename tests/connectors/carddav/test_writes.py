"""What can go wrong while cards are written, on real servers."""

from __future__ import annotations

import pytest

from connectors.carddav.lives import uid_of
from connectors.carddav.properties import KEY
from connectors.carddav.writes import CHANGED
from connectors.core.protocols import Writes
from mapping.contract import Change, Op, Outcome, RemoteId, Status
from mapping.errors import AuthError, ConfigError, RateLimitedError
from tests.connectors.carddav.books import card
from tests.connectors.carddav.desk import Desk

CONTACTS = "contacts"


def write(writes: Writes, *changes: Change) -> list[Outcome]:
    """The outcomes, in order."""
    return list(writes.write(CONTACTS, changes))


def upsert(number: int = 1, **values: object) -> Change:
    """A change that brings a person into being."""
    return Change(f"key-{number}", Op.UPSERT, f"c_{number}", set={"fn": f"Kim {number}", **values})


def update(id_: str, expect: str | None = None, clear: tuple[str, ...] = (), **values: object) -> Change:
    """A change of a card that is there."""
    return Change("key", Op.UPDATE, remote_id=RemoteId(id_), set=values, clear=clear, expect=expect)


def planted(desk: Desk, *lines: str, name: str = "kim.vcf", book: int = 0, uid: str = "kim") -> str:
    """The id of a card that somebody else made."""
    id_ = f"{desk.paths[book]}{name}"
    desk.books.put(id_, card(uid, *lines))
    return id_


def test_a_create_without_a_name_or_a_key_is_refused_and_costs_no_neighbour(desk: Desk) -> None:
    nameless = Change("nameless", Op.UPSERT, "c_7", set={"email": "kim@plum.example"})
    keyless = Change("keyless", Op.UPSERT, set={"fn": "Kim"})
    one, two, three = write(desk.writes(), nameless, keyless, upsert())
    assert (one.status, one.error) == (Status.FAILED, "fn: every card has a name, and nobody said one")
    assert (two.status, "key" in two.error) == (Status.FAILED, True)
    assert three.status is Status.CREATED
    assert len(desk.remote()) == 1


def test_where_there_are_several_books_somebody_must_say_which_is_for_new_cards(desk: Desk) -> None:
    with pytest.raises(ConfigError, match=r"new_cards_in: name the address book .*book \d+, book \d+"):
        desk.writes(new_cards_in="").provision(CONTACTS, True)
    with pytest.raises(ConfigError, match="no address book 'Nowhere' is read"):
        desk.writes(new_cards_in="Nowhere").provision(CONTACTS, True)
    with pytest.raises(ConfigError, match="there is no address book 'Gone'"):
        list(desk.contacts(address_books=["Gone"]).slices())
    alone = desk.writes(address_books=[desk.names[1]], new_cards_in="")
    (made,) = write(alone, upsert())
    assert made.remote_id == f"{desk.paths[1]}{uid_of('c_1')}.vcf"


def test_what_somebody_writes_between_our_read_and_our_write_is_kept(desk: Desk) -> None:
    id_ = planted(desk)
    desk.proxy.faults.fail(412, method="PUT")
    (refused,) = write(desk.writes(), update(id_, title="Buyer"))
    assert (refused.status, "refuses" in refused.error) == (Status.FAILED, True), "nobody had changed it"
    stale = desk.books.etag(id_)
    desk.touch(RemoteId(id_))
    (conflict,) = write(desk.writes(), update(id_, stale, note="ours"))
    assert (conflict.status, conflict.error) == (Status.FAILED, CHANGED)
    assert "TITLE:touched" in desk.books.get(id_)
    (merged,) = write(desk.writes(), update(id_, note="ours"))
    assert merged.status is Status.UPDATED, "without a version asked for, it is read anew and merged"
    assert "TITLE:touched" in desk.books.get(id_)
    assert "NOTE:ours" in desk.books.get(id_)
    assert merged.version == desk.books.etag(id_)


def test_a_stale_version_of_a_card_that_says_it_all_is_no_conflict(desk: Desk) -> None:
    id_ = planted(desk, "TITLE:Buyer")
    (same,) = write(desk.writes(), update(id_, '"stale"', title="Buyer", clear=("note",)))
    assert (same.status, same.version) == (Status.UNCHANGED, desk.books.etag(id_))
    assert same.acknowledged == {"title": "Buyer", "note": ""}


def test_a_card_is_archived_only_as_it_was_known(desk: Desk) -> None:
    id_ = planted(desk)
    stale = desk.books.etag(id_)
    desk.touch(RemoteId(id_))
    for version, expected in ((stale, Status.FAILED), (desk.books.etag(id_), Status.UPDATED), (None, Status.UNCHANGED)):
        change = Change("key", Op.ARCHIVE, remote_id=RemoteId(id_), expect=version)
        assert write(desk.writes(), change)[0].status is expected
    assert desk.remote() == {}


def test_a_repeated_create_finds_its_card_wherever_it_has_been_put(desk: Desk) -> None:
    (made,) = write(desk.writes(), upsert(title="Buyer"))
    assert made.remote_id is not None
    text = desk.books.get(made.remote_id)
    moved = f"{desk.paths[1]}moved.vcf"
    desk.books.delete(made.remote_id)
    desk.books.put(moved, text)
    (again,) = write(desk.writes(), upsert(title="Head of buying"))
    assert (again.status, again.remote_id) == (Status.UPDATED, moved)
    assert len(desk.remote()) == 1


def test_a_card_that_lost_our_key_and_its_name_is_still_known_by_its_uid(desk: Desk) -> None:
    renamed = planted(desk, name="renamed.vcf", uid=uid_of("c_1"))
    (again,) = write(desk.writes(), upsert(title="Buyer"))
    assert (again.status, again.remote_id) == (Status.UPDATED, renamed)
    assert "X-CONCORD-ID:c_1" in desk.books.get(renamed)


def test_cards_of_two_books_may_share_uid_and_name_and_stay_two(desk: Desk) -> None:
    ids = {planted(desk, "EMAIL:kim@plum.example", book=book) for book in (0, 1)}
    stream = desk.contacts()
    pages = [page for slice_ in stream.slices() for page in stream.read(slice_, None)]
    assert {record.remote_id for page in pages for record in page.records} == ids
    found = desk.writes().find(CONTACTS, "email", ["KIM@plum.example"])
    assert {remote.remote_id for remote in found["KIM@plum.example"]} == ids
    (first, _) = sorted(ids)
    assert write(desk.writes(), update(first, title="Buyer"))[0].status is Status.UPDATED
    titles = {id_: fields.get("title") for id_, fields in desk.remote().items()}
    assert sorted(titles.values(), key=str) == ["Buyer", None]


def test_cards_are_found_by_any_email_or_number_and_where_the_server_cannot_search(desk: Desk) -> None:
    id_ = planted(desk, "EMAIL:kim@plum.example", "EMAIL;TYPE=HOME:kim@home.example", "TEL:+44 (0)20 7946-0001")
    planted(desk, "EMAIL:kim@plum.example", "X-ABShowAs:COMPANY", name="company.vcf", uid="company")
    planted(desk, "EMAIL:akim@plum.example", "TEL:+44 20 7946 0002", name="other.vcf", uid="other")
    assert [
        one.remote_id for one in desk.writes().find(CONTACTS, "email", ["kim@plum.example"])["kim@plum.example"]
    ] == [id_]
    for field, value in (("email", "Kim@home.example"), ("tel", "+442079460001"), ("uid", "kim"), ("fn", "Kim Plum")):
        for refused in (False, True):
            if refused:
                desk.proxy.faults.fail(403, method="REPORT")  # the search of the book in which it lies
            found = desk.writes().find(CONTACTS, field, [value, "nobody@plum.example"])
            desk.proxy.faults.clear()
            ids = [remote.remote_id for remote in found[value]]
            assert id_ in ids
            assert len(ids) == (2 if field == "fn" else 1)
            assert "nobody@plum.example" not in found
    assert desk.writes().find(CONTACTS, "colour", ["red"]) == {}


def test_a_large_card_goes_both_ways_and_keeps_its_photo(desk: Desk) -> None:
    photo = "PHOTO;ENCODING=b;TYPE=JPEG:" + "QUFB" * 5_000
    id_ = planted(desk, photo, "NOTE:" + "word\\n" * 50_000)
    note = "Zoë 山田; , \\ \n" * 15_000
    (outcome,) = write(desk.writes(), update(id_, note=note, title="Buyer"))
    assert outcome.status is Status.UPDATED
    held = desk.books.get(id_).replace("\r\n ", "")
    assert "QUFB" * 5_000 in held
    assert desk.remote()[RemoteId(id_)]["note"] == note
    (same,) = write(
        desk.writes(), update(id_, note=desk.writes().fetch(CONTACTS, [RemoteId(id_)])[RemoteId(id_)].fields["note"])
    )
    assert same.status is Status.UNCHANGED


def test_a_refusal_costs_one_card_and_a_missing_login_all(desk: Desk) -> None:
    desk.proxy.faults.fail(403, method="PUT")
    one, two = write(desk.writes(), upsert(1), upsert(2))
    assert (one.status, two.status) == (Status.FAILED, Status.CREATED)
    assert "403" in one.error
    desk.proxy.faults.fail(401, method="PUT", times=2)
    with pytest.raises(AuthError):
        write(desk.writes(), upsert(3), upsert(4))
    assert len(desk.remote()) == 1


def test_what_was_not_sent_any_more_is_unknown_and_the_rest_is_acknowledged(desk: Desk) -> None:
    desk.proxy.faults.fail(429, method="PUT", skip=1, times=100, retry_after=10_000)
    one, two, three = write(desk.writes(), upsert(1), upsert(2), upsert(3))
    assert (one.status, two.status, three.status) == (Status.CREATED, Status.UNKNOWN, Status.UNKNOWN)
    with pytest.raises(RateLimitedError):
        write(desk.writes(), upsert(2), upsert(3))
    desk.proxy.faults.clear()
    assert {one.status for one in write(desk.writes(), upsert(1), upsert(2), upsert(3))} == {
        Status.UNCHANGED,
        Status.CREATED,
    }
    assert len(desk.remote()) == 3


def test_an_answer_lost_again_and_again_makes_one_card_and_is_told_as_unknown(desk: Desk) -> None:
    desk.proxy.faults.drop_answer(method="PUT", times=1)
    assert write(desk.writes(), upsert(1))[0].status in (Status.CREATED, Status.UNCHANGED)
    desk.proxy.faults.fail(503, method="PUT", times=100)
    assert write(desk.writes(), upsert(2))[0].status is Status.UNKNOWN
    desk.proxy.faults.clear()
    assert desk.writes().find(CONTACTS, KEY, ["c_1", "c_2"]).keys() == {"c_1"}


def test_what_was_written_is_acknowledged_even_if_it_cannot_be_looked_at(desk: Desk) -> None:
    writes = desk.writes()
    writes.provision(CONTACTS, False)
    desk.proxy.faults.fail(500, method="REPORT", skip=2, times=100)
    (outcome,) = write(writes, upsert(1, title="Buyer"))
    assert (outcome.status, outcome.acknowledged) == (Status.CREATED, {"fn": "Kim 1", "title": "Buyer"})


def test_a_revision_is_renewed_where_the_card_has_one(desk: Desk) -> None:
    id_ = planted(desk, "REV:20200101T000000Z")
    write(desk.writes(), update(id_, title="Buyer"))
    assert f"REV:{desk.clock.now():%Y%m%dT%H%M%SZ}" in desk.books.get(id_)
    assert write(desk.writes(), update(id_, title="Buyer"))[0].status is Status.UNCHANGED


def test_a_card_of_version_4_stays_one(desk: Desk) -> None:
    id_ = f"{desk.paths[0]}new.vcf"
    desk.books.put(id_, card("new", "TEL;VALUE=uri;PREF=1:tel:+44-20-7946-0001", version="4.0"))
    (outcome,) = write(desk.writes(), update(id_, bday="--03-07", tel="+442079460001"))
    assert outcome.status is Status.UPDATED
    text = desk.books.get(id_)
    assert "VERSION:4.0" in text
    assert "BDAY:--0307" in text
    assert "tel:+44-20-7946-0001" in text
