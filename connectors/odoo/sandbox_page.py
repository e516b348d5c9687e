"""What a person sees at the stand-in's front door: how many records of each model there are, and the partners."""

from __future__ import annotations

from html import escape

from connectors.odoo.database import Database

MOST_SHOWN = 200
SHOWN = ("res.partner", "sale.order", "account.move", "crm.lead", "calendar.event")
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2733}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #dde3ea;padding:.4rem;text-align:left}"
)


def render(database: Database) -> str:
    """The page as HTML; the last changed partners first, at most two hundred."""
    counts = ", ".join(f"{len(database.rows(name))} {name}" for name in SHOWN if database.knows(name))
    partners = sorted(database.rows("res.partner"), key=lambda row: row.changed or row.created, reverse=True)
    rows = ""
    for row in partners[:MOST_SHOWN]:
        cells = (database.title("res.partner", row.id), row.values.get("email"), row.values.get("phone"))
        rows += "<tr>" + "".join(f"<td>{escape(str(each or ''))}</td>" for each in cells) + "</tr>"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Odoo stand-in</title><style>{STYLE}</style>"
        f"<h1>Odoo {database.version} stand-in</h1><p>Database {escape(database.name)}: {escape(counts)}.</p>"
        f"<table><tr><th>Partner</th><th>Email</th><th>Phone</th></tr>{rows}</table></html>"
    )
