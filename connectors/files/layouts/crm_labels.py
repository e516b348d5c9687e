"""What CRMs call the columns of their contact exports, in English, German, French and Spanish.

English names are those seen in several public importers; the others are the common labels of the vendors' own
translations. A column that is labelled otherwise lands in custom.
"""

from __future__ import annotations

LABELS: dict[str, tuple[str, ...]] = {
    "Name": ("Full Name", "Contact Name", "Lead Name"),
    "First Name": ("FirstName", "Vorname", "Prénom", "Nombre"),
    "Last Name": ("LastName", "Nachname", "Nom", "Nom de famille", "Apellidos", "Apellido"),
    "Salutation": ("Anrede", "Civilité", "Saludo", "Tratamiento"),
    "Email": ("E-Mail", "Email Address", "Work Email", "Emails", "E-mail", "Correo", "Correo electrónico"),
    "Additional Emails": ("Additional email addresses", "Secondary Email", "Work emails"),
    "Phone": (
        *("Phone Number", "Telefon", "Telefonnummer", "Téléphone", "Numéro de téléphone", "Teléfono"),
        *("Número de teléfono", "Work Phone", "Business Phone"),
    ),
    "Mobile": (
        *("Mobile Phone", "Mobile Phone Number", "MobilePhone", "Mobiltelefon", "Mobiltelefonnummer", "Mobile Number"),
        *("Téléphone mobile", "Numéro de téléphone mobile", "Teléfono móvil", "Número de teléfono móvil", "Móvil"),
    ),
    "Home Phone": ("HomePhone",),
    "Other Phone": ("OtherPhone",),
    "Company": (
        *(
            "Company Name",
            "Account Name",
            "Account.Name",
            "Associated Company",
            "Unternehmen",
            "Unternehmensname",
            "Firma",
        ),
        *("Accountname", "Entreprise", "Nom de l'entreprise", "Société", "Empresa", "Nombre de la empresa"),
    ),
    "Job Title": ("Title", "JobTitle", "Jobtitel", "Position", "Intitulé du poste", "Fonction", "Cargo", "Designation"),
    "Department": ("Abteilung", "Departamento"),
    "Industry": ("Branche", "Secteur", "Sector"),
    "Lifecycle Stage": ("Lifecycle-Phase", "Phase du cycle de vie", "Etapa del ciclo de vida"),
    "Street": (
        *("Street Address", "Mailing Street", "MailingStreet", "Billing Street", "BillingStreet", "Straße", "Adresse"),
        *("Rue", "Calle", "Dirección", "Address"),
    ),
    "City": ("Mailing City", "MailingCity", "Billing City", "BillingCity", "Stadt", "Ort", "Ville", "Ciudad"),
    "State": ("State/Region", "Mailing State", "MailingState", "Mailing State/Province", "BillingState", "Bundesland"),
    "Postal Code": (
        *("PostalCode", "Zip Code", "Zip", "Zipcode", "Mailing Zip", "Mailing Zip/Postal Code", "MailingPostalCode"),
        *("BillingPostalCode", "Postleitzahl", "PLZ", "Code postal", "Código postal"),
    ),
    "Country": ("Country/Region", "Mailing Country", "MailingCountry", "BillingCountry", "Land", "Pays", "País"),
    "Website": ("Website URL", "Website-URL", "Webseite", "Site web", "Sitio web"),
    "Owner": (
        *("Contact owner", "Lead Owner", "OwnerId", "Owner Name", "Zuständiger Mitarbeiter"),
        *("Kontakt-Inhaber", "Propriétaire du contact", "Propietario del contacto"),
    ),
    "Created": ("Create Date", "CreatedDate", "Created Date", "Created Time", "Created at", "Erstellungsdatum"),
    "Modified": (
        *("Last Modified Date", "LastModifiedDate", "SystemModstamp", "Modified Time", "Updated at", "Last modified"),
        *("Datum der letzten Änderung", "Date de la dernière modification", "Fecha de última modificación"),
    ),
    "Birthday": ("Birthdate", "Date of Birth", "Date of birth", "Geburtsdatum"),
    "Tags": ("Tag", "Schlagwörter"),
    "Description": ("Notes", "Beschreibung"),
    "Opted Out": (
        *("HasOptedOutOfEmail", "Email Opt Out", "Email Opt-Out", "Unsubscribed from all email", "Do not contact"),
        "Von allen E-Mails abgemeldet",
    ),
    "Deleted": ("IsDeleted",),
}

STAGES = {
    "subscriber": "subscriber",
    "lead": "lead",
    "marketing qualified lead": "qualified",
    "sales qualified lead": "qualified",
    "sales accepted lead": "qualified",
    "opportunity": "opportunity",
    "customer": "customer",
    "evangelist": "customer",
    "abonnent": "subscriber",
    "kunde": "customer",
    "client": "customer",
    "cliente": "customer",
    "churned": "former",
}
YES = frozenset(("1", "true", "yes", "x", "ja", "oui", "sí", "si"))
