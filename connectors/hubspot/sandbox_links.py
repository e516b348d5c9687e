"""The association endpoints (v4) of the stand-in: unlabelled associations between two objects, both ways at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.core.exchange import Handler, Reply, Request
from connectors.hubspot.portal import Portal, PortalError, Record
from connectors.hubspot.sandbox_shapes import batch

LARGEST_PAGE = 500
LARGEST_LISTED = 100
"""Associations that a listing tells of a record and object (vendor changelog of 2020-10-20, read 2026-11-23)."""
TYPE_IDS = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    ("deals", "companies"): 341,
    ("companies", "deals"): 342,
    ("tickets", "contacts"): 16,
    ("contacts", "tickets"): 15,
    ("tickets", "companies"): 339,
    ("companies", "tickets"): 340,
    ("notes", "contacts"): 202,
    ("notes", "companies"): 190,
    ("calls", "contacts"): 194,
    ("calls", "companies"): 182,
    ("emails", "contacts"): 198,
    ("emails", "companies"): 186,
    ("meetings", "contacts"): 200,
    ("meetings", "companies"): 188,
}
"""The vendor's ids of unlabelled associations (associations guide, read 2026-11-23); others are shown as 1."""


class Links:
    """The handlers."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def batches(self) -> Mapping[str, Handler]:
        """Handler by what follows ``batch/``."""
        return {
            "create": self._create,
            "associate/default": self._default,
            "archive": self._archive,
            "read": self._read,
        }

    def attach(self, record: Record, wanted: Iterable[Mapping[str, Any]]) -> None:
        """The associations of a create: the object is told by the association type."""
        for each in wanted:
            type_id = each["types"][0]["associationTypeId"]
            to = next((to for (kind, to), known in TYPE_IDS.items() if kind == record.object and known == type_id), "")
            if not to or not self._portal.link(record.object, record.id, to, str(each["to"]["id"])):
                raise PortalError(400, "VALIDATION_ERROR", f"No association of type {type_id} can be made")

    def along(self, record: Record, objects: Iterable[str]) -> dict[str, Any]:
        """What a listing tells of a record's associations (v3): nothing of an object that it has none with."""
        told: dict[str, Any] = {}
        for there in objects:
            linked = self._portal.linked(record.object, record.id, there)
            if not linked:
                continue
            kind = f"{record.object.rstrip('s')}_to_{there.rstrip('s')}"
            # The first is the primary one, too: it is told once for each of its types.
            results = [{"id": linked[0], "type": f"{kind}_unlabeled"}]
            results += [{"id": each, "type": kind} for each in linked[:LARGEST_LISTED]]
            told[there] = {"results": results}
            if len(linked) > LARGEST_LISTED:
                told[there]["paging"] = {"next": {"after": results[-1]["id"], "link": f"?after={results[-1]['id']}"}}
        return {"associations": told} if told else {}

    def _create(self, request: Request) -> Reply:
        return self._link(request, 201, self._labels)

    def _default(self, request: Request) -> Reply:
        return self._link(request, 200, self._spec)

    def _link(self, request: Request, status: int, show: Any) -> Reply:
        here, there = request.params["object"], request.params["to"]
        results, errors = list[dict[str, Any]](), list[dict[str, Any]]()
        for item in request.json()["inputs"]:
            pair = str(item["from"]["id"]), str(item["to"]["id"])
            if self._portal.link(here, pair[0], there, pair[1]):
                results.append(show(here, pair[0], there, pair[1]))
            else:
                context = {"fromObjectId": [pair[0]], "toObjectId": [pair[1]]}
                errors.append(_missing("One or both objects do not exist", context))
        return batch(results, errors, self._portal.now(), 207 if errors and status == 201 else status)

    def _archive(self, request: Request) -> Reply:
        for item in request.json()["inputs"]:
            for to in item["to"]:
                self._portal.unlink(request.params["object"], item["from"]["id"], request.params["to"], to["id"])
        return Reply(204)

    def _read(self, request: Request) -> Reply:
        here, there = request.params["object"], request.params["to"]
        results, errors = list[dict[str, Any]](), list[dict[str, Any]]()
        for item in request.json()["inputs"]:
            linked, after = self._page(here, item["id"], there, int(item.get("after") or 0))
            if not linked:
                errors.append(
                    _missing(f"No {there} is associated with {here} {item['id']}.", {"fromObjectId": [item["id"]]})
                )
                continue
            result: dict[str, Any] = {"from": {"id": item["id"]}, "to": [_target(here, there, each) for each in linked]}
            if after:
                result["paging"] = {"next": {"after": after}}
            results.append(result)
        return batch(results, errors, self._portal.now(), 207 if errors else 200)

    def one(self, request: Request) -> Reply:
        """What one record is associated with."""
        here, there = request.params["object"], request.params["to"]
        linked, after = self._page(here, request.params["id"], there, int(request.first("after") or 0))
        body: dict[str, Any] = {"results": [_target(here, there, each) for each in linked]}
        if after:
            body["paging"] = {"next": {"after": after}}
        return Reply(200, body)

    def put(self, request: Request) -> Reply:
        """Associates two records."""
        here, record_id, there, to_id = self._put(request)
        return Reply(201, self._labels(here, record_id, there, to_id))

    def put_default(self, request: Request) -> Reply:
        """Associates two records by the default type."""
        return batch([self._spec(*self._put(request))], [], self._portal.now(), 200)

    def _put(self, request: Request) -> tuple[str, str, str, str]:
        asked = request.params
        if not self._portal.link(asked["object"], asked["id"], asked["to"], asked["to_id"]):
            raise PortalError(404, "OBJECT_NOT_FOUND", "One or both objects do not exist")
        return asked["object"], asked["id"], asked["to"], asked["to_id"]

    def delete(self, request: Request) -> Reply:
        """Takes every association between two records away."""
        asked = request.params
        self._portal.unlink(asked["object"], asked["id"], asked["to"], asked["to_id"])
        return Reply(204)

    def _page(self, here: str, record_id: str, there: str, after: int) -> tuple[list[str], str]:
        linked = self._portal.linked(here, record_id, there)
        end = after + LARGEST_PAGE
        return linked[after:end], str(end) if end < len(linked) else ""

    def _labels(self, here: str, record_id: str, there: str, to_id: str) -> dict[str, Any]:
        return {
            "fromObjectTypeId": here,
            "fromObjectId": record_id,
            "toObjectTypeId": there,
            "toObjectId": to_id,
            "labels": [],
        }

    def _spec(self, here: str, record_id: str, there: str, to_id: str) -> dict[str, Any]:
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": TYPE_IDS.get((here, there), 1)}
        return {"from": {"id": record_id}, "to": {"id": to_id}, "associationSpec": spec}


def _target(here: str, there: str, to_id: str) -> dict[str, Any]:
    spec = {"category": "HUBSPOT_DEFINED", "typeId": TYPE_IDS.get((here, there), 1), "label": None}
    return {"toObjectId": to_id, "associationTypes": [spec]}


def _missing(message: str, context: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": message,
        "context": dict(context),
        "errors": [],
        "links": {},
    }
