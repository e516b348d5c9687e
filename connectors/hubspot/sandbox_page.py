"""What a person sees at the stand-in's front door: the contacts, each with its company and its timeline."""

from __future__ import annotations

from html import escape

from connectors.hubspot.portal import Portal, Record
from connectors.hubspot.portal_schema import ENGAGEMENTS

MOST_SHOWN = 200
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2733}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #dde3ea;padding:.5rem;text-align:left;"
    "vertical-align:top}small{color:#5b6b7c}li{margin:.15rem 0}ul{margin:0;padding-left:1rem}"
)
TITLES = {
    "emails": ("hs_email_subject", "hs_email_text"),
    "meetings": ("hs_meeting_title", "hs_meeting_body"),
    "calls": ("hs_call_title", "hs_call_body"),
    "notes": ("hs_note_body", "hs_note_body"),
}


def render(portal: Portal) -> str:
    """The page as HTML; the newest contacts first, at most two hundred."""
    contacts = sorted(portal.live("contacts"), key=lambda each: each.updated, reverse=True)
    rows = "".join(_row(portal, each) for each in contacts[:MOST_SHOWN])
    count = f"{len(contacts)} contacts, {sum(1 for _ in portal.live('companies'))} companies"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>HubSpot stand-in</title><style>{STYLE}</style>"
        f"<h1>HubSpot stand-in</h1><p>Account {portal.account}: {count}.</p>"
        f"<table><tr><th>Contact</th><th>Company</th><th>Stage</th><th>Timeline</th></tr>{rows}</table></html>"
    )


def _row(portal: Portal, contact: Record) -> str:
    values = contact.properties
    name = f"{values.get('firstname', '')} {values.get('lastname', '')}".strip() or "(no name)"
    companies = [
        portal.drawer("companies").records[each] for each in portal.linked("contacts", contact.id, "companies")
    ]
    company = ", ".join(each.properties.get("name", each.id) for each in companies) or values.get("company", "")
    reach = ", ".join(filter(None, (values.get("email"), values.get("phone"))))
    return (
        f"<tr><td><b>{escape(name)}</b><br><small>{escape(reach)} · {contact.id}</small></td>"
        f"<td>{escape(company)}</td><td>{escape(values.get('lifecyclestage', ''))}</td>"
        f"<td><ul>{''.join(_moments(portal, contact))}</ul></td></tr>"
    )


def _moments(portal: Portal, contact: Record) -> list[str]:
    found: list[tuple[str, str]] = []
    for kind in ENGAGEMENTS:
        for each in portal.linked("contacts", contact.id, kind):
            values = portal.drawer(kind).records[each].properties
            title = next((values[name] for name in TITLES[kind] if values.get(name)), "")
            when = values.get("hs_timestamp", "")[:16].replace("T", " ")
            found.append((when, f"<li><small>{escape(when)} {kind.rstrip('s')}</small> {escape(title[:80])}</li>"))
    return [text for _, text in sorted(found, reverse=True)]
