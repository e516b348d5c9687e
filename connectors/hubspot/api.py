"""The endpoints that reading and writing share, with the shape of each answer checked where it comes in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import httpx

from connectors.core.http import Auth, Budget, Http, Limit
from connectors.core.protocols import Runtime
from connectors.core.vendor_clock import VendorClock
from connectors.hubspot import refusals
from mapping.contract import Account
from mapping.errors import ConcordError, ContractError, TransientError, UnknownOutcomeError

Json = Mapping[str, Any]
T = TypeVar("T")

MOST_INPUTS = 100
"""Inputs of a batch, and records of a list page."""
SEARCH_PAGE = 200
"""Records of a page of search results."""
LONGEST_QUERY = 4_000
"""Characters of property names that are put into an address; past it the server answers 414 (error-handling page)."""
BURST_HEADER = "X-HubSpot-RateLimit-Remaining"


@dataclass(frozen=True, slots=True)
class Found:
    """Records, and where the listing goes on ('' at its end)."""

    records: Sequence[Json]
    after: str = ""


class Api:
    """HubSpot's CRM API, v3 and v4. Every method raises the errors of ``Http``; a lost read is a TransientError."""

    def __init__(self, runtime: Runtime, base_url: str, auth: Auth, *, per_ten_seconds: int, per_second: int) -> None:
        self._clock = VendorClock(runtime)
        budget = Budget(
            Limit(per_ten_seconds, 10.0, "requests in ten seconds", header=BURST_HEADER),
            Limit(per_second, 1.0, "searches in a second", match=r"^POST .*/search$"),
        )
        self._http = Http(runtime, base_url, budget=budget, auth=auth, classify=self._classify)

    def _classify(self, response: httpx.Response) -> ConcordError | None:
        """Every answer also tells the vendor's time, against which its timestamps have to be read."""
        self._clock.hear(response)
        return refusals.classify(response)

    def now(self) -> datetime:
        """The vendor's present, by the ``Date`` of its last answer; ours before the first."""
        return self._clock.now()

    def account(self) -> Account:
        """Who we are there (account information API, v3)."""
        body = self.read("GET", "/account-info/v3/details")
        if not body.get("portalId"):
            raise ContractError("the account details name no portalId")
        return Account(id=str(body["portalId"]), name=f"HubSpot account {body['portalId']}")

    def properties(self, kind: str) -> Sequence[Json]:
        """The definitions of an object's properties."""
        return _results(self.read("GET", f"/crm/v3/properties/{kind}"))

    def page(
        self,
        kind: str,
        after: str,
        names: Sequence[str],
        limit: int = MOST_INPUTS,
        *,
        links: Sequence[str] = (),
        archived: bool = False,
    ) -> Found:
        """A page of the listing, in an order that new records do not disturb. With ``links`` each record tells its
        associations with those objects; ``told`` reads them.
        """
        params = {
            "limit": min(limit, MOST_INPUTS),
            "after": after or None,
            "properties": ",".join(names),
            "associations": ",".join(links) or None,
            "archived": "true" if archived else None,
        }
        return _found(self.read("GET", f"/crm/v3/objects/{kind}", params=params))

    def search(self, kind: str, filters: Sequence[Json], names: Sequence[str], limit: int = SEARCH_PAGE) -> Found:
        """The first matches of all filters by ascending record id."""
        wanted = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": names,
            "limit": limit,
            "after": "0",
        }
        return _found(self.read("POST", f"/crm/v3/objects/{kind}/search", json=wanted))

    def some(self, kind: str, ids: Sequence[str], names: Sequence[str], key: str = "") -> Sequence[Json]:
        """The live records of ids, or of values of the unique property ``key``; those that are not there are left out.

        An id that was merged away gives the record it became, under that record's own id.
        """
        found: list[Json] = []
        for some in chunks(list(dict.fromkeys(ids)), MOST_INPUTS):
            wanted: dict[str, Any] = {"inputs": [{"id": each} for each in some], "properties": names}
            wanted |= {"propertiesWithHistory": [], **({"idProperty": key} if key else {})}
            found += _results(self.read("POST", f"/crm/v3/objects/{kind}/batch/read", json=wanted))
        return found

    def told(self, kind: str, to: str, records: Sequence[Json]) -> Mapping[str, Sequence[str]]:
        """What ``linked`` gives, from the records of a listing. One that has more than its listing tells is asked for.

        A listing tells a hundred associations a record and object (vendor changelog of 2020-10-20, read 2026-11-23),
        one that has several types as often.
        """
        found: dict[str, Sequence[str]] = {}
        cut: list[str] = []
        for record in records:
            told, here = (record.get("associations") or {}).get(to) or {}, str(record.get("id"))
            if _after(told):
                cut.append(here)
            elif told:
                found[here] = list(dict.fromkeys(str(there["id"]) for there in _results(told)))
        return {**found, **(self.linked(kind, to, cut) if cut else {})}

    def linked(self, kind: str, to: str, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The ids of another object that each record is associated with (associations v4)."""
        found: dict[str, list[str]] = {}
        for some in chunks(ids, MOST_INPUTS):
            inputs: list[Json] = [{"id": each} for each in some]
            while inputs:
                body = self.read("POST", f"/crm/v4/associations/{kind}/{to}/batch/read", json={"inputs": inputs})
                inputs = []
                for each in _results(body):
                    here = str(each["from"]["id"])
                    found.setdefault(here, []).extend(str(there["toObjectId"]) for there in each["to"])
                    after = _after(each)
                    if after:
                        inputs.append({"id": here, "after": after})
        return found

    def read(self, method: str, path: str, **options: Any) -> Json:
        """The answer to a question; asking twice does no harm, whatever the method."""
        try:
            body = self._http.json(method, path, repeatable=True, **options)
        except UnknownOutcomeError as lost:
            # A search is a POST, but no write: nothing has to be looked for before it is asked again.
            problem = str(lost)
        else:
            return _object(body)
        raise TransientError(problem)

    def write(self, path: str, body: Json) -> Json:
        """The answer to a write, {} where it has no body. Raises UnknownOutcomeError when the answer was lost."""
        answer = self._http.json("POST", path, json=body, repeatable=False)
        return {} if answer is None else _object(answer)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in runs of at most ``size``."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _object(body: Any) -> Json:
    if not isinstance(body, dict):
        raise ContractError("HubSpot answered with something that is no JSON object")
    return body


def _results(body: Json) -> Sequence[Json]:
    results = body.get("results")
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise ContractError("HubSpot answered without a list of results")
    return results


def _found(body: Json) -> Found:
    return Found(_results(body), _after(body))


def _after(body: Json) -> str:
    following = (body.get("paging") or {}).get("next") or {}
    return str(following.get("after") or "")
