"""Where the demo works: a folder of its own with a configuration and, unless the user brings some, the exports."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from admin.cli import doors
from admin.demo.sources import Source
from mapping.errors import ConfigError

TOKEN = "demo_crm_token"  # noqa: S105 - the name of a secret, not one
KINDS = ("order", "invoice", "payment", "deal", "meeting", "email", "lead")

PROPERTIES = {
    "contacts": {"lifetime_value": "number", "order_count": "number", "last_order_at": "datetime"},
    "companies": {"lifetime_value": "number"},
}
"""What the CRM's owner has made in the CRM beside what HubSpot brings: what traits are written into."""

CONFIGURATION = """\
# Written by: concord demo
# What is no folder is a server that the demo runs; it is gone when the demo has ended.

hub:
  name: {name}
  default_country: {country}
  database: sqlite:///concord.db
{money}connections:
{sources}
  # The CRM that is filled, a stand-in for HubSpot.
  crm:
    connector: hubspot
    config:
      access_token: !secret {token}
      base_url: {address}
      requests_per_ten_seconds: 5000
      searches_per_second: 500
    push:
      # What orders, invoices and payments come to goes into properties that were made for it.
      companies: {{mode: upsert, approve: true, fields: {{lifetime_value: traits.lifetime_value}}}}
      contacts:
        mode: upsert
        approve: true
        match_on: email
        fields:
          lifetime_value: traits.lifetime_value
          order_count: traits.order_count
          last_order_at: traits.last_order_at
      timeline: {{kinds: [{kinds}]}}

privacy:
  internal: {internal}
  never_log: {never_log}
"""


@dataclass(frozen=True, slots=True)
class Wording:
    """What the demo's configuration says of the company. ``rates`` are by currency and day."""

    name: str
    country: str = ""
    currency: str = ""
    rates: Mapping[str, Mapping[date, str]] = field(default_factory=dict)
    internal: Sequence[str] = ()
    never_log: Sequence[str] = ()


@contextmanager
def workplace(keep: Path | None) -> Iterator[Path]:
    """A folder to work in: ``keep``, which must be new or empty, or one that is gone after the block.

    Raises ConfigError for a folder with something in it.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="concord-demo-") as folder:
            yield Path(folder)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise ConfigError(f"{keep} is not empty; --keep takes a new or an empty folder")
    keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield keep


def configure(folder: Path, sources: Sequence[Source], wording: Wording, crm: Mapping[str, str]) -> Path:
    """Writes ``concord.yaml`` into the folder, keeps the secrets in its vault, and returns the file's place.

    ``crm`` are the settings that reach the stand-in.
    """
    path = folder / "concord.yaml"
    text = CONFIGURATION.format(
        name=json.dumps(wording.name),
        country=json.dumps(wording.country),
        money="".join(f"{line}\n" for line in _money(wording)),
        sources="\n".join(source.yaml() for source in sources),
        token=TOKEN,
        address=json.dumps(crm["base_url"]),
        kinds=", ".join(KINDS),
        internal=json.dumps(list(wording.internal)),
        never_log=json.dumps(list(wording.never_log)),
    )
    path.write_text(text, encoding="utf-8")
    vault = doors.open_vault(path)
    vault.set(TOKEN, crm["access_token"])
    for source in sources:
        for key, value in source.secrets.items():
            vault.set(source.secret(key), value)
    return path


def _money(wording: Wording) -> Iterator[str]:
    """Lines on the hub's currency and on what others are worth in it."""
    if wording.currency:
        yield f"  currency: {wording.currency}"
    yield ""
    if wording.rates:
        yield "# What one unit of another currency was worth, from each day on."
        yield "rates:"
        for currency, days in wording.rates.items():
            yield f"  {currency}: {{{', '.join(f'{day}: {rate}' for day, rate in days.items())}}}"
        yield ""


def nothing_read(folder: Path | None, unread: Sequence[str]) -> str:
    """Why the demo ends before it began: what is wrong with the ``unread`` files of the user's folder, and which would
    be read."""
    if folder is None:
        return "Nothing could be read, so there is nothing to show; the notes above say why."
    known = f"Known are exports of {', '.join(doors.known_exports())}."
    return "\n".join([f"{folder} holds no file that can be read, so there is nothing to show. {known}", *unread])
