"""Names that only the connectors know: checked once the hub has asked them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from config.checks import nearest
from config.settings import TIMELINE, Settings
from mapping.errors import Problem


def check_names(
    settings: Settings,
    streams_by_connection: Mapping[str, Collection[str]],
    targets_by_connection: Mapping[str, Collection[str]],
) -> tuple[Problem, ...]:
    """A problem, with its line, for each stream or target that its connection does not have.

    A connection that is missing from a mapping is not checked there, since it could not be asked; one that cannot be
    written to has no targets.
    """
    return (
        *_unknown(settings, "streams", streams_by_connection, ()),
        *_unknown(settings, "push", targets_by_connection, (TIMELINE,)),
    )


def _unknown(
    settings: Settings, part: str, known_by_connection: Mapping[str, Collection[str]], always: tuple[str, ...]
) -> Iterator[Problem]:
    word = {"streams": "stream", "push": "target"}[part]
    for name, connection in settings.connections.items():
        if name not in known_by_connection:
            continue
        known = sorted(known_by_connection[name])
        allowed = (*known, *always) if known else ()
        for key in getattr(connection, part):
            if key not in allowed:
                yield settings.problem(
                    ("connections", name, part, key),
                    f"{connection.connector} has no such {word}",
                    expected=f"one of {', '.join(allowed)}" if allowed else f"no {part}:, for it has no {word}s",
                    nearest=nearest(key, allowed),
                )
