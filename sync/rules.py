"""What decides who is who, from the configuration and what is known of its connections."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from config.connection import StreamSettings
from config.settings import IdentitySettings, Settings
from mapping.clustering import Rules
from mapping.comparison import Origin
from mapping.criteria import Criteria, least
from mapping.identity import Protection
from mapping.normalize import email_key
from state import records
from state.connections import Connections
from state.database import Database


def protection_of(settings: Settings) -> Protection:
    """Which values identify nobody, and how many may share one."""
    identity = settings.identity
    return Protection(
        blocked=frozenset(one if one.startswith("+") else email_key(one.casefold()) for one in identity.block),
        internal=frozenset(settings.privacy.internal),
        max_names=identity.max_shared_names,
        max_group=identity.max_group,
    )


def criteria_of(settings: Settings, db: Database) -> Criteria:
    """Everything that decides; connections that were never opened say nothing."""
    ids = {row.name: row.id for row in Connections(db).all()}
    with db.read() as c:
        declared = records.deduplicated(c)
    return Criteria(
        protection_of(settings), _rules(settings.identity), _origins(settings, ids, declared), settings.identity.compare
    )


def _rules(identity: IdentitySettings) -> Rules:
    return Rules(
        cut=least(identity.merge_above),
        emails=identity.max_emails,
        phones=identity.max_phones,
        largest=identity.max_component,
    )


def _origins(settings: Settings, ids: Mapping[str, str], declared: Collection[tuple[str, str]]) -> dict[str, Origin]:
    """By ``CONNECTION/STREAM``: what connectors declare, under what the configuration says."""
    found = {f"{of}/{stream}": Origin(f"{of}/{stream}", deduplicated=True) for of, stream in declared}
    for name, connection in settings.connections.items():
        for stream, said in connection.streams.items():
            if name in ids and (said.unique or said.deduplicated is not None):
                source = f"{ids[name]}/{stream}"
                found[source] = _origin(source, said, source in found)
    return found


def _origin(source: str, said: StreamSettings, declared: bool) -> Origin:
    return Origin(source, frozenset(said.unique), declared if said.deduplicated is None else said.deduplicated)
