"""LinkedIn's list of connections."""

from __future__ import annotations

import re
from typing import Any

from connectors.files.layouts.layout import FileFacts, Layout, Shaped, identity_of, rest
from connectors.files.layouts.person import CONTACT_RULES, contact, filled

_COLUMNS: dict[str, tuple[str, ...]] = {
    "First Name": (),
    "Last Name": (),
    "URL": (),
    "Email Address": (),
    "Company": (),
    "Position": (),
}
_PROFILE = re.compile(r"linkedin\.com/in/([^/?#]+)", re.IGNORECASE)


def _connection(cells: dict[str, Any], facts: FileFacts) -> Shaped:
    # People write their credentials behind the last name: "Looper, DipWSET".
    family, _, credentials = cells.get("Last Name", "").partition(",")
    profile = _PROFILE.search(cells.get("URL", ""))
    body = contact(
        cells,
        filled(
            given_name=cells.get("First Name"),
            family_name=family.strip(),
            honorific_suffix=credentials.strip(),
            job_title=cells.get("Position"),
        ),
        # Who the account was closed by leaves a row with a date and nothing else: nobody, not an organisation.
        filled(name=cells.get("Company")) if cells.get("First Name") or family else {},
        [cells["Email Address"]] if cells.get("Email Address") else [],
        [],
        ids=[f"linkedin:profile:{profile.group(1).casefold()}"] if profile else [],
        source="linkedin",
        rest={**rest(cells, _COLUMNS), **filled(linkedin_url=cells.get("URL"))},
    )
    identity = cells.get("URL") or identity_of(cells, "First Name", "Last Name", "Email Address")
    return Shaped(identity, body)


LINKEDIN_CONNECTIONS = Layout(
    stream="linkedin_connections",
    title="LinkedIn connections",
    columns=_COLUMNS,
    telling=("Connected On",),
    recognises=lambda header, rows: {"First Name", "Last Name", "Connected On"} <= header,
    shape=_connection,
    rules=CONTACT_RULES,
)
