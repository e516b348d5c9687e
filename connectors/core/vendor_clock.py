"""The vendor's present, by the ``Date`` of its answers: its timestamps have to be read against its own clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from connectors.core.protocols import Runtime


class VendorClock:
    """How far the vendor's clock is from ours."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._skew = timedelta(0)

    def hear(self, response: httpx.Response) -> None:
        """Takes the time that an answer tells; one without a time changes nothing."""
        try:
            said = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return
        if said.tzinfo is not None:
            self._skew = said - self._runtime.now()

    def now(self) -> datetime:
        """The vendor's present, by its last answer; ours before the first."""
        return self._runtime.now() + self._skew

    def at(self, instant: datetime) -> datetime:
        """The vendor's time at an instant of ours, by its last answer."""
        return instant + self._skew
