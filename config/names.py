"""Names that only the connectors know: checked again once the hub has asked them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.offers import Offer, mistakes
from config.settings import Settings
from mapping.errors import Problem


def check_names(settings: Settings, offers: Mapping[str, Offer]) -> Iterator[Problem]:
    """A problem, with its line, for each stream, target, property or field that a connection does not have.

    ``offers`` are by the names of connections; one that is missing there could not be asked and is not checked.
    """
    for name, connection in settings.connections.items():
        if name not in offers:
            continue
        entry = connection.model_dump(by_alias=True, include={"streams", "push"})
        for path, message, expected, near in mistakes(connection.connector, entry, offers[name]):
            yield settings.problem(("connections", name, *path), message, expected=expected, nearest=near)
