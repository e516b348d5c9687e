"""The vendors' stand-ins of the company, inside this process: what each of them plays, and its life."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from admin.cli import doors
from admin.demo.sources import Source

SECRET = frozenset(
    {"access_token", "api_key", "app_secret", "client_secret", "developer_token", "refresh_token"}
    | {"consumer_key", "consumer_secret"}
)
"""Settings of connections that belong in the vault."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a stand-in plays: what it holds, in the words of its ``serve``, counted in ``records`` by stream.

    ``config`` is what the connection says beside the stand-in's own settings.
    """

    what: str
    records: Mapping[str, int]
    contents: Mapping[str, Any]
    config: Mapping[str, object] = field(default_factory=dict)


def going_on(since: datetime) -> Callable[[], datetime]:
    """A clock that shows this instant now and goes on from there, for a stand-in whose limits are so much a second."""
    begun = time.monotonic()
    return lambda: since + timedelta(seconds=time.monotonic() - begun)


class StandIn:
    """The stand-in of a vendor as one of the company's places, under the name of its connection."""

    def __init__(self, name: str, vendor: str, title: str, play: Callable[[Path], Part]) -> None:
        self.name, self.title = name, f"{title}'s stand-in"
        self._vendor, self._play = vendor, play
        self._running = ExitStack()

    def prepare(self) -> None:
        """Nothing is installed."""

    def begin(self) -> None:
        """It is started once it is filled, which takes no time."""

    def ready(self, exports: Path) -> Source:
        """The stand-in, filled to fit the exports."""
        part = self._play(exports)
        server = self._running.enter_context(doors.stand_in(self._vendor, **part.contents))
        given = server.settings
        config = {key: value for key, value in given.items() if key not in SECRET} | {**part.config}
        secrets = {key: value for key, value in given.items() if key in SECRET}
        return Source(self.name, self._vendor, part.what, part.records, config, secrets)

    def stop(self) -> None:
        """Ends it, if it runs."""
        self._running.close()
