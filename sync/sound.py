"""What in the configuration only a connector can judge: names of streams and targets, field rules, what it can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from config.names import check_names
from mapping.errors import ConfigError, Problem
from sync.connect import Connected
from sync.intake import Intake
from sync.offered import offer_of


def check_sound(intake: Intake, opened: Sequence[Connected]) -> None:
    """Raises one ConfigError that holds every problem of these connections, each with its place in the file."""
    problems = [*check_names(intake.settings, {one.name: offer_of(one) for one in opened})]
    for one in opened:
        problems += _of_rules(intake, one)
    if problems:
        raise ConfigError(problems=tuple(dict.fromkeys(problems)))


def _of_rules(intake: Intake, one: Connected) -> Iterator[Problem]:
    for stream in one.streams():
        try:
            intake.reading(one, stream)
        except ConfigError as error:
            place = ("connections", one.name, "streams", stream.name, "fields")
            yield intake.settings.problem(place, str(error))
    try:
        if one.writes is not None:
            one.targets()
    except ConfigError as error:
        yield intake.settings.problem(("connections", one.name, "push"), str(error))


def check_streams(opened: Sequence[Connected], streams: Sequence[str]) -> None:
    """Raises ConfigError for the first of the streams that none of the connections has."""
    known = sorted({stream.name for one in opened for stream in one.connector.streams()})
    for wanted in streams:
        if wanted not in known:
            near = get_close_matches(wanted, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise ConfigError(f"There is no stream {wanted!r}; {hint}")
