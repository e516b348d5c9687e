"""The property endpoints of the stand-in: what an object's fields are, and new ones."""

from __future__ import annotations

from connectors.core.exchange import Reply, Request
from connectors.hubspot.portal import Portal, PortalError
from connectors.hubspot.portal_schema import Property
from connectors.hubspot.sandbox_shapes import group


class Properties:
    """The handlers."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def all(self, request: Request) -> Reply:
        """Every property of an object."""
        found = self._portal.drawer(request.params["object"]).properties
        return Reply(200, {"results": [each.to_json() for each in found.values()]})

    def one(self, request: Request) -> Reply:
        """One property."""
        found = self._portal.drawer(request.params["object"]).properties.get(request.params["name"])
        if found is None:
            raise PortalError(404, "OBJECT_NOT_FOUND", f"Property {request.params['name']} does not exist")
        return Reply(200, found.to_json())

    def define(self, request: Request) -> Reply:
        """A new property, in a group that is there."""
        wanted, drawer = request.json(), self._portal.drawer(request.params["object"])
        name = wanted["name"]
        if name in drawer.properties:
            message = f"A property named '{name}' already exists."
            raise PortalError(409, "OBJECT_ALREADY_EXISTS", message)
        if wanted["groupName"] not in drawer.groups:
            raise PortalError(400, "VALIDATION_ERROR", f"Property group {wanted['groupName']} does not exist")
        drawer.properties[name] = made = Property(
            name,
            wanted["type"],
            label=wanted["label"],
            group=wanted["groupName"],
            options=tuple(each["value"] for each in wanted.get("options") or ()),
            unique=bool(wanted.get("hasUniqueValue")),
            defined_by_vendor=False,
        )
        return Reply(201, made.to_json())

    def groups(self, request: Request) -> Reply:
        """The groups of an object's properties."""
        groups = self._portal.drawer(request.params["object"]).groups
        return Reply(200, {"results": [group(name, label) for name, label in groups.items()]})

    def define_group(self, request: Request) -> Reply:
        """A new group."""
        wanted, groups = request.json(), self._portal.drawer(request.params["object"]).groups
        if wanted["name"] in groups:
            raise PortalError(409, "OBJECT_ALREADY_EXISTS", "A property group of that name already exists.")
        groups[wanted["name"]] = wanted["label"]
        return Reply(201, group(wanted["name"], wanted["label"]))
