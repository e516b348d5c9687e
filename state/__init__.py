"""The database: tables, migrations and one repository a subject. All SQL of Concord lives here."""
