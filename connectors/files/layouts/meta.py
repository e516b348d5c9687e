"""Meta's lead exports: Facebook and Instagram lead ads."""

from __future__ import annotations

import re
from typing import Any

from connectors.core import meta_leads
from connectors.core.lead_forms import Answer, home_of
from connectors.files.layouts.layout import FileFacts, Layout, Shaped, folded, required

# Every id, phone and zip says what it is in front, so that spreadsheets leave it alone.
_PREFIXES = {"id": "l:", "ad_id": "ag:", "adset_id": "as:", "campaign_id": "c:", "form_id": "f:"}
_PHONE = re.compile(r"p:\s*(\+?[\d(].*)", re.DOTALL)
_ZIP = re.compile(r"z:\s*(\S.*)", re.DOTALL)

_SYSTEM = frozenset(
    (
        *("id", "created_time", "ad_id", "ad_name", "adset_id", "adset_name", "campaign_id", "campaign_name"),
        *("form_id", "form_name", "is_organic", "platform", "inbox_url", "lead_status", "retailer_item_id", "vehicle"),
    )
)


def _bare(name: str, cell: str) -> str:
    prefix = _PREFIXES.get(name)
    if prefix:
        return cell.removeprefix(prefix)
    if name in _SYSTEM:
        return cell
    found = _PHONE.fullmatch(cell) or _ZIP.fullmatch(cell)
    return found.group(1) if found else cell


def _lead(raw: dict[str, Any], facts: FileFacts) -> Shaped:
    required(raw, "id")
    named = {folded(name): cell for name, cell in raw.items()}
    cells = {name: _bare(name, cell) for name, cell in named.items()}
    answers = [
        Answer(name, [cell], home_of(name) or _kind_of(named[name]))
        for name, cell in cells.items()
        if name not in _SYSTEM
    ]
    return Shaped(cells["id"], meta_leads.told(cells, facts.reference("meta", "lead", cells["id"]), answers))


def _kind_of(cell: str) -> str:
    """A question in an unknown language still shows by its answer that it asked for a number or an address."""
    if _PHONE.fullmatch(cell):
        return "phone"
    return "email" if re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", cell) else ""


META_LEADS = Layout(
    stream="meta_leads",
    title="Meta lead ads",
    telling=tuple(sorted(_SYSTEM)),
    recognises=lambda header, rows: (
        {"id", "created_time"} <= header and len(header & {"form_id", "ad_id", "campaign_id", "is_organic"}) > 1
    ),
    shape=_lead,
    rules=meta_leads.RULES,
    version=2,
)
