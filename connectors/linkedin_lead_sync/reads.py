"""Responses of one owner's lead forms, by ranges of time, a page at an offset.

LinkedIn promises no order, so the end of a range is fixed before its first page is read: what comes later cannot push
others aside. Where one is deleted meanwhile, the total tells, and the range is read from its beginning again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from connectors.core import answers, arrivals, places
from connectors.core.auth import Auth
from connectors.core.http import Http
from connectors.core.protocols import Runtime
from connectors.linkedin_lead_sync import mapping
from mapping.contract import Cursor, Page, RawRecord, RemoteId, Slice
from mapping.errors import ConcordError, ContractError, GoneError, RecordError, TransientError

Json = Mapping[str, Any]

RETENTION = timedelta(days=365)
"""For how long LinkedIn keeps responses."""
RESTARTS = 5
UNTOLD = -1
_CODE = re.compile(r"\w{1,60}")


@dataclass(frozen=True, slots=True)
class Place:
    """Milliseconds since 1970: the newest lead met, and the range being read, whose ``until`` is 0 between readings.

    ``start`` is how many leads of the range were read, ``total`` how many there were then.
    """

    newest: int = 0
    since: int = 0
    until: int = 0
    start: int = 0
    total: int = 0
    whole: bool = False


class Responses:
    """The responses that one owner (kind and number) may see. Every method raises the errors of ``Http``."""

    def __init__(
        self, runtime: Runtime, base_url: str, auth: Auth, *, version: str, owner: tuple[str, str], page_size: int
    ) -> None:
        self._runtime, self._size = runtime, page_size
        # Unions and ranges are written with brackets of their own, and only what is in them is encoded (Rest.li 2.0).
        self._owner = f"({owner[0]}:{quote(f'urn:li:{owner[0]}:{owner[1]}', safe='')})"
        headers = {"LinkedIn-Version": version, "X-Restli-Protocol-Version": "2.0.0"}
        self._http = Http(runtime, base_url, auth=auth, classify=classify, headers=headers)

    def first(self, kind: str) -> None:
        """Looks whether responses can be listed at all."""
        now = _milliseconds(self._runtime.now())
        self._list(kind, Place(since=now - 1, until=now), count=1)

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything LinkedIn has, or what came since a day before the newest lead that the cursor knows."""
        place = places.load(Place, cursor) or Place(whole=True)
        now = self._runtime.now()
        oldest = _milliseconds(now - RETENTION)
        if not place.until:
            since = max(oldest, place.newest - int(arrivals.LOOKBACK.total_seconds() * 1000))
            # Of the very millisecond that is now, all that is there already.
            place = replace(place, since=since, until=_milliseconds(now) + 1)
        return self._pages(slice_, replace(place, since=max(place.since, oldest)))

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """What was submitted from ``start`` until before ``end``."""
        place = places.load(Place, cursor)
        if place is not None and not place.until:
            return iter(())
        return self._pages(slice_, place or Place(since=_milliseconds(start), until=_milliseconds(end)))

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The responses that are still there, one request for each."""
        found: list[Json] = []
        for one in dict.fromkeys(ids):
            path = f"/rest/leadFormResponses/{quote(one, safe='')}?fields={mapping.PROJECTION}"
            try:
                response = _object(self._http.json("GET", path))
            except GoneError:
                continue
            found.append(response)
        return _sorted_out(slice_, found)[0]

    def _pages(self, slice_: Slice, place: Place) -> Iterator[Page]:
        restarts = 0
        while True:
            listed, total = self._list(slice_.key, place)
            if place.start and total != place.total:
                restarts += 1
                if restarts > RESTARTS:
                    raise TransientError("leads keep coming into, or going out of, the range that is being read")
                place = replace(place, start=0, total=0)
                continue
            records, errors = _sorted_out(slice_, [one for one in listed if _within(place, one)])
            after = _after(place, listed, total, self._size)
            done = not after.until
            yield Page(records, errors=errors, cursor=places.dump(after), complete=done and place.whole)
            if done:
                return
            place = after

    def _list(self, kind: str, place: Place, count: int = 0) -> tuple[Sequence[Json], int]:
        """Responses at a place, and how many the range has, UNTOLD where LinkedIn does not say."""
        query = (
            f"q=owner&owner={self._owner}&leadType=(leadType:{kind})&limitedToTestLeads=false"
            f"&submittedAtTimeRange=(start:{place.since},end:{place.until})"
            f"&fields={mapping.PROJECTION}&start={place.start}&count={count or self._size}"
        )
        found = _object(self._http.json("GET", f"/rest/leadFormResponses?{query}"))
        total = (found.get("paging") or {}).get("total")
        return found.get("elements") or (), total if isinstance(total, int) else UNTOLD


def classify(response: httpx.Response) -> ConcordError | None:
    """What an answer stands for, by its status; only codes are quoted."""
    usual = answers.classify(response)
    if usual is None:
        return None
    said = f"{answers.describe(response)}: {_code(response)}"
    if response.status_code == 426:
        return ContractError(f"{said}; this version of the API has been switched off: set version to a later one")
    if response.status_code == 403:
        said += "; the login needs the permission r_marketing_leadgen_automation, and a role with the owner"
    return type(usual)(said)


def _after(place: Place, listed: Sequence[Json], total: int, size: int) -> Place:
    """The place after a page. A short page ends nothing: it may lack what the login may not see."""
    came = (mapping.submitted(one) for one in listed)
    newest = max((_milliseconds(at) for at in came if at), default=0)
    start = place.start + (len(listed) or size)
    ended = start >= total if total != UNTOLD else not listed
    if ended:
        return Place(newest=max(newest, place.newest))
    return replace(place, newest=max(newest, place.newest), start=start, total=total)


def _within(place: Place, one: Json) -> bool:
    """Whether it belongs to the range, whose ends LinkedIn may count in or not; what bears no time is looked at."""
    at = mapping.submitted(one)
    return at is None or place.since <= _milliseconds(at) < place.until


def _sorted_out(slice_: Slice, listed: Sequence[Json]) -> tuple[list[RawRecord], list[RecordError]]:
    records: list[RawRecord] = []
    errors: list[RecordError] = []
    for one in listed:
        try:
            records.append(arrivals.record(slice_, mapping.lead_id(one), mapping.body(one), mapping.submitted(one)))
        except RecordError as error:
            errors.append(error)
    return records, errors


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _code(response: httpx.Response) -> str:
    """The code of a refusal, in words or as a number; messages are not passed on: they may quote."""
    try:
        told = orjson.loads(response.content)
        code = str(told.get("code") or told.get("serviceErrorCode") or "")
    except (orjson.JSONDecodeError, AttributeError):
        code = ""
    return code if _CODE.fullmatch(code) else "no code"


def _object(found: Any) -> Json:
    if not isinstance(found, dict):
        raise ContractError("LinkedIn answered with something that is no JSON object")
    return found
