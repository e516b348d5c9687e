"""The batch endpoints of the stand-in: at most a hundred inputs, bad ones reported alone or the whole batch refused.

The vendor documents multi-status answers for creates whose inputs carry an ``objectWriteTraceId`` (error-handling page,
read 2026-11-23); elsewhere integrators report a 409 for the whole batch. Both can be had, a verb at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.core.exchange import Reply, Request
from connectors.hubspot.portal import Portal, PortalError, Record
from connectors.hubspot.sandbox_shapes import batch, shown

MOST_INPUTS = 100

Input = Mapping[str, Any]
Write = Callable[[Input], tuple[Record, bool]]


class Batches:
    """The handlers, one a verb."""

    VERBS = ("create", "read", "update", "upsert", "archive")

    def __init__(self, portal: Portal, multi_status: frozenset[str]) -> None:
        self._portal = portal
        self._multi_status = multi_status

    def create(self, request: Request) -> Reply:
        """New records."""
        kind = request.params["object"]
        return self._write("create", request, lambda item: (self._portal.create(kind, item["properties"]), True), 201)

    def update(self, request: Request) -> Reply:
        """New values for records by id, or by a unique property that every input names."""
        kind = request.params["object"]

        def write(item: Input) -> tuple[Record, bool]:
            key = item.get("idProperty") or ""
            if key == "email":
                # Unique to people, but not to this endpoint (client issue tracker): only custom unique properties are.
                raise PortalError(
                    400, "VALIDATION_ERROR", f"Unable to perform update/upsert by non-unique property {key}"
                )
            record = self._portal.get(kind, item["id"], key)
            if record is None or not record.live:
                message = f"Could not get some {kind} objects, they may be deleted or not exist."
                raise PortalError(404, "OBJECT_NOT_FOUND", message, context={"ids": [item["id"]]})
            return self._portal.update(record, item["properties"]), False

        return self._write("update", request, write, 200)

    def upsert(self, request: Request) -> Reply:
        """Records by a unique property, made where they are not there."""
        kind = request.params["object"]

        def write(item: Input) -> tuple[Record, bool]:
            key = item["idProperty"]
            record = self._portal.get(kind, item["id"], key)
            if record is not None and record.live:
                return self._portal.update(record, item["properties"]), False
            return self._portal.create(kind, {key: item["id"], **item["properties"]}), True

        return self._write("upsert", request, write, 200, tell_new=True)

    def archive(self, request: Request) -> Reply:
        """Records archived; those that are not there are no error."""
        for item in _inputs(request):
            self._portal.archive(request.params["object"], item["id"])
        return Reply(204)

    def read(self, request: Request) -> Reply:
        """Records by id or unique property, archived ones on request; the missing are listed in one error."""
        wanted, kind = request.json(), request.params["object"]
        archived = request.first("archived").lower() == "true"
        key, found, missing = wanted.get("idProperty") or "", dict[str, Record](), list[str]()
        for item in _inputs(request):
            record = self._portal.get(kind, item["id"], key)
            if record is None or (record.archived_at is not None) != archived:
                missing.append(item["id"])
            else:
                found[record.id] = record
        results = [shown(each, wanted.get("properties") or None) for each in found.values()]
        message = f"Could not get some {kind} objects, they may be deleted or not exist. Check that ids are valid."
        errors = [_listed(PortalError(404, "OBJECT_NOT_FOUND", message, context={"ids": missing}))] if missing else []
        return batch(results, errors, self._portal.now(), 207 if errors else 200)

    def _write(self, verb: str, request: Request, write: Write, status: int, *, tell_new: bool = False) -> Reply:
        inputs = _inputs(request)
        keys = [(item.get("idProperty"), item["id"]) for item in inputs if "id" in item]
        if len(set(keys)) < len(keys):
            raise PortalError(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input")
        traced = all(item.get("objectWriteTraceId") for item in inputs)
        one_by_one = traced and verb in self._multi_status
        if not one_by_one:
            self._rehearse(request.params["object"], verb, inputs)
        results, errors = list[dict[str, Any]](), list[dict[str, Any]]()
        for item in inputs:
            try:
                record, new = write(item)
            except PortalError as refusal:
                if not one_by_one and refusal.category != "OBJECT_NOT_FOUND":
                    raise
                if one_by_one:
                    refusal.context["objectWriteTraceId"] = [item["objectWriteTraceId"]]
                errors.append(_listed(refusal))
                continue
            body = shown(record, [*item["properties"]], defaults=True)
            if tell_new:
                body["new"] = new
            if traced:
                body["objectWriteTraceId"] = item["objectWriteTraceId"]
            results.append(body)
        return batch(results, errors, self._portal.now(), 207 if errors else status)

    def _rehearse(self, kind: str, verb: str, inputs: Sequence[Input]) -> None:
        """Refuses the whole batch before anything of it is stored."""
        emails = set[str]()
        for item in inputs:
            record = self._portal.get(kind, item["id"], item.get("idProperty") or "") if "id" in item else None
            if verb == "update" and (record is None or not record.live):
                continue
            values = dict(item["properties"])
            if verb == "upsert":
                values = {item["idProperty"]: item["id"], **values}
            email = self._portal.validated(kind, record if record and record.live else None, values).get("email")
            if email and email in emails:
                raise PortalError(409, "CONFLICT", "Contact already exists.")
            emails.add(email or "")


def _inputs(request: Request) -> Sequence[Input]:
    inputs: Sequence[Input] = request.json()["inputs"]
    if len(inputs) > MOST_INPUTS:
        message = f"The maximum number of inputs supported in a batch request is {MOST_INPUTS}, got {len(inputs)}."
        raise PortalError(400, "VALIDATION_ERROR", message)
    return inputs


def _listed(refusal: PortalError) -> dict[str, Any]:
    return {
        "status": "error",
        "category": refusal.category,
        "message": refusal.message,
        "context": refusal.context,
        "errors": refusal.errors,
        "links": {},
    }
