"""The page of connectors is made from what the tests saw, and a proof that fails is none any more."""

from __future__ import annotations

from datetime import date

from connectors.core.registry import BUILT_IN
from tests.proofs import OURS, PAGE, Proof, Proofs, Recorder, load, page

LONG_AGO = "2020-01-01"
CLIENT = Proof("hubspot", "official client", "some-client 1.0", LONG_AGO)
CONTRACT = Proof("hubspot", "contract", "some document", LONG_AGO)


def test_a_proof_that_failed_is_gone_one_that_passed_is_of_today_and_one_that_did_not_run_keeps_its_date() -> None:
    recorder = Recorder(write=True)
    recorder.seen = {
        ("hubspot", "official client", "some-client 1.0"): False,
        ("files", "real server", "some server 2"): True,
    }
    merged = recorder.merged(Proofs(proofs=[CLIENT, CONTRACT]))
    today = date.today().isoformat()  # noqa: DTZ011 - as the page has it
    assert set(merged.proofs) == {CONTRACT, Proof("files", "real server", "some server 2", today)}


def test_what_a_run_saw_of_a_connector_replaces_all_that_was_known_of_it() -> None:
    recorder = Recorder(write=True)
    recorder.abilities = [("stream", "hubspot", "contacts", {"increments": True, "deletes": "native", "window": True})]
    known = Proofs(streams={"hubspot": {"gone": {}}, "files": {"table": {}}}, targets={"hubspot": {"gone": {}}})
    merged = recorder.merged(known)
    assert list(merged.streams["hubspot"]) == ["contacts"]
    assert merged.streams["files"] == {"table": {}}
    assert "hubspot" not in merged.targets


def test_a_proof_of_a_server_that_this_run_did_not_have_stays_with_its_date() -> None:
    """``make test-real`` has the server, ``make proofs`` has not: its tests are left out there."""
    real = Proof("vendure", "real server", "Vendure 3.7.2", LONG_AGO)
    recorder = Recorder(write=True)
    recorder.abilities = [("stream", "vendure", "orders", {"increments": True, "deletes": "sweep", "window": True})]
    recorder.seen = {("hubspot", "contract", "some document"): True}
    merged = recorder.merged(Proofs(proofs=[real, CONTRACT]))
    assert real in merged.proofs
    (row,) = [line for line in page(merged).splitlines() if line.startswith("| [Vendure")]
    assert "real server: Vendure 3.7.2 | 2020-01-01 |" in row


def test_streams_that_differ_are_told_apart_on_the_page() -> None:
    streams = {
        "contacts": {"increments": True, "deletes": "native", "window": True},
        "notes": {"increments": False, "deletes": "sweep", "window": True},
    }
    (row,) = [line for line in page(Proofs(streams={"hubspot": streams})).splitlines() if line.startswith("| [HubSpot")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:] == [
        "contacts, notes",
        "–",
        "contacts",
        "native: contacts; sweep: notes",
        "yes",
        "unverified",
        "never",
    ]


def test_a_connector_without_a_proof_is_called_unverified() -> None:
    assert "| unverified | never |" in page(Proofs())
    assert "| official client: some-client 1.0 | 2020-01-01 |" in page(Proofs(proofs=[CLIENT]))


def test_the_page_is_as_the_tests_wrote_it_and_no_connector_is_missing() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(load()), "run make proofs"
    assert set(load().streams) == set(BUILT_IN) - OURS, "run make proofs"
