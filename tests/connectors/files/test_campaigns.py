"""Leads of ads and members of newsletters."""

from __future__ import annotations

import pytest

from tests.connectors.files.support import Folder

LEADS = (
    "id,created_time,ad_id,ad_name,adset_id,adset_name,campaign_id,campaign_name,form_id,form_name,is_organic,platform,"
    "which_centre_would_you_prefer?,{name},{email},{phone},post_code,inbox_url,lead_status\n"
)
LEAD = (
    "l:7,2026-05-01T10:00:00+0200,ag:1,Ad,as:2,Set,c:3,Spring,f:4,Trial,false,ig,Ede,Kim Plum,kim@plum.example,"
    "p:+31612345678,z:6711 AA,https://business.example/7,CREATED\n"
)
TEST_LEAD = (
    "l:8,2026-05-01T11:00:00+0200,ag:1,Ad,as:2,Set,c:3,Spring,f:4,Trial,false,fb,<test lead: dummy data for centre>,"
    "<test lead: dummy data for full_name>,test@meta.com,<test lead: dummy data for phone_number>,z:1,,CREATED\n"
)


@pytest.mark.parametrize(
    "labels",
    [
        {"name": "full_name", "email": "email", "phone": "phone_number"},
        {"name": "nombre_completo", "email": "correo_electrónico", "phone": "número_de_teléfono"},
        {"name": "vollständiger_name", "email": "e-mail-adresse", "phone": "telefonnummer"},
        {"name": "full_name", "email": "sähköposti", "phone": "puhelinnumero"},
    ],
)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_a_lead_is_a_person_and_an_activity_in_any_language(
    folder: Folder, labels: dict[str, str], encoding: str
) -> None:
    delimiter = "\t" if encoding == "utf-16" else ","
    folder.put("leads.csv", (LEADS.format(**labels) + LEAD).replace(",", delimiter).encode(encoding))
    person = folder.one("meta_leads", "person")
    assert (person["name"], person["email"], person["phone"]) == ("Kim Plum", "kim@plum.example", "+31612345678")
    assert (person["ids"], person["stage"]) == (["meta:lead:7"], "lead")
    assert person["address"]["postal_code"] == "6711 AA"
    lead = folder.one("meta_leads", "lead")
    assert (lead["key"], lead["activity"], lead["at"]) == ("meta:lead:7", "lead", "2026-05-01T08:00:00Z")
    assert (lead["campaign"], lead["channel"]) == ("Spring", "instagram")
    assert lead["answers"] == {"which_centre_would_you_prefer?": "Ede"}
    assert lead["custom"]["campaign_id"] == "3"
    assert lead["participants"][0]["phone"] == "+31612345678"


def test_a_test_lead_is_kept_and_is_nobody(folder: Folder) -> None:
    folder.put("leads.csv", LEADS.format(name="full_name", email="email", phone="phone_number") + TEST_LEAD)
    assert len(folder.read("meta_leads").records) == 1
    assert folder.entities("meta_leads") == []


MEMBERS = (
    '"Email Address","First Name","Last Name",Address,Birthday,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,'
    "CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS{more}\n"
)
MEMBER = (
    'kim@plum.example,Kim,Plum,"Laan 2  Ede 6711 AA",03/07,2,,,"2026-01-02 10:00:00",,,,,,,NL,GE,"2026-04-01 12:00:00",'
    '101,e1,,"""VIP"",""Blog, news"""{more}\n'
)


@pytest.mark.parametrize(
    ("name", "status", "granted"),
    [
        ("subscribed_email_audience_export_1a.csv", "subscribed", True),
        ("unsubscribed_email_audience_export_1a.csv", "unsubscribed", False),
        ("cleaned_email_audience_export_1a.csv", "cleaned", False),
    ],
)
def test_the_name_of_a_mailchimp_file_is_consent(folder: Folder, name: str, status: str, granted: bool) -> None:
    folder.put(name, MEMBERS.format(more="") + MEMBER.format(more=""))
    person = folder.one("mailchimp_audience", "person")
    assert person["email_consent"] is granted
    assert (person["tags"], person["birth_date"]) == (["VIP", "Blog, news"], "--03-07")
    consent = folder.one("mailchimp_audience", "consent")
    assert (consent["status"], consent["granted"], consent["purpose"]) == (status, granted, "marketing_email")
    assert consent["at"] in ("2026-01-02T10:00:00Z", "2026-04-01T12:00:00Z")


def test_who_never_subscribed_has_said_nothing(folder: Folder) -> None:
    folder.put("nonsubscribed_audience.csv", MEMBERS.format(more="") + MEMBER.format(more=""))
    assert [entity.part for entity in folder.entities("mailchimp_audience")] == ["person"]


def test_a_member_who_moved_to_the_unsubscribed_file_is_one_record_with_the_later_word(folder: Folder) -> None:
    left = MEMBER.format(more=',"2026-04-02 08:00:00","too many"').replace("2026-04-01 12", "2026-04-02 08")
    folder.put("unsubscribed_a.csv", MEMBERS.format(more=",UNSUB_TIME,UNSUB_REASON") + left)
    folder.put("subscribed_a.csv", MEMBERS.format(more="") + MEMBER.format(more=""))
    latest = folder.read("mailchimp_audience").latest
    assert list(latest) == ["e1"]
    assert latest["e1"].body["_status"] == "unsubscribed"
    told = [e.values for e in folder.entities("mailchimp_audience") if e.part == "consent" and not e.values["granted"]]
    assert (told[0]["at"], told[0]["text"]) == ("2026-04-02T08:00:00Z", "too many")


def test_a_line_break_in_a_cell_of_tags_is_a_space(folder: Folder) -> None:
    member = MEMBER.format(more="").replace('"""VIP"",""Blog, news"""', '"VIP,Blog\rnews"')
    folder.put("subscribed_email_audience_export_1a.csv", MEMBERS.format(more="") + member)
    assert folder.one("mailchimp_audience", "person")["tags"] == ["VIP", "Blog news"]
