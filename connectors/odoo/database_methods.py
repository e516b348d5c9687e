"""The public methods of the models, as a client may call them from afar.

Names, parameters and results are those of Odoo's ORM (ORM reference; ``odoo/models.py``).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.odoo.database import ADMIN, Database
from connectors.odoo.database_errors import OdooError, access_error
from connectors.odoo.database_fields import SHOWN, TO_MANY, Model, Row

API_MODEL = frozenset(
    {"search", "search_read", "search_count", "create", "fields_get", "name_search", "context_get", "default_get"}
)
"""Methods that belong to the model and take no ids."""
OF_ONE_MODEL = {
    "context_get": "res.users",
    "action_set_lost": "crm.lead",
    "action_confirm": "sale.order",
    "action_cancel": "sale.order",
    "action_post": "account.move",
    "do_accept": "calendar.attendee",
    "do_decline": "calendar.attendee",
    "do_tentative": "calendar.attendee",
}
Vals = Mapping[str, Any]


class Records:
    """Some records of a model, as the user with this context sees them. Every method raises OdooError."""

    def __init__(self, database: Database, model: str, ids: Sequence[int], context: Mapping[str, Any]) -> None:
        self._database = database
        self._model: Model = database.model(model)
        self._ids = list(ids)
        self._context = context

    def search(
        self, domain: Sequence[Any], offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> list[int]:
        """The ids of the records that fit."""
        return [row.id for row in self._found(domain, offset, limit, order)]

    def search_count(self, domain: Sequence[Any], limit: int | None = None) -> int:
        """How many fit."""
        return len(self._found(domain, 0, limit, None))

    def search_read(
        self,
        domain: Sequence[Any] | None = None,
        fields: Sequence[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        load: str | None = "_classic_read",
    ) -> list[dict[str, Any]]:
        """The records that fit, with some fields, or all."""
        return [self._read(row, fields, load) for row in self._found(domain or (), offset, limit, order)]

    def read(self, fields: Sequence[str] | None = None, load: str | None = "_classic_read") -> list[dict[str, Any]]:
        """The records with some fields, or all. Those that are no longer there are left out."""
        self._allow()
        rows = (self._database.row(self._model.name, each) for each in self._ids)
        return [self._read(row, fields, load) for row in rows if row is not None]

    def create(self, vals_list: Vals | Sequence[Vals]) -> list[int]:
        """New records, in one transaction."""
        several = [vals_list] if isinstance(vals_list, Mapping) else vals_list
        with self._database.transaction():
            return [self._database.create(self._model.name, **each).id for each in several]

    def write(self, vals: Vals) -> bool:
        """Changes all the records alike."""
        self._database.write(self._model.name, self._ids, **vals)
        return True

    def unlink(self) -> bool:
        """Deletes the records."""
        self._database.unlink(self._model.name, self._ids)
        return True

    def exists(self) -> list[int]:
        """The ids that are still there."""
        return [each for each in self._ids if self._database.row(self._model.name, each)]

    def fields_get(
        self, allfields: Sequence[str] | None = None, attributes: Sequence[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """The definitions of the fields that the user may reach."""
        self._allow()
        said = {name: each.described() for name, each in self._model.fields.items() if name in (allfields or [name])}
        if attributes:
            return {name: {key: each[key] for key in attributes if key in each} for name, each in said.items()}
        return said

    def name_search(
        self, name: str = "", domain: Sequence[Any] | None = None, operator: str = "ilike", limit: int = 100
    ) -> list[list[Any]]:
        """Ids and names of the records whose name fits."""
        found = self._found([*(domain or ()), [self._model.title, operator, name]], 0, limit, None)
        return [[row.id, self._database.title(self._model.name, row.id)] for row in found]

    def default_get(self, fields: Sequence[str]) -> dict[str, Any]:
        """What a new record would hold."""
        held = self._model.fields
        return {name: held[name].default for name in fields if name in held and held[name].default is not None}

    def action_archive(self) -> bool:
        """Hides the records."""
        return self.write({"active": False})

    def action_unarchive(self) -> bool:
        """Shows the records again."""
        return self.write({"active": True})

    def context_get(self) -> dict[str, Any]:
        """The user's preferences."""
        return {"lang": "en_US", "tz": "Europe/London", "uid": ADMIN}

    def action_set_lost(self) -> bool:
        """A lost lead is archived with a probability of zero (``crm.lead``)."""
        return self.write({"active": False, "probability": 0.0})

    def action_confirm(self) -> bool:
        """Makes an order of a quotation."""
        return self.write({"state": "sale"})

    def action_cancel(self) -> bool:
        """Cancels orders."""
        return self.write({"state": "cancel"})

    def action_post(self) -> bool:
        """Posts bills, which gives them their numbers."""
        return self.write({"state": "posted"})

    def do_accept(self) -> bool:
        """The attendee comes. It is the attendee that is written, not the meeting."""
        return self.write({"state": "accepted"})

    def do_decline(self) -> bool:
        """The attendee does not come."""
        return self.write({"state": "declined"})

    def do_tentative(self) -> bool:
        """The attendee may come."""
        return self.write({"state": "tentative"})

    def _allow(self) -> None:
        if self._model.name in self._database.forbidden:
            raise access_error(self._model.name)

    def _found(self, domain: Sequence[Any], offset: int, limit: int | None, order: str | None) -> list[Row]:
        active = self._context.get("active_test", True)
        return self._database.search(
            self._model.name, domain, offset or 0, limit or None, order or None, active_test=bool(active)
        )

    def _read(self, row: Row, fields: Sequence[str] | None, load: str | None) -> dict[str, Any]:
        names = ["id", *(fields or self._model.fields)]
        for name in names:
            if name not in self._model.fields:
                raise OdooError("builtins.ValueError", f"Invalid field {name!r} on {self._model.name!r}")
        return {name: self._shown(row, name, load) for name in dict.fromkeys(names)}

    def _shown(self, row: Row, name: str, load: str | None) -> Any:
        field = self._model.fields[name]
        if name == "write_date" and row.garbled:
            return "yesterday"
        value = self._database.value(self._model, row, name)
        if field.type == "many2one" and value and load == "_classic_read":
            return [value, self._database.title(field.relation, value)]
        return list(value or ()) if field.type in TO_MANY else field.shown(value)


def method(records: Records, model: str, name: str) -> Callable[..., Any]:
    """A public method, bound. Raises OdooError: AccessError for a private name, AttributeError for an unknown one."""
    if name.startswith("_"):
        message = f"Private methods (such as '{model}.{name}') cannot be called remotely."
        raise OdooError("odoo.exceptions.AccessError", message, 403)
    found: Callable[..., Any] | None = getattr(records, name, None)
    if found is None or OF_ONE_MODEL.get(name, model) != model:
        raise OdooError("builtins.AttributeError", f"The method '{model}.{name}' does not exist")
    return found


def described(model: str) -> dict[str, Any]:
    """The methods of a model as ``/doc-bearer`` lists them, which the official client asks for positional arguments."""
    methods = {}
    for name, each in inspect.getmembers(Records, inspect.isfunction):
        if not name.startswith("_") and OF_ONE_MODEL.get(name, model) == model:
            parameters = [one for one in inspect.signature(each).parameters if one != "self"]
            methods[name] = {"parameters": {one: {} for one in parameters}, "api": []}
            if name in API_MODEL:
                methods[name]["api"] = ["model"]
    return {"model": model, "methods": methods}


__all__ = ["API_MODEL", "SHOWN", "Records", "described", "method"]
