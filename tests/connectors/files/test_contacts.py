"""Address books become people, or organisations where a card names nobody."""

from __future__ import annotations

import pytest

from mapping.model import Kind
from tests.connectors.files.support import Folder

GOOGLE = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Name Prefix,Name Suffix,Nickname,File As,Organization Name,"
    "Organization Title,Organization Department,Birthday,Notes,Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,"
    "E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Label,Address 1 - Formatted,"
    "Address 1 - Street,Address 1 - City,Address 1 - Postal Code,Address 1 - Country,Custom Field 1 - Label,"
    "Custom Field 1 - Value\n"
)


def test_google_contacts_of_the_new_layout(folder: Folder) -> None:
    folder.put(
        "contacts.csv",
        GOOGLE + "Noor,van der,Laan,,Dr,,Noortje,,Plum,Buyer,Sales,--03-07,Met in Ede,,* myContacts ::: Work ::: Fair,"
        "Home,noor@home.example,* Work,noor@plum.example ::: n.laan@plum.example,Mobile,06 12345678 ::: +31 20 1234567,"
        'Work,"Laan 2\nEde",Laan 2,Ede,6711 AA,NL,Shoe,41\n',
    )
    person = folder.one("google_contacts", "person")
    assert (person["given_name"], person["additional_name"], person["family_name"]) == ("Noor", "van der", "Laan")
    assert person["email"] == "noor@plum.example"  # the starred one
    assert person["emails"] == ["n.laan@plum.example", "noor@home.example"]
    assert (person["phone"], person["phones"]) == ("+31612345678", ["+31201234567"])
    assert person["birth_date"] == "--03-07"
    assert person["tags"] == ["Work", "Fair"]
    assert person["address"]["street"] == "Laan 2"
    assert (person["company"], person["job_title"]) == ("Plum", "Buyer")
    assert person["custom"]["Custom Field 1 - Value"] == "41"


def test_google_contacts_of_the_older_layout_and_an_organisation_without_a_person(folder: Folder) -> None:
    folder.put(
        "google.csv",
        "Name,Given Name,Additional Name,Family Name,Birthday,Notes,Group Membership,E-mail 1 - Type,E-mail 1 - Value,"
        "Phone 1 - Type,Phone 1 - Value,Organization 1 - Name,Organization 1 - Title\n"
        "Bo Berg,Bo,,Berg,1980-12-31,,* myContacts,* Home,bo@berg.example,,,,\n"
        ",,,,,,* myContacts,* ,info@plum.example,Work,+31201234567,Plum BV,\n",
    )
    person, company = folder.entities("google_contacts")
    assert (person.kind, person.values["birth_date"]) == (Kind.PERSON, "1980-12-31")
    assert (company.kind, company.values["name"]) == (Kind.ORGANIZATION, "Plum BV")
    assert company.values["email"] == "info@plum.example"


@pytest.mark.parametrize(
    "header",
    [
        "First Name,Last Name,Company,Job Title,E-mail Address,E-mail Type,E-mail 2 Address,Mobile Phone,"
        "Business Phone,Business Street,Business City,Birthday,Categories",
        "Vorname,Nachname,Firma,Position,E-Mail-Adresse,E-Mail-Typ,E-Mail 2: Adresse,Mobiltelefon,"
        "Telefon geschäftlich,Straße geschäftlich,Ort geschäftlich,Geburtstag,Kategorien",
    ],
)
def test_outlook_contacts_in_the_code_page_of_their_machine(folder: Folder, header: str) -> None:
    folder.put(
        "outlook.csv",
        (
            f"{header}\nJörg,Grün,Plüm GmbH,Einkauf,jorg@plum.example,SMTP,/o=ExchangeLabs/cn=jorg,0171 1234567,,"
            "Allee 1,Köln,0/0/00,Kunde;VIP\n"
            ",,Plüm GmbH,,info@plum.example,SMTP,,,0221 123456,,,3/7/1980,\n"
        ).encode("cp1252"),
    )
    person, company = folder.entities("outlook_contacts", "DE")
    assert (person.values["given_name"], person.values["company"]) == ("Jörg", "Plüm GmbH")
    assert person.values["email"] == "jorg@plum.example"
    assert person.values["custom"] == {"email_as_given": ["/o=ExchangeLabs/cn=jorg"]}
    assert person.values["tags"] == ["Kunde", "VIP"]
    assert person.values["address"]["locality"] == "Köln"
    assert company.kind is Kind.ORGANIZATION
    # 3/7 is March or July: kept as it is, not guessed at.
    assert company.values["custom"] == {"Birthday": "3/7/1980"}


def test_linkedin_connections_lose_their_credentials_and_closed_accounts_are_nobody(folder: Folder) -> None:
    folder.put(
        "Connections.csv",
        'Notes:\n"When exporting, most addresses are missing."\n\n'
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
        'Ann,"Looper, DipWSET",https://www.linkedin.com/in/Ann-Looper,,Plum,Taster,07 Dec 2025\n'
        ",,,,,,06 Dec 2025\n",
    )
    assert len(folder.read("linkedin_connections").records) == 2
    person = folder.one("linkedin_connections", "person")
    assert (person["family_name"], person["honorific_suffix"]) == ("Looper", "DipWSET")
    assert person["ids"] == ["linkedin:profile:ann-looper"]
    assert person["custom"]["Connected On"] == "07 Dec 2025"


HUBSPOT = {
    "en": "Record ID,First Name,Last Name,Email,Phone Number,Company Name,Lifecycle Stage,Contact owner,"
    "Last Modified Date",
    "en2": "Record ID - Contact,First Name,Last Name,Email,Phone Number,Company name,Lifecycle Stage,Contact owner,"
    "Last Modified Date",
    "de": "Datensatz-ID,Vorname,Nachname,E-Mail,Telefonnummer,Unternehmensname,Lifecycle-Phase,"
    "Zuständiger Mitarbeiter,Datum der letzten Änderung",
    "es": "ID de registro,Nombre,Apellidos,Correo,Número de teléfono,Nombre de la empresa,Etapa del ciclo de vida,"
    "Propietario del contacto,Fecha de última modificación",
}


@pytest.mark.parametrize("language", sorted(HUBSPOT))
def test_hubspot_contacts_in_the_accounts_language(folder: Folder, language: str) -> None:
    folder.put(
        "hubspot.csv",
        HUBSPOT[language] + "\n901,Gaëlle,Perrin,g@perrin.example,+33 1 23 45 67 89,Perrin,Customer,Ina,"
        "2026-04-30 12:15\n",
    )
    (record,) = folder.read("hubspot_contacts").records
    assert record.remote_id == "901"
    assert str(record.changed_at) == "2026-04-30 12:15:00+00:00"
    person = folder.one("hubspot_contacts", "person", "FR")
    assert person["ids"] == ["hubspot:contact:901"]
    assert (person["given_name"], person["company"], person["stage"]) == ("Gaëlle", "Perrin", "customer")
    assert (person["owner"], person["phone"]) == ("Ina", "+33123456789")


def test_deals_of_a_crm_are_not_taken_for_contacts(folder: Folder) -> None:
    folder.put("deals.csv", "Record ID,Deal Name,Deal Stage,Amount\n7001,Casks,Proposal,15000\n")
    assert folder.read("hubspot_contacts").records == []
    (error,) = folder.read("unrecognised").errors
    assert "Record ID, Deal Name, Deal Stage, Amount" in error


def test_salesforce_ids_are_brought_to_eighteen_characters(folder: Folder) -> None:
    folder.put(
        "contacts.csv",
        "Id,IsDeleted,FirstName,LastName,Account.Name,MailingStreet,MailingCity,Email,MobilePhone,HasOptedOutOfEmail,"
        "LastModifiedDate\n"
        "0035g00000ABcde,0,Kim,Plum,Plum BV,Laan 2,Ede,kim@plum.example,+31612345678,1,2026-04-30T10:00:00.000+0000\n"
        "00Q5g00000AbCdEEAV,0,Lee,Pear,Pear Inc,,,lee@pear.example,,0,2026-04-30T10:00:00.000+0000\n"
        "0035g00000ABcdf,1,Gone,Person,,,,gone@plum.example,,0,\n",
    )
    kim, lee = folder.entities("salesforce_contacts")
    assert kim.values["ids"] == ["salesforce:contact:0035g00000ABcdeAAD"]
    assert kim.values["email_consent"] is False
    assert "email_consent" not in lee.values
    assert lee.values["stage"] == "lead"
    assert lee.values["ids"] == ["salesforce:lead:00Q5g00000AbCdEEAV"]


def test_a_salesforce_report_and_an_account_export(folder: Folder) -> None:
    folder.put(
        "report.csv",
        "Contact ID,First Name,Last Name,Account Name,Title,Email,Mailing Street\n"
        "0035g00000ABcde,Kim,Plum,Plum BV,Buyer,kim@plum.example,Laan 2\n",
    )
    folder.put(
        "accounts.csv", "Id,Name,Industry,Phone,Website\n0015g00000ABcde,Plum BV,Food,+31201234567,plum.example\n"
    )
    found = {entity.kind: entity.values for entity in folder.entities("salesforce_contacts")}
    assert found[Kind.PERSON]["job_title"] == "Buyer"
    assert found[Kind.ORGANIZATION]["name"] == "Plum BV"
    assert found[Kind.ORGANIZATION]["industry"] == "Food"


def test_a_salesforce_id_fifteen_long_equals_its_eighteen_form(folder: Folder) -> None:
    rows = "001A0000006Vm9u,Plum BV,kim@plum.example\n001A0000006Vm9uIAC,Plum BV,kim@plum.example\n"
    folder.put("a.csv", "Id,Name,Email\n" + rows)
    assert [r.remote_id for r in folder.read("salesforce_contacts").records] == ["001A0000006Vm9uIAC"] * 2


def test_zoho_and_freshsales_contacts(folder: Folder) -> None:
    folder.put(
        "zoho.csv",
        "Record Id,Contact Owner,First Name,Last Name,Account Name,Email,Mobile,Mailing City,Modified Time,Tag\n"
        'zcrm_4150868000000225013,Ina,Kim,Plum,Plum BV,kim@plum.example,+31612345678,Ede,2026-04-30 12:15:00,"a,b"\n',
    )
    folder.put(
        "freshsales.csv",
        "Id,First name,Last name,Email,Mobile number,Job title,Sales owner,Lifecycle stage\n"
        "15000,Lee,Pear,lee@pear.example,+31612345679,Cook,Ina,Lead\n",
    )
    zoho = folder.one("zoho_contacts", "person")
    assert zoho["ids"] == ["zoho:contact:4150868000000225013"]
    assert zoho["tags"] == ["a", "b"]
    freshsales = folder.one("freshsales_contacts", "person")
    assert freshsales["ids"] == ["freshsales:contact:15000"]
    assert (freshsales["stage"], freshsales["job_title"]) == ("lead", "Cook")


def test_a_crm_contact_without_a_name_is_somebody_all_the_same(folder: Folder) -> None:
    folder.put(
        "hubspot.csv", "Record ID,First Name,Last Name,Email,Company Name\n9,,,kim@plum.example,Plum BV\n10,,,,Pear\n"
    )
    person, company = folder.entities("hubspot_contacts")
    assert (person.kind, person.values["company"]) == (Kind.PERSON, "Plum BV")
    assert (company.kind, company.values["name"]) == (Kind.ORGANIZATION, "Pear")


def test_what_has_no_place_in_the_model_is_kept(folder: Folder) -> None:
    folder.put(
        "hubspot.csv",
        "Record ID,First Name,Email,Lifecycle Stage,Birthday,Create Date,Shoe\n"
        "9,Kim,kim@plum.example,Odd,3/7/1980,3/4/2024,41\n",
    )
    custom = folder.one("hubspot_contacts", "person")["custom"]
    assert custom == {
        "Shoe": "41",
        "Lifecycle Stage": "Odd",
        "Birthday": "3/7/1980",
        "created_at_as_given": "3/4/2024",
    }
